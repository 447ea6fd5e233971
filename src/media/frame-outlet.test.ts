import { expect, test } from 'vitest';
import type { AnalysisFrame } from '../core/frame.ts';
import { FrameOutlet } from './frame-outlet.ts';

function frame(sequence: number): AnalysisFrame {
  return {
    sequence,
    capturedAt: sequence,
    mediaTimeMs: sequence,
    width: 1,
    height: 1,
    gray: new Uint8Array(1),
  };
}

test('the newest frame takes the place of one that the reader had no time for', async () => {
  const sent: number[] = [];
  let dropped = 0;
  const outlet = new FrameOutlet(
    2,
    'newest_wins',
    ({ sequence }) => sent.push(sequence),
    () => (dropped += 1),
  );
  for (let sequence = 0; sequence < 6; sequence += 1) await outlet.put(frame(sequence));
  expect(sent).toEqual([0, 1]);
  outlet.acknowledge();
  expect(sent).toEqual([0, 1, 5]);
  expect(dropped).toBe(3);
  outlet.acknowledge();
  outlet.acknowledge();
  await outlet.put(frame(6));
  expect(sent).toEqual([0, 1, 5, 6]);
});

test('a lossless outlet waits for the reader and never has more under way than its window', async () => {
  const sent: number[] = [];
  const outlet = new FrameOutlet(
    3,
    'lossless',
    ({ sequence }) => sent.push(sequence),
    () => {
      throw new Error('dropped');
    },
  );
  const putting = (async () => {
    for (let sequence = 0; sequence < 10; sequence += 1) await outlet.put(frame(sequence));
  })();
  for (let acknowledged = 0; sent.length < 10; acknowledged += 1) {
    expect(sent.length - acknowledged).toBeLessThanOrEqual(3);
    outlet.acknowledge();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  await putting;
  expect(sent).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('an outlet that is closed lets the one who waits go', async () => {
  const outlet = new FrameOutlet(
    1,
    'lossless',
    () => undefined,
    () => undefined,
  );
  await outlet.put(frame(0));
  const waiting = outlet.put(frame(1));
  outlet.close();
  await expect(waiting).resolves.toBeUndefined();
});
