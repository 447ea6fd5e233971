import { performance } from 'node:perf_hooks';

const everyMs = 5;

export interface LoopDelay {
  /** How late each look came, ms. */
  readonly late: readonly number[];
  /**
   * What this thread itself computed between two looks, ms of CPU time: a look that is later than that waited for the
   * machine, which had other work.
   */
  readonly busy: readonly number[];
}

/** Looks every 5 ms how late the event loop of this thread comes, until `stop`. */
export function watchLoop(): { stop(): LoopDelay } {
  const late: number[] = [];
  const busy: number[] = [];
  let expected = performance.now() + everyMs;
  let used = cpuMs();
  const timer = setInterval(() => {
    const now = performance.now();
    const usedNow = cpuMs();
    late.push(Math.max(0, now - expected));
    busy.push(usedNow - used);
    expected = now + everyMs;
    used = usedNow;
  }, everyMs);
  return {
    stop() {
      clearInterval(timer);
      return { late, busy };
    },
  };
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
