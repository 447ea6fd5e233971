import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameGate } from './frame-gate.ts';

/** Indexes of the frames of an even stream that are let through. */
function admitted(sourceRate: number, wantedRate: number, count: number): number[] {
  const gate = new FrameGate(wantedRate);
  return Array.from({ length: count }, (_, index) => index).filter((index) =>
    gate.admits(Math.round((index * 1_000_000) / sourceRate)),
  );
}

describe('a frame gate', () => {
  test('lets every nth frame of an even stream through', () => {
    expect(admitted(25, 5, 26)).toEqual([0, 5, 10, 15, 20, 25]);
    expect(admitted(15, 5, 10)).toEqual([0, 3, 6, 9]);
  });

  test('lets every frame through when the stream is slower than what is wanted', () => {
    expect(admitted(10, 30, 20)).toHaveLength(20);
    expect(admitted(25, 30, 20)).toHaveLength(20);
  });

  test('keeps the wanted rate on average when it does not divide the rate of the stream', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 120, noNaN: true }),
        fc.integer({ min: 1, max: 30 }),
        (source, wanted) => {
          const seconds = 60;
          const frames = admitted(source, wanted, Math.floor(source * seconds));
          const expected = Math.min(source, wanted) * seconds;
          // Between the half of a rate and the whole of it, only whole frames of the stream can be chosen.
          expect(frames.length).toBeGreaterThanOrEqual(expected * 0.97 - 1);
          expect(frames.length).toBeLessThanOrEqual(wanted * seconds * 1.03 + 1);
        },
      ),
    );
  });

  test('keeps a jittery stream of the wanted rate whole', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -60_000, max: 60_000 }), { minLength: 50, maxLength: 50 }),
        (jitter) => {
          const gate = new FrameGate(5);
          const kept = jitter.filter((by, index) => gate.admits(1_000_000 + index * 200_000 + by));
          expect(kept.length).toBeGreaterThanOrEqual(48);
        },
      ),
    );
  });

  test('does not make up for a gap', () => {
    const gate = new FrameGate(5);
    gate.admits(0);
    const after = Array.from({ length: 25 }, (_, index) => 60_000_000 + index * 40_000);
    expect(after.filter((timeUs) => gate.admits(timeUs)).length).toBeLessThanOrEqual(6);
  });

  test('refuses a frame that is not later, and begins anew when the clock was set back', () => {
    const gate = new FrameGate(5);
    expect(gate.admits(10_000_000)).toBe(true);
    expect(gate.admits(10_000_000)).toBe(false);
    expect(gate.admits(9_900_000)).toBe(false);
    expect(gate.admits(1_000_000)).toBe(true);
  });
});
