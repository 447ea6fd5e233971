/**
 * Cameras that are lost and come back again and again, beside cameras that are well.
 *
 *   node bench/flaps.ts [--flaps 1000] [--flapping 20] [--healthy 4] [--minutes 60] [--calm 60] [--seed 1]
 *
 * The cameras send 320 × 180 at 10 frames a second, of which 5 are analysed; they run in processes of their own and fail
 * in every way that a connection can: refused, accepted and never answered, silent, reset, cut short, byte by byte, full
 * of wrong bits, a web page, killed. The short form of this series runs with the tests.
 */
import { parseArgs } from 'node:util';
import { runFlapSeries, type Gaps, type Sample } from '../test/support/flap-series.ts';
import type { Handles } from '../test/support/process-handles.ts';
import { createRandom } from '../test/support/render-clip.ts';
import { makeTempDir } from '../test/support/temp-dir.ts';

const { values } = parseArgs({
  options: {
    flaps: { type: 'string', default: '1000' },
    flapping: { type: 'string', default: '20' },
    healthy: { type: 'string', default: '4' },
    minutes: { type: 'string', default: '60' },
    calm: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
  },
});
function number(name: keyof typeof values): number {
  const value = Number(values[name]);
  if (!(value > 0)) throw new Error(`--${name}: received "${values[name]}", expected a number above 0`);
  return value;
}

await using dir = await makeTempDir();
const result = await runFlapSeries({
  dir,
  flaps: number('flaps'),
  flapping: number('flapping'),
  healthy: number('healthy'),
  longestMs: number('minutes') * 60_000,
  calmMs: number('calm') * 1000,
  random: createRandom(number('seed')),
  onProgress: (sample) => {
    process.stderr.write(`${row(sample)}\n`);
  },
});

const total = Object.values(result.flaps).reduce((sum, count) => sum + count, 0);
console.log(`${total} flaps in ${result.seconds} s: ${listOf(result.flaps)}.`);
console.log(`Losses that were noticed: ${listOf(result.losses)}.\n`);
console.log('| | service: MB | files | sockets | threads | decoders | MB | files | sockets | threads |');
console.log('|---|---|---|---|---|---|---|---|---|---|');
console.log(`| before ${row(result.before)}`);
console.log(`| after ${row(result.after)}`);
console.log('\n| healthy cameras | frames | p50 ms | p95 ms | p99 ms | longest ms |');
console.log('|---|---|---|---|---|---|');
console.log(`| before ${gapsRow(result.gapsBefore)}`);
console.log(`| during ${gapsRow(result.gapsDuring)}`);
console.log(
  `\nChanges of state: ${result.changes}, ${result.healthyChanges} of them of healthy cameras; log lines of cameras: ${result.lines}; decoders lost: ${result.decodersLost}.`,
);
console.log(`Events captured: ${result.events}, lost: ${result.lost.length}; away: ${result.away.length}.`);
if (result.lost.length > 0 || result.away.length > 0) process.exitCode = 1;

function row({ service, decoders }: Sample): string {
  return `| ${cellsOf(service)} | ${decoders.processes} | ${cellsOf(decoders)} |`;
}

function cellsOf({ rssBytes, descriptors, sockets, threads }: Handles): string {
  return [Math.round(rssBytes / 1_000_000), descriptors, sockets, threads].join(' | ');
}

function gapsRow({ frames, p50, p95, p99, longest }: Gaps): string {
  return `| ${[frames, p50, p95, p99, longest].join(' | ')} |`;
}

function listOf(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}
