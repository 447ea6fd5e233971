import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import { LiveFeed } from '../../src/core/live-feed.ts';
import { silentLog } from '../../src/core/log.ts';
import { createCleaner } from '../../src/pipeline/cleaner.ts';
import { createFileRemoval } from '../../src/pipeline/file-removal.ts';
import { createEmbeddedQueue } from '../../src/queue/embedded-queue.ts';
import { runMaintenance } from '../../src/store/maintenance.ts';
import { createMediaFiles } from '../../src/store/media-files.ts';
import type { SqliteStore } from '../../src/store/open-store.ts';
import { watchLoop } from './loop-delay.ts';
import { makeEvent } from './store-events.ts';
import { makeCameras } from './store-fill.ts';
import { questions } from './store-questions.ts';
import { printLoop, printRow } from './store-report.ts';

const pageEvents = 500;
/** Between two lists, and between two captures, while it runs. */
const everyMs = 50;
/** Files beside each other; their bytes count little against their number. */
const fileBytes = Buffer.alloc(1_000);

/** A night's run that lets the `count` oldest events go, with their files, while pages are asked for and events come. */
export async function cleanUp(store: SqliteStore, dataDir: string, count: number): Promise<void> {
  const { before, files } = await giveFiles(store, dataDir, count);
  const log = silentLog();
  const cleaner = createCleaner({
    store: store.cleanup,
    files: createFileRemoval({ store: store.cleanup, media: createMediaFiles({ dataDir }), log }),
    queue: createEmbeddedQueue({ capacity: 500 }),
    live: new LiveFeed({ now: () => systemClock.now() }),
    clock: systemClock,
  });
  const counting = watchLoop();
  const [planned, planMs] = await timed(() =>
    runMaintenance('plan', store.file, {
      kind: 'retention',
      policy: { days: (Date.now() - before) / 86_400_000, starredDays: 0, maxBytes: null },
      wantedBytes: 0,
      now: Date.now(),
    }),
  );
  const countingDelay = counting.stop();
  const watched = watchLoop();
  const over = new AbortController();
  const meanwhile = [readOn(store, over.signal), captureOn(store, over.signal)];
  const [{ deletedEvents, end, failure }, runMs] = await timed(() =>
    cleaner.run(planned, new AbortController().signal),
  );
  const deletingDelay = watched.stop();
  over.abort();
  const [listed = [], captured = []] = await Promise.all(meanwhile);
  console.log(
    `\nclean-up: counted in ${(planMs / 1000).toFixed(1)} s; ${deletedEvents} of ${planned.events} events and ${files} files ` +
      `deleted in ${(runMs / 1000).toFixed(0)} s, ${Math.round(deletedEvents / (runMs / 1000))} events a second: ${failure ?? end}`,
  );
  console.log('| meanwhile | p50 ms | p95 ms | p99 ms | calls |\n|---|---|---|---|---|');
  printRow('lists and searches', listed, String(listed.length));
  printRow('one capture at a time', captured, String(captured.length));
  printLoop('event loop while counting', countingDelay);
  printLoop('event loop while deleting', deletingDelay);
}

/** The oldest events get the files that their rows name; answers where they end. */
async function giveFiles(
  store: SqliteStore,
  dataDir: string,
  count: number,
): Promise<{ readonly before: number; readonly files: number }> {
  let before = 0;
  let files = 0;
  let after: { readonly timestamp: number; readonly id: string } | undefined;
  const folders = new Set<string>();
  for (let done = 0; done < count; done += pageEvents) {
    const limit = Math.min(pageEvents, count - done);
    const events = await store.events.walk({
      limit,
      sortOrder: 'asc',
      ...(after !== undefined && { after }),
    });
    const paths = events.flatMap(({ thumbnailPath, frames }) =>
      [thumbnailPath, ...frames.map(({ path }) => path)].flatMap((path) => path ?? []),
    );
    for (const folder of new Set(paths.map((path) => dirname(path)))) {
      if (!folders.has(folder)) await mkdir(join(dataDir, folder), { recursive: true });
      folders.add(folder);
    }
    await Promise.all(paths.map((path) => writeFile(join(dataDir, path), fileBytes)));
    files += paths.length;
    after = events.at(-1);
    before = (after?.timestamp ?? before) + 1;
  }
  return { before, files };
}

async function readOn(store: SqliteStore, signal: AbortSignal): Promise<number[]> {
  const asks = questions(await makeCameras(store));
  const times: number[] = [];
  for (let round = 0; !signal.aborted; round += 1) {
    const ask = asks[round % asks.length]?.[1];
    const [, ms] = await timed(() =>
      store.events.list({ limit: 50, offset: 0, sortOrder: 'desc', ...ask?.(round) }),
    );
    times.push(ms);
    await systemClock.sleep(everyMs);
  }
  return times;
}

async function captureOn(store: SqliteStore, signal: AbortSignal): Promise<number[]> {
  const cameraIds = await makeCameras(store);
  const times: number[] = [];
  while (!signal.aborted) {
    const { captured } = makeEvent(Math.random, cameraIds, Date.now());
    const [, ms] = await timed(() => store.events.capture(captured));
    times.push(ms);
    await systemClock.sleep(everyMs);
  }
  return times;
}

async function timed<Result>(work: () => Promise<Result>): Promise<[result: Result, ms: number]> {
  const start = performance.now();
  const result = await work();
  return [result, performance.now() - start];
}
