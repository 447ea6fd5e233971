import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/core/clock.ts';
import { createId } from '../../src/core/ids.ts';
import { silentLog } from '../../src/core/log.ts';
import { createMediaFiles } from '../../src/store/media-files.ts';
import { openStore } from '../../src/store/open-store.ts';
import { checkBackup } from '../../src/store/restore-backup.ts';
import { writeBackup } from '../../src/store/write-backup.ts';
import { runExportKills } from './export-kills.ts';
import type { KeepTask } from './keep-task-process.ts';
import { lookAtData } from './kept-data.ts';
import { makeOldDatabase } from './old-database.ts';
import { exampleCamera, exampleCapture, exampleTime } from './store-examples.ts';

export const keepKinds = ['migration', 'retention', 'backup', 'restore', 'export'] as const;
export type KeepKind = (typeof keepKinds)[number];
/** An export is a work of the whole service; the others have a process of their own. */
type TaskKind = Exclude<KeepKind, 'export'>;

export interface KeepKillsOptions {
  readonly kind: KeepKind;
  /** An empty folder. */
  readonly folder: string;
  readonly kills: number;
  /** 0..1; makes a series repeatable. */
  readonly random: () => number;
  readonly picture: Uint8Array;
  readonly onKill?: (count: number) => void;
}

export interface KeepKillsResult {
  /** Killed while it worked; the others had ended by themselves. */
  readonly midway: number;
  readonly ended: number;
  /** What was not as it must be, in words. Must be empty. */
  readonly faults: readonly string[];
}

const log = silentLog();
const eventCount = 100;
/** Events of before it are deleted by the retention: half of them. */
const before = exampleTime + eventCount / 2;

/**
 * Starts the work in a process of its own, kills it with SIGKILL at a random instant of the time that it takes, and
 * looks what is left: again and again, each time from the same beginning.
 */
export async function runKeepKills(options: KeepKillsOptions): Promise<KeepKillsResult> {
  const { kind, folder, kills, random, picture, onKill } = options;
  if (kind === 'export') return runExportKills(options);
  const origin = join(folder, 'origin');
  const ids = await prepare(kind, picture, origin);
  const faults: string[] = [];
  let midway = 0;
  let shortestMs = Number.POSITIVE_INFINITY;
  // The first one is not killed: it shows how long the work takes, and that it works.
  for (let count = 0; count <= kills; count += 1) {
    const life = join(folder, `life-${count}`);
    await cp(origin, life, { recursive: true });
    const { end, workedMs } = await runTask(
      taskOf(kind, life),
      count === 0 ? undefined : random() * shortestMs,
    );
    // The machine is not always as fast: who ends before being killed shows that kills must come sooner.
    if (end === 'done') shortestMs = Math.min(shortestMs, workedMs);
    if (end === 'killed') midway += 1;
    if (end === 'failed') faults.push(`${kind} ${count} failed`);
    faults.push(...(await faultsIn(kind, life, ids)).map((fault) => `${kind} ${count}: ${fault}`));
    await rm(life, { recursive: true, force: true });
    if (count > 0) onKill?.(count);
  }
  return { midway, ended: kills - midway, faults };
}

function taskOf(kind: TaskKind, life: string): KeepTask {
  const dataDir = join(life, 'data');
  switch (kind) {
    case 'retention':
      return { kind, dataDir, before };
    case 'backup':
      return { kind, dataDir, target: join(life, 'backup.tar') };
    case 'restore':
      return { kind, dataDir, archive: join(life, 'backup.tar') };
    case 'migration':
      return { kind, dataDir };
    default:
      return kind satisfies never;
  }
}

interface TaskEnd {
  readonly end: 'done' | 'killed' | 'failed';
  /** Without the start of the process. */
  readonly workedMs: number;
}

async function runTask(task: KeepTask, killAfterMs: number | undefined): Promise<TaskEnd> {
  const child = fork(fileURLToPath(new URL('keep-task-process.ts', import.meta.url)), [], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  await once(child, 'message');
  const startedAt = performance.now();
  child.send(task);
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  return {
    end: signal === 'SIGKILL' ? 'killed' : code === 0 ? 'done' : 'failed',
    workedMs: performance.now() - startedAt,
  };
}

/** @returns the ids of the events, oldest first */
async function prepare(kind: TaskKind, picture: Uint8Array, origin: string): Promise<string[]> {
  const dataDir = join(origin, 'data');
  await mkdir(dataDir, { recursive: true });
  if (kind === 'migration') {
    await makeOldDatabase(join(dataDir, 'vedette.db'), '0001_initial', { events: 2_000 });
    return Array.from({ length: 2_000 }, (_, index) => `event-${String(index).padStart(3, '0')}`);
  }
  const ids = await addEvents(dataDir, picture, eventCount);
  if (kind === 'restore') {
    const target = join(origin, 'backup.tar');
    await writeBackup({ dataDir, target, withSecretKey: false, version: 'test', now: exampleTime });
    // What is there when it is restored holds one event more.
    return [...ids, ...(await addEvents(dataDir, picture, 1))];
  }
  return ids;
}

async function addEvents(dataDir: string, jpeg: Uint8Array, count: number): Promise<string[]> {
  await using store = await openStore({ dataDir, log, clock: systemClock });
  const media = createMediaFiles({ dataDir });
  const [camera = await store.cameras.create(exampleCamera())] = await store.cameras.list();
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const id = createId();
    const timestamp = exampleTime + index;
    const frame = { jpeg, width: 64, height: 36, capturedAt: timestamp, regions: [] };
    const written = await media.writeEventPictures(id, timestamp, [frame]);
    await store.events.capture(exampleCapture(camera.id, { id, timestamp, ...written }));
    ids.push(id);
  }
  return ids;
}

async function faultsIn(kind: TaskKind, life: string, ids: readonly string[]): Promise<string[]> {
  const dataDir = join(life, 'data');
  const faults: string[] = [];
  if (kind === 'backup') faults.push(...(await backupFaults(life)));
  const stored = await lookAtData(dataDir, { hasPictures: kind !== 'migration' }, faults);
  switch (kind) {
    case 'retention': {
      // What is young is there; of what is old, the youngest are left, since the oldest go first.
      const left = ids.slice(ids.length - stored.length);
      if (stored.length < ids.length / 2 || stored.join() !== left.join())
        faults.push(`${stored.length} events are left, and not the youngest`);
      break;
    }
    case 'restore':
      if (![ids.length, ids.length - 1].includes(stored.length))
        faults.push(`${stored.length} events: neither what was there nor what was restored`);
      break;
    case 'migration':
    case 'backup':
      if (stored.join() !== ids.join()) faults.push(`${stored.length} of ${ids.length} events`);
  }
  return faults;
}

/** There is no backup, or a whole one. */
async function backupFaults(life: string): Promise<string[]> {
  const target = join(life, 'backup.tar');
  if (!existsSync(target)) return [];
  const scratch = join(life, 'scratch');
  await mkdir(scratch);
  try {
    await checkBackup(target, scratch);
    const left = (await readdir(life)).filter((name) => name.endsWith('.unfinished'));
    // A kill between the renaming and the tidying leaves them.
    return left.includes('backup.tar.unfinished') ? ['a backup and a half one'] : [];
  } catch (error) {
    return [String(error)];
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
