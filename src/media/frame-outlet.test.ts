import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import type { AnalysedFrame } from '../core/frame.ts';
import { FrameOutlet, type OutletPolicy } from './frame-outlet.ts';

/** Ms from one frame to the next. */
const frameMs = 200;

function frame(sequence: number): AnalysedFrame {
  const at = sequence * frameMs;
  return { sequence, capturedAt: at, mediaTimeMs: at, width: 1, height: 1 };
}

interface Rig {
  readonly outlet: FrameOutlet;
  readonly clock: FakeClock;
  /** Messages, by the numbers of their frames. */
  readonly sent: number[][];
  readonly dropped: () => number;
  /** Puts the next frame after its time has passed. */
  readonly put: (isUrgent: boolean) => Promise<void>;
}

function rigOf(policy: OutletPolicy, window: number): Rig {
  const clock = new FakeClock();
  const sent: number[][] = [];
  let dropped = 0;
  let count = 0;
  const outlet = new FrameOutlet({
    window,
    policy,
    clock,
    send: (frames) => sent.push(frames.map(({ sequence }) => sequence)),
    onDropped: () => {
      dropped += 1;
    },
  });
  const put = async (isUrgent: boolean): Promise<void> => {
    await clock.advance(frameMs);
    await outlet.put(frame(count), isUrgent);
    count += 1;
  };
  return { outlet, clock, sent, dropped: () => dropped, put };
}

test('frames that nobody waits for go together, once they are worth a message', async () => {
  const { outlet, sent, put } = rigOf('newest_wins', 4);
  for (let count = 0; count < 3; count += 1) {
    await put(false);
    outlet.tick();
  }
  expect(sent).toEqual([]);
  await put(false);
  outlet.tick();
  outlet.tick();
  expect(sent).toEqual([[0, 1, 2, 3]]);
});

test('without a tick they wait no longer than a second', async () => {
  const { sent, put } = rigOf('newest_wins', 4);
  for (let count = 0; count < 12; count += 1) await put(false);
  expect(sent).toEqual([
    [0, 1, 2, 3, 4, 5],
    [6, 7, 8, 9, 10, 11],
  ]);
});

test('an urgent frame goes at once, after those that waited', async () => {
  const { sent, put } = rigOf('newest_wins', 4);
  await put(true);
  await put(false);
  await put(false);
  await put(true);
  expect(sent).toEqual([[0], [1, 2, 3]]);
});

test('of what the reader had no time for it gets the newest, and the others are counted', async () => {
  const { outlet, sent, dropped, put } = rigOf('newest_wins', 2);
  for (let sequence = 0; sequence < 9; sequence += 1) await put(true);
  expect(sent).toEqual([[0], [1]]);
  outlet.acknowledge();
  expect(sent.slice(2)).toEqual([[6, 7, 8]]);
  expect(dropped()).toBe(4);
  outlet.acknowledge();
  outlet.acknowledge();
  await put(true);
  expect(sent.slice(3)).toEqual([[9]]);
});

test('at the end what waits is sent, whatever is under way', async () => {
  const { outlet, sent, put } = rigOf('newest_wins', 1);
  for (let sequence = 0; sequence < 3; sequence += 1) await put(true);
  outlet.finish();
  outlet.close();
  await put(true);
  expect(sent).toEqual([[0], [1, 2]]);
});

test('a lossless outlet waits for the reader and never has more under way than its window', async () => {
  const { outlet, sent, dropped } = rigOf('lossless', 3);
  const putting = (async () => {
    for (let sequence = 0; sequence < 10; sequence += 1) await outlet.put(frame(sequence), false);
  })();
  for (let acknowledged = 0; sent.length < 10; acknowledged += 1) {
    expect(sent.length - acknowledged).toBeLessThanOrEqual(3);
    outlet.acknowledge();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  await putting;
  expect(sent.flat()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(dropped()).toBe(0);
});

test('an outlet that is closed lets the one who waits go', async () => {
  const { outlet } = rigOf('lossless', 1);
  await outlet.put(frame(0), false);
  const waiting = outlet.put(frame(1), false);
  outlet.close();
  await expect(waiting).resolves.toBeUndefined();
});
