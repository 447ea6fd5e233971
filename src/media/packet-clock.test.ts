import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ArrivalClock, LiveClock, RecordingClock, SegmentClock } from './packet-clock.ts';

const epochUs = 1_700_000_000_000_000;
const frameUs = 40_000;

describe('the clock of a live stream', () => {
  test('gives even spacing to packets that arrive unevenly, never later than they arrived, never back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 300_000 }), { minLength: 100, maxLength: 100 }),
        (delays) => {
          const clock = new LiveClock();
          let arrivalUs = 0;
          const held: number[] = [];
          const times = delays.map((delayUs, index) => {
            // TCP delivers in order: a packet is never before the one that was sent before it.
            arrivalUs = Math.max(arrivalUs, epochUs + index * frameUs + delayUs);
            held.push(arrivalUs - epochUs - index * frameUs);
            const timeUs = clock.timeOf(index * frameUs, arrivalUs);
            expect(timeUs).toBeLessThanOrEqual(arrivalUs);
            return timeUs;
          });
          const steps = times.slice(1).map((timeUs, index) => timeUs - (times[index] ?? 0));
          for (const step of steps) expect(step).toBeGreaterThanOrEqual(0);
          // Once the least delay was seen, only the drift allowance of the whole time (4.3 s) is left of the jitter.
          const best = held.indexOf(Math.min(...held));
          for (const step of steps.slice(best + 1))
            expect(Math.abs(step - frameUs)).toBeLessThanOrEqual(4_300);
        },
      ),
    );
  });

  test('follows a camera whose clock runs at another speed', () => {
    const clock = new LiveClock();
    let lastUs = 0;
    for (let index = 0; index < 100_000; index += 1) {
      lastUs = clock.timeOf(index * frameUs * 0.9998, epochUs + index * frameUs);
    }
    expect(Math.abs(lastUs - (epochUs + 99_999 * frameUs))).toBeLessThan(10_000);
  });

  test('follows a jump of the time stamps at once', () => {
    const clock = new LiveClock();
    clock.timeOf(5_000_000, epochUs);
    expect(clock.timeOf(3_600_000_000, epochUs + frameUs)).toBe(epochUs + frameUs);
    expect(clock.timeOf(0, epochUs + 2 * frameUs)).toBe(epochUs + 2 * frameUs);
  });

  test('takes the time of arrival while the clock of the camera stands still', () => {
    const clock = new LiveClock();
    const times = Array.from({ length: 50 }, (_, index) => clock.timeOf(7_000, epochUs + index * frameUs));
    expect(times.slice(6)).toEqual(times.slice(6).map((__, index) => epochUs + (index + 6) * frameUs));
    expect(clock.timeOf(47_000, epochUs + 50 * frameUs)).toBe(epochUs + 50 * frameUs);
  });

  test('takes the time of arrival as long as packets carry no time', () => {
    const clock = new LiveClock();
    expect(clock.timeOf(undefined, epochUs)).toBe(epochUs);
    expect(clock.timeOf(90_000, epochUs + frameUs)).toBe(epochUs + frameUs);
  });
});

describe('the clock of a recording', () => {
  test('begins at its start, whatever time stamps the recording begins with', () => {
    const clock = new RecordingClock(epochUs, frameUs);
    expect(clock.timeOf(7_000_000)).toBe(epochUs);
    expect(clock.timeOf(7_080_000)).toBe(epochUs + 80_000);
    // A B-frame, shown before the one that was decoded before it.
    expect(clock.timeOf(7_040_000)).toBe(epochUs + 40_000);
  });

  test('counts frames where the recording has no time stamps', () => {
    const clock = new RecordingClock(epochUs, frameUs);
    expect([0, 1, 2].map(() => clock.timeOf(undefined))).toEqual([
      epochUs,
      epochUs + 40_000,
      epochUs + 80_000,
    ]);
  });

  test('goes on without a gap when the recording begins again', () => {
    const clock = new RecordingClock(epochUs, frameUs);
    clock.timeOf(0);
    clock.timeOf(40_000);
    clock.restart();
    expect(clock.timeOf(0)).toBe(epochUs + 80_000);
    expect(clock.timeOf(40_000)).toBe(epochUs + 120_000);
  });

  test('goes on when the time stamps fall back in the middle', () => {
    const clock = new RecordingClock(epochUs, frameUs);
    clock.timeOf(0);
    clock.timeOf(60_000_000);
    expect(clock.timeOf(0)).toBe(epochUs + 60_040_000);
    expect(clock.timeOf(40_000)).toBe(epochUs + 60_080_000);
  });
});

/** Reads each packet when the one before was due, and no segment before it is there. */
function play(segmentsThereUs: readonly number[], packets: number): { readUs: number; dueUs: number }[] {
  const clock = new SegmentClock();
  let nowUs = 0;
  return segmentsThereUs.flatMap((thereUs, segment) =>
    Array.from({ length: packets }, (_, index) => {
      const readUs = Math.max(nowUs, epochUs + thereUs);
      const dueUs = clock.timeOf((segment * packets + index) * frameUs, readUs);
      nowUs = Math.max(readUs, dueUs);
      return { readUs, dueUs };
    }),
  );
}

describe('the clock of segments', () => {
  test('spreads what comes at once over the time that it lasts', () => {
    const packets = play([0, 1_000_000, 2_000_000], 25);
    expect(packets.map(({ dueUs }) => dueUs)).toEqual(packets.map((_, index) => epochUs + index * frameUs));
  });

  test('waits for segments that come late, once, and is then never far behind nor ahead', () => {
    const lateness = fc.array(fc.integer({ min: 0, max: 5_000_000 }), { minLength: 5, maxLength: 40 });
    fc.assert(
      fc.property(lateness, (late) => {
        const packets = play(
          late.map((lateUs, segment) => segment * 1_000_000 + lateUs),
          25,
        );
        for (const { readUs, dueUs } of packets) {
          expect(dueUs - readUs).toBeGreaterThanOrEqual(-1_000_000);
          expect(dueUs - readUs).toBeLessThanOrEqual(1_000_000);
        }
      }),
    );
  });

  test('goes on evenly where the time stamps begin anew', () => {
    const clock = new SegmentClock();
    const stamps = [50, 51, 52, 0, 1, 2].map((frame) => frame * frameUs);
    // Each is read as soon as the one before was due.
    let nowUs = epochUs;
    const times = stamps.map((ptsUs) => (nowUs = clock.timeOf(ptsUs, nowUs)));
    expect(times).toEqual([0, 1, 2, 3, 4, 5].map((frame) => epochUs + frame * frameUs));
  });

  test('does not wait for a jump of the time stamps', () => {
    const clock = new SegmentClock();
    clock.timeOf(0, epochUs);
    expect(clock.timeOf(3_600_000_000, epochUs + frameUs)).toBe(epochUs + frameUs);
    expect(clock.timeOf(0, epochUs + 2 * frameUs)).toBe(epochUs + 2 * frameUs);
  });
});

test('the clock of arrivals always goes forward', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1_000_000_000 }), { minLength: 2 }), (arrivals) => {
      const clock = new ArrivalClock();
      const times = arrivals.map((arrivalUs) => clock.timeOf(undefined, arrivalUs));
      for (const [index, timeUs] of times.slice(1).entries())
        expect(timeUs).toBeGreaterThan(times[index] ?? 0);
    }),
  );
});
