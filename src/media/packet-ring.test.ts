import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PacketRing, type RingEntry } from './packet-ring.ts';

class TestPacket {
  freed = 0;

  free(): void {
    this.freed += 1;
  }
}

function entry(timeMs: number, isKeyframe: boolean, sizeBytes = 100): RingEntry<TestPacket> {
  return { packet: new TestPacket(), timeUs: timeMs * 1000, isKeyframe, sizeBytes };
}

function timesOf(ring: PacketRing<TestPacket>): number[] {
  return ring.entries.map(({ timeUs }) => timeUs / 1000);
}

function ignore(): void {
  // Nothing is counted here.
}

describe('a packet ring', () => {
  test('keeps whole groups of pictures that cover the span', () => {
    const ring = new PacketRing<TestPacket>(1_000, 1e9, ignore);
    for (let time = 0; time < 3_000; time += 100) ring.push(entry(time, time % 500 === 0));
    expect(timesOf(ring)[0]).toBe(1_500);
    expect(timesOf(ring).at(-1)).toBe(2_900);
  });

  test('begins with a key frame', () => {
    const ring = new PacketRing<TestPacket>(1_000, 1e9, ignore);
    const early = entry(0, false);
    ring.push(early);
    ring.push(entry(40, true));
    expect(timesOf(ring)).toEqual([40]);
    expect(early.packet.freed).toBe(1);
  });

  test('stays within its bytes, frees each packet that leaves once, and counts those that left early', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ isKeyframe: fc.boolean(), sizeBytes: fc.integer({ min: 1, max: 400 }) }), {
          maxLength: 200,
        }),
        (packets) => {
          let evicted = 0;
          const ring = new PacketRing<TestPacket>(1e9, 1_000, (count) => {
            evicted += count;
          });
          const all = packets.map(({ isKeyframe, sizeBytes }, index) =>
            entry(index * 40, isKeyframe, sizeBytes),
          );
          let refused = 0;
          for (const one of all) {
            if (ring.entries.length === 0 && !one.isKeyframe) refused += 1;
            ring.push(one);
            expect(ring.sizeBytes).toBeLessThanOrEqual(1_000);
            expect(ring.entries[0]?.isKeyframe ?? true).toBe(true);
          }
          const kept = new Set(ring.entries);
          for (const one of all) expect(one.packet.freed).toBe(kept.has(one) ? 0 : 1);
          expect(evicted + refused + kept.size).toBe(all.length);
          expect(ring.sizeBytes).toBe([...kept].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
        },
      ),
    );
  });

  test('finds the packets of a picture from its key frame on', () => {
    const ring = new PacketRing<TestPacket>(10_000, 1e9, ignore);
    for (let time = 0; time < 2_000; time += 40) ring.push(entry(time, time % 400 === 0));
    const span = ring.find([1_000_000, 920_000], 10_000);
    expect(span?.wantedUs).toEqual([1_000_000, 920_000]);
    expect(span?.entries[0]?.timeUs).toBe(800_000);
    expect(span?.entries.some(({ timeUs }) => timeUs === 1_000_000)).toBe(true);
  });

  test('begins a group earlier for a picture that is shown before the key frame which it follows', () => {
    const ring = new PacketRing<TestPacket>(10_000, 1e9, ignore);
    for (const [time, isKeyframe] of [
      [0, true],
      [80, false],
      [200, true],
      [120, false],
      [160, false],
      [240, false],
    ] as const) {
      ring.push(entry(time, isKeyframe));
    }
    expect(ring.find([160_000], 1_000)?.entries[0]?.timeUs).toBe(0);
    expect(ring.find([240_000], 1_000)?.entries[0]?.timeUs).toBe(200_000);
    expect(ring.find([240_000, 120_000], 1_000)?.entries[0]?.timeUs).toBe(0);
  });

  test('does not find what is gone or has not come', () => {
    const ring = new PacketRing<TestPacket>(1_000, 1e9, ignore);
    for (let time = 0; time < 3_000; time += 40) ring.push(entry(time, time % 200 === 0));
    expect(ring.find([500_000], 250_000)).toBeUndefined();
    expect(ring.find([2_800_000, 500_000], 250_000)).toBeUndefined();
    expect(ring.find([9_000_000], 250_000)).toBeUndefined();
    expect(ring.find([2_800_000], 250_000)).toBeDefined();
  });
});
