import { readdir, readFile } from 'node:fs/promises';

/** One process as Linux shows it under /proc. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  /** `R` running, `S` sleeping, `T` stopped, `Z` ended but not yet waited for, … (proc(5)). */
  readonly state: string;
  /** Arguments, joined by spaces; empty for a zombie. */
  readonly command: string;
  /** User and system time of the process so far, without its children. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

export interface TreeUsage {
  readonly processes: readonly ProcessEntry[];
  /** Of all of them; what ended children used is not in it. */
  readonly cpuMs: number;
  /** Sum of the resident sets; pages that processes share count once for each. */
  readonly rssBytes: number;
}

/** `sysconf(_SC_CLK_TCK)` and the page size, which Linux keeps at these values on x86-64 and mostly on arm64. */
const clockTickMs = 10;
const pageBytes = 4_096;

/** `undefined` when there is no such process (any more). Linux only, as all of this file. */
export async function readProcess(pid: number): Promise<ProcessEntry | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name stands in brackets and may hold anything, so the fields are counted from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const field = (number: number): number => Number(fields[number - 3]);
    return {
      pid,
      parentPid: field(4),
      state: fields[0] ?? '?',
      command: (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim(),
      cpuMs: (field(14) + field(15)) * clockTickMs,
      rssBytes: field(24) * pageBytes,
    };
  } catch {
    return undefined;
  }
}

async function allProcesses(): Promise<ProcessEntry[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const entries = await Promise.all(pids.map(readProcess));
  return entries.filter((entry) => entry !== undefined);
}

/** Direct children only; ended ones that are not yet waited for are among them. */
export async function childrenOf(pid: number = process.pid): Promise<ProcessEntry[]> {
  return (await allProcesses()).filter(({ parentPid }) => parentPid === pid);
}

/** Children, children's children, …; the process itself is not among them. */
export async function descendantsOf(pid: number = process.pid): Promise<ProcessEntry[]> {
  return descendantsAmong(await allProcesses(), pid);
}

function descendantsAmong(all: readonly ProcessEntry[], pid: number): ProcessEntry[] {
  const found = all.filter(({ parentPid }) => parentPid === pid);
  // The list grows while it is walked, generation by generation.
  for (const child of found) found.push(...all.filter(({ parentPid }) => parentPid === child.pid));
  return found;
}

/** The process and its descendants at this moment. Two readings, subtracted, give the use in between. */
export async function usageOfTree(pid: number = process.pid): Promise<TreeUsage> {
  const all = await allProcesses();
  const processes = [...all.filter((entry) => entry.pid === pid), ...descendantsAmong(all, pid)];
  return {
    processes,
    cpuMs: processes.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    rssBytes: processes.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
  };
}

/**
 * Proportional set sizes of the process and its descendants: of a page that several share, each has its part, so that the
 * sum is the memory that they take. Bytes.
 */
export async function pssOfTree(pid: number = process.pid): Promise<number> {
  const { processes } = await usageOfTree(pid);
  const sizes = await Promise.all(
    processes.map(async (entry) => {
      // One that has ended meanwhile takes none.
      const text = await readFile(`/proc/${entry.pid}/smaps_rollup`, 'utf8').catch(() => '');
      return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** A zombie has ended: it only waits for its parent to notice. */
export async function isAlive(pid: number): Promise<boolean> {
  const entry = await readProcess(pid);
  return entry !== undefined && entry.state !== 'Z';
}

/** Sends the signal; false when the process had gone already. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}
