import { assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { readCounter, renderScene, type Scene } from './render-clip.ts';

const scene: Scene = {
  width: 160,
  height: 90,
  framesPerSecond: 4,
  seconds: 2,
  noise: 8,
  counter: true,
  objects: [
    {
      from: 0.5,
      to: 1.5,
      size: [20, 10],
      path: [
        [30, 40],
        [110, 40],
      ],
      colour: [250, 10, 10],
    },
  ],
};

test('the same scene is the same pictures every time', () => {
  expect([...renderScene(scene)]).toEqual([...renderScene(scene)]);
});

test('the ground truth is where the object was painted', () => {
  const frames = [...renderScene({ ...scene, noise: 0, counter: false })];
  expect(frames.map(({ boxes }) => boxes[0])).toEqual([
    null,
    null,
    [20 / 160, 35 / 90, 20 / 160, 10 / 90],
    [40 / 160, 35 / 90, 20 / 160, 10 / 90],
    [60 / 160, 35 / 90, 20 / 160, 10 / 90],
    [80 / 160, 35 / 90, 20 / 160, 10 / 90],
    null,
    null,
  ]);
  for (const { pixels, boxes } of frames) {
    const painted: number[] = [];
    for (let offset = 0; offset < pixels.length; offset += 3) {
      if (pixels[offset] === 250 && pixels[offset + 1] === 10) painted.push(offset / 3);
    }
    const box = boxes[0] ?? null;
    expect(painted).toHaveLength(box === null ? 0 : 200);
    expect(painted[0]).toBe(box === null ? undefined : Math.round(35 * 160 + box[0] * 160));
  }
});

test('a global change brightens everything from its moment on', () => {
  const plain = { ...scene, noise: 0, counter: false, objects: [] };
  const before = [...renderScene(plain)];
  const after = [...renderScene({ ...plain, globalChanges: [{ at: 1, by: 40 }] })];
  for (const [index, { pixels }] of after.entries()) {
    const expected = before[index]?.pixels.map((value) => value + (index >= 4 ? 40 : 0));
    expect(pixels).toEqual(expected);
  }
});

test('any number is read back from the counter, in colour and in gray, at other sizes too', () => {
  assert(
    property(integer({ min: 0, max: 65_535 }), integer({ min: 1, max: 3 }), (firstNumber, factor) => {
      const [frame] = renderScene({ ...scene, seconds: 0.25, firstNumber, width: 160, height: 90 });
      if (frame === undefined) throw new Error('no frame');
      expect(readCounter(frame.pixels, 160, 90, 3)).toBe(firstNumber);
      const gray = new Uint8Array(160 * factor * 90 * factor);
      for (let index = 0; index < gray.length; index += 1) {
        const x = Math.floor((index % (160 * factor)) / factor);
        const y = Math.floor(index / (160 * factor) / factor);
        gray[index] = frame.pixels[(y * 160 + x) * 3] ?? 0;
      }
      expect(readCounter(gray, 160 * factor, 90 * factor)).toBe(firstNumber);
    }),
    { numRuns: 50 },
  );
});

test('a picture without a counter has no number', () => {
  const [frame] = renderScene({ ...scene, counter: false });
  expect(readCounter(frame?.pixels ?? new Uint8Array(), 160, 90, 3)).toBeNull();
});
