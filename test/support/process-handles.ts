import { readdir, readlink } from 'node:fs/promises';
import { readProcess } from './processes.ts';

/** What some processes hold together at one moment. Linux only. */
export interface Handles {
  readonly processes: number;
  /** Sum of the resident sets; pages that processes share count once for each. */
  readonly rssBytes: number;
  /** Open file descriptors, and those of them that are sockets. */
  readonly descriptors: number;
  readonly sockets: number;
  readonly threads: number;
}

const none: Handles = { processes: 0, rssBytes: 0, descriptors: 0, sockets: 0, threads: 0 };

/** Processes that have ended meanwhile count nothing. */
export async function handlesOf(pids: readonly number[]): Promise<Handles> {
  const all = await Promise.all(pids.map(handlesOfOne));
  return all.reduce(
    (sum, each) => ({
      processes: sum.processes + each.processes,
      rssBytes: sum.rssBytes + each.rssBytes,
      descriptors: sum.descriptors + each.descriptors,
      sockets: sum.sockets + each.sockets,
      threads: sum.threads + each.threads,
    }),
    none,
  );
}

async function handlesOfOne(pid: number): Promise<Handles> {
  const entry = await readProcess(pid);
  if (entry === undefined) return none;
  try {
    const names = await readdir(`/proc/${pid}/fd`);
    const targets = await Promise.all(
      names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')),
    );
    const open = targets.filter((target) => target !== '');
    const threads = await readdir(`/proc/${pid}/task`);
    return {
      processes: 1,
      rssBytes: entry.rssBytes,
      descriptors: open.length,
      sockets: open.filter((target) => target.startsWith('socket:')).length,
      threads: threads.length,
    };
  } catch {
    return none;
  }
}
