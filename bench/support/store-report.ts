import type { LoopDelay } from './loop-delay.ts';
import { percentilesOf } from './percentiles.ts';

/** A row of a table: 50th, 95th and 99th percentile. */
export function printRow(name: string, times: readonly number[], found: string): void {
  const [p50, p95, p99] = percentilesOf(times).map((time) => time.toFixed(1));
  console.log(`| ${name} | ${p50} | ${p95} | ${p99} | ${found} |`);
}

export function printLoop(name: string, { late, busy }: LoopDelay): void {
  const [, , p99] = percentilesOf(late);
  console.log(
    `${name}: p99 ${p99.toFixed(1)} ms late, most ${Math.max(...late).toFixed(1)} ms; ` +
      `the thread itself was busy for ${Math.max(...busy).toFixed(1)} ms at most`,
  );
}
