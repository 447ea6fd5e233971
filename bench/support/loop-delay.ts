import { performance } from 'node:perf_hooks';

const everyMs = 5;

/** How late the event loop of this thread comes, looked at every 5 ms until `stop`, which answers the lateness in ms. */
export function watchLoop(): { stop(): readonly number[] } {
  const late: number[] = [];
  let expected = performance.now() + everyMs;
  const timer = setInterval(() => {
    const now = performance.now();
    late.push(Math.max(0, now - expected));
    expected = now + everyMs;
  }, everyMs);
  return {
    stop() {
      clearInterval(timer);
      return late;
    },
  };
}
