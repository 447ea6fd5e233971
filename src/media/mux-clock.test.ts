import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MuxClock, muxTicksPerSecond, type MuxTime } from './mux-clock.ts';

const frameUs = 40_000;

test('even times stay even, from 0 on', () => {
  const clock = new MuxClock();
  const times = [0, 1, 2, 3].map((index) => clock.next(1e15 + index * frameUs, undefined));
  expect(times.map(({ pts, dts }) => [pts, dts])).toEqual([
    [0n, 0n],
    [3600n, 3600n],
    [7200n, 7200n],
    [10_800n, 10_800n],
  ]);
  expect(times.at(-1)?.duration).toBe(3600n);
});

test('pictures that are shown in another order keep it', () => {
  const clock = new MuxClock();
  // I P B B, as coded.
  const shown = [2, 5, 3, 4].map((at, index) => clock.next(at * frameUs, index * frameUs).pts);
  expect(shown).toEqual([7200n, 18_000n, 10_800n, 14_400n]);
});

test('whatever times a stream has, decoding goes on and nothing is shown before it is decoded', () => {
  const anyTime = fc.integer({ min: 0, max: 2 ** 50 });
  const packets = fc.array(fc.record({ pts: anyTime, dts: fc.option(anyTime, { nil: undefined }) }), {
    minLength: 1,
  });
  fc.assert(
    fc.property(packets, (stream) => {
      const clock = new MuxClock();
      const times: MuxTime[] = stream.map(({ pts, dts }) => clock.next(pts, dts));
      expect(times[0]?.dts).toBe(0n);
      const decoded = times.map(({ dts }) => dts);
      expect(decoded).toEqual([...new Set(decoded)].toSorted((a, b) => Number(a - b)));
      for (const { pts, dts, duration } of times) {
        expect(pts).toBeGreaterThanOrEqual(dts);
        expect(duration).toBeGreaterThan(0n);
        expect(duration).toBeLessThanOrEqual(BigInt(muxTicksPerSecond));
      }
    }),
  );
});

test('after a jump back the times go on slowly until the stream has caught up', () => {
  const clock = new MuxClock();
  clock.next(1_000_000, undefined);
  clock.next(1_400_000, undefined);
  expect(clock.next(1_100_000, undefined).pts).toBe(36_090n);
  expect(clock.next(1_500_000, undefined).pts).toBe(45_000n);
});
