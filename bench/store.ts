/**
 * How fast a store of a million events finds, counts, exports and takes in, and how it lets old events go.
 *
 *   node bench/store.ts [--events 1000000] [--rounds 40] [--data FOLDER] [--seed 1] [--parts read,export,insert]
 *     [--clean-up 200000]
 *
 * Fills a store of its own first (some six minutes and 1.5 GB for a million), and takes the same folder again the next
 * time; a fill that was cut off goes on. Times are those of a caller in the main thread: the way to the database's threads
 * and back is in them. The part `clean-up` deletes the oldest events, as a night's run does: the folder can't be used again.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exportEvents } from '../src/api/event-export.ts';
import { systemClock } from '../src/core/clock.ts';
import { silentLog } from '../src/core/log.ts';
import { openStore } from '../src/store/open-store.ts';
import { createRandom } from '../test/support/render-clip.ts';
import { watchLoop } from './support/loop-delay.ts';
import { percentilesOf } from './support/percentiles.ts';
import { cleanUp } from './support/store-clean-up.ts';
import { firstDay, makeEvent, type MadeEvent } from './support/store-events.ts';
import { fillStore, makeCameras } from './support/store-fill.ts';
import { questions, randomFilter, randomWords } from './support/store-questions.ts';
import { printLoop, printRow } from './support/store-report.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    data: { type: 'string' },
    parts: { type: 'string', default: 'read,export,insert' },
    'clean-up': { type: 'string', default: '200000' },
  },
});
const [eventCount, rounds, seed, going] = [values.events, values.rounds, values.seed, values['clean-up']].map(
  (text) => {
    const number = Number(text);
    if (Number.isInteger(number) && number > 0) return number;
    throw new Error(`received "${text}", expected a whole number from 1`);
  },
) as [number, number, number, number];
const parts = values.parts.split(',');
const dataDir = values.data ?? join(tmpdir(), `vedette-bench-store-${eventCount}-${seed}`);
const exported = Math.min(eventCount, 100_000);
const batched = 10_000;
const inFlight = 200;
const single = 1_500;

const random = createRandom(seed);
await using store = await openStore({ dataDir, log: silentLog(), clock: systemClock });
const { totalCount } = await store.events.stats({ timeZone: 'UTC' });
if (totalCount < eventCount) {
  const start = performance.now();
  await fillStore(store, random, {
    count: eventCount,
    stored: totalCount,
    onProgress: (done) => {
      if (done % 50_000 === 0) process.stderr.write(`${done} of ${eventCount} events\n`);
    },
  });
  const seconds = (performance.now() - start) / 1000;
  console.log(`filled: ${Math.round((eventCount - totalCount) / seconds)} events a second`);
}
const cameraIds = await makeCameras(store);

if (parts.includes('read')) await read();
if (parts.includes('export')) await exportAll();
if (parts.includes('insert')) await insertAll();
if (parts.includes('clean-up')) await cleanUp(store, dataDir, going);

async function read(): Promise<void> {
  const chance = createRandom(seed);
  console.log(`\n${totalCount || eventCount} events, ${rounds} rounds\n`);
  console.log('| what | p50 ms | p95 ms | p99 ms | found |\n|---|---|---|---|---|');
  const loop = watchLoop();
  for (const [name, ask] of questions(cameraIds)) {
    const found = { total: '', times: [] as number[] };
    for (let round = 0; round < rounds; round += 1) {
      const start = performance.now();
      const page = await store.events.list({ limit: 50, offset: 0, sortOrder: 'desc', ...ask(round) });
      found.times.push(performance.now() - start);
      found.total = `${page.isTotalExact ? '' : '≥ '}${page.totalCount}`;
    }
    printRow(name, found.times, found.total);
  }
  for (const [name, words] of [
    ['any filters by chance', () => ({})],
    ['any search with any filters, by chance', () => ({ searchQuery: randomWords(chance) })],
  ] as const) {
    const times: number[] = [];
    for (let round = 0; round < rounds * 10; round += 1) {
      const query = { ...randomFilter(chance, cameraIds), ...words() };
      const start = performance.now();
      await store.events.list({ limit: 50, offset: 0, sortOrder: 'desc', ...query });
      times.push(performance.now() - start);
    }
    printRow(name, times, '');
  }
  for (const [name, span] of [
    ['stats, everything', {}],
    ['stats, a month', { startTime: firstDay + 40.3 * 86_400_000, endTime: firstDay + 70.1 * 86_400_000 }],
  ] as const) {
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const start = performance.now();
      await store.events.stats({ ...span, timeZone: 'Europe/Berlin' });
      times.push(performance.now() - start);
    }
    printRow(name, times, '');
  }
  printLoop('event loop while reading', loop.stop());
}

async function exportAll(): Promise<void> {
  for (const format of ['ndjson', 'csv'] as const) {
    const watched = watchLoop();
    const start = performance.now();
    let bytes = 0;
    const span = { startTime: firstDay, endTime: firstDay + (exported / eventCount) * 365 * 86_400_000 };
    for await (const piece of exportEvents(store.events, { ...span, sortOrder: 'asc' }, format))
      bytes += piece.length;
    const seconds = (performance.now() - start) / 1000;
    console.log(
      `\nexport as ${format}: about ${Math.round(exported / seconds)} events a second, ${(bytes / 1e6 / seconds).toFixed(1)} MB/s`,
    );
    printLoop(`event loop while exporting ${format}`, watched.stop());
  }
}

async function insertAll(): Promise<void> {
  const now = Date.now();
  const made = (count: number) =>
    Array.from({ length: count }, (_, index) => makeEvent(Math.random, cameraIds, now + index));
  await insert('in batches', made(batched), inFlight);
  await insert('one by one', made(single), 1);
}

/** Each durable when it is answered; pages are asked for meanwhile. */
async function insert(name: string, events: readonly MadeEvent[], atOnce: number): Promise<void> {
  const watched = watchLoop();
  const listed: number[] = [];
  const over = new AbortController();
  const reading = (async () => {
    while (!over.signal.aborted) {
      const start = performance.now();
      await store.events.list({ limit: 50, offset: 0, sortOrder: 'desc', searchQuery: 'person' });
      listed.push(performance.now() - start);
      await systemClock.sleep(100);
    }
  })();
  const start = performance.now();
  for (let first = 0; first < events.length; first += atOnce) {
    await Promise.all(
      events.slice(first, first + atOnce).map(({ captured }) => store.events.capture(captured)),
    );
  }
  const perSecond = events.length / ((performance.now() - start) / 1000);
  over.abort();
  await reading;
  const [p50, p95] = percentilesOf(listed);
  console.log(
    `\ninsert ${name}: ${Math.round(perSecond)} events a second; searches meanwhile p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`,
  );
  printLoop(`event loop while inserting ${name}`, watched.stop());
}
