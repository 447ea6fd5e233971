import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatencyWindow } from './latency-window.ts';
import { timeShare } from './time-share.ts';

test.for([
  [5000, 0, null, 5000],
  [5000, 1, null, 2500],
  // Of three that take two seconds as a rule only two fit.
  [5000, 2, null, 2500],
  [3000, 2, null, 3000],
  // Known to be quick: all fit.
  [3000, 2, 300, 1000],
  [5000, 2, 1000, 5000 / 3],
  // Known to be slow.
  [5000, 2, 3000, 5000],
  // A second at least, even past the deadline.
  [200, 3, null, 1000],
] as const)('of %i ms with %i others, usually %j: %d ms', ([leftMs, others, usualMs, share]) => {
  expect(timeShare(leftMs, others, usualMs)).toBe(share);
});

test('a share is a second at least, all of the time at most, and what the provider needs where there is room for it', () => {
  const usual = fc.option(fc.integer({ min: 1, max: 60_000 }), { nil: null });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60_000 }), fc.nat(6), usual, (leftMs, others, usualMs) => {
      const share = timeShare(leftMs, others, usualMs);
      return (
        share >= 1000 &&
        share <= Math.max(1000, leftMs) &&
        share >= Math.min(leftMs, usualMs ?? 2000) &&
        share >= leftMs / (others + 1)
      );
    }),
  );
});

test('percentiles are of the last hundred, by nearest rank', () => {
  const window = new LatencyWindow();
  expect([window.count, window.percentile(0.5)]).toEqual([0, null]);
  for (let ms = 1; ms <= 150; ms += 1) window.add(ms);
  expect([window.count, window.percentile(0.5), window.percentile(0.95), window.percentile(1)]).toEqual([
    100, 100, 145, 150,
  ]);
});
