import { describe, expect, test } from 'vitest';
import { PacketQueue, type QueuedPacket } from './packet-queue.ts';

function item(timeMs: number, isKeyframe: boolean): QueuedPacket & { freed: boolean } {
  const made = {
    freed: false,
    timeUs: timeMs * 1000,
    isKeyframe,
    packet: {
      free: () => {
        made.freed = true;
      },
    },
  };
  return made;
}

async function drain(queue: PacketQueue<QueuedPacket>): Promise<number[]> {
  queue.close();
  const times: number[] = [];
  for (;;) {
    const next = await queue.take();
    if (next === undefined) return times;
    times.push(next.timeUs / 1000);
  }
}

describe('a queue that drops what is late', () => {
  test('goes on at the newest key frame when the decoder is two seconds behind', async () => {
    let dropped = 0;
    const queue = new PacketQueue('drop_late', (count) => (dropped += count));
    for (let time = 0; time <= 2_100; time += 100) await queue.put(item(time, time % 1_000 === 0));
    const times = await drain(queue);
    expect(times[0]).toBe(2_000);
    expect(times.at(-1)).toBe(2_100);
    expect(dropped).toBe(20);
  });

  test('without a key frame to go on at, waits for the next one', async () => {
    let dropped = 0;
    const queue = new PacketQueue('drop_late', (count) => (dropped += count));
    const items = Array.from({ length: 40 }, (_, index) => item(index * 100, index === 0 || index === 30));
    for (const one of items) await queue.put(one);
    expect((await drain(queue))[0]).toBe(3_000);
    expect(dropped).toBe(30);
    expect(items.filter(({ freed }) => freed)).toHaveLength(30);
  });

  test('is bounded even when the times make no sense', async () => {
    const queue = new PacketQueue('drop_late', () => undefined);
    for (let index = 0; index < 2_000; index += 1) await queue.put(item(0, index % 50 === 0));
    expect((await drain(queue)).length).toBeLessThanOrEqual(257);
  });
});

describe('a lossless queue', () => {
  test('makes the reader wait, and loses nothing', async () => {
    const queue = new PacketQueue('lossless', () => {
      throw new Error('dropped');
    });
    let put = 0;
    const reading = (async () => {
      for (; put < 100; put += 1) await queue.put(item(put, false));
      queue.close();
    })();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(put).toBeLessThan(20);
    const times: number[] = [];
    for (let next = await queue.take(); next !== undefined; next = await queue.take()) {
      times.push(next.timeUs / 1000);
    }
    await reading;
    expect(times).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  test('that is abandoned frees what waits and lets the reader go', async () => {
    const queue = new PacketQueue('lossless', () => undefined);
    const items = Array.from({ length: 16 }, (_, index) => item(index, true));
    const reading = Promise.all(items.map((one) => queue.put(one)));
    queue.abandon();
    await reading;
    expect(items.every(({ freed }) => freed)).toBe(true);
    expect(await queue.take()).toBeUndefined();
  });
});
