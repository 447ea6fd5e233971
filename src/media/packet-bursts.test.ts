import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { PacketBursts } from './packet-bursts.ts';
import { PacketQueue, type QueuedPacket } from './packet-queue.ts';

interface Item extends QueuedPacket {
  readonly id: number;
}

function rig(frameRate: number): {
  readonly queue: PacketQueue<Item>;
  readonly taken: number[];
  readonly freed: number[];
  readonly put: (timesUs: readonly number[]) => Promise<void>;
  readonly ended: Promise<void>;
} {
  const queue = new PacketQueue<Item>('drop_late', () => undefined);
  const bursts = new PacketBursts(queue, frameRate);
  const taken: number[] = [];
  const freed: number[] = [];
  const takeAll = async (): Promise<void> => {
    for (;;) {
      const item = await bursts.take();
      if (item === undefined) return;
      taken.push(item.id);
    }
  };
  const ended = takeAll();
  let id = 0;
  const put = async (timesUs: readonly number[]): Promise<void> => {
    for (const timeUs of timesUs) {
      const own = id;
      id += 1;
      await queue.put({ id: own, timeUs, isKeyframe: false, packet: { free: () => freed.push(own) } });
      // For the taker.
      await new Promise(setImmediate);
    }
  };
  return { queue, taken, freed, put, ended };
}

test('packets wait for one whose frame is wanted, and go on with it', async () => {
  const { put, taken, queue, ended } = rig(5);
  // 25 frames a second: every fifth is wanted.
  const times = Array.from({ length: 11 }, (_, index) => index * 40_000);
  const counts: number[] = [];
  for (const timeUs of times) {
    await put([timeUs]);
    counts.push(taken.length);
  }
  expect(counts).toEqual([1, 1, 1, 1, 1, 6, 6, 6, 6, 6, 11]);
  queue.close();
  await ended;
});

test('pictures that are shown in another order are not held', async () => {
  const { put, taken, queue, ended } = rig(5);
  await put([0, 120_000, 40_000, 80_000, 240_000, 160_000]);
  expect(taken).toEqual([0, 1, 2, 3, 4, 5]);
  queue.close();
  await ended;
});

test('whatever their times, all packets come in their order, and none is held for ever', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 30 }),
      async (steps, frameRate) => {
        const { put, taken, freed, queue, ended } = rig(frameRate);
        let timeUs = 0;
        await put(steps.map((step) => (timeUs += step)));
        queue.close();
        await ended;
        expect(taken).toEqual(steps.map((_, index) => index));
        expect(freed).toEqual([]);
      },
    ),
    { numRuns: 30 },
  );
});

test('what is held when the stream is abandoned is freed', async () => {
  const { put, taken, freed, queue, ended } = rig(5);
  await put([0, 40_000, 80_000]);
  queue.abandon();
  await ended;
  expect(taken).toEqual([0]);
  expect(freed).toEqual([1, 2]);
});
