import * as fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { Box } from '../core/geometry.ts';
import { placeDetections } from './merge-detections.ts';
import { decodePicture, letterbox, type RgbPicture } from './picture.ts';

const side = 320;

/** Black, with a white rectangle. */
function pictureWith(width: number, height: number, box: Box): RgbPicture {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const isInside =
        x >= box[0] * width &&
        x < (box[0] + box[2]) * width &&
        y >= box[1] * height &&
        y < (box[1] + box[3]) * height;
      if (isInside) data.fill(255, (y * width + x) * 3, (y * width + x) * 3 + 3);
    }
  return { width, height, data };
}

/** Where the model's input is white, as the model would tell it: edges in 0..1. */
function whiteIn(rgb: Uint8Array) {
  let [left, top, right, bottom] = [side, side, 0, 0];
  for (let y = 0; y < side; y += 1)
    for (let x = 0; x < side; x += 1) {
      if ((rgb[(y * side + x) * 3] ?? 0) < 200) continue;
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y + 1);
    }
  return { left: left / side, top: top / side, right: right / side, bottom: bottom / side };
}

test('what is found in the input comes back to where it is in the picture', async () => {
  const sizes = fc.constantFrom([640, 360], [360, 640], [400, 400], [1000, 200]);
  const part = fc.constantFrom<Box>([0, 0, 1, 1], [0.25, 0.2, 0.5, 0.6], [0.5, 0.4, 0.5, 0.6]);
  await fc.assert(
    fc.asyncProperty(sizes, part, async ([width = 1, height = 1], part) => {
      const box: Box = [part[0] + part[2] * 0.3, part[1] + part[3] * 0.2, part[2] * 0.4, part[3] * 0.5];
      const input = await letterbox(pictureWith(width, height, box), part, side);
      expect(input.rgb).toHaveLength(side * side * 3);
      const [found] = placeDetections([{ slot: 0, score: 0.9, ...whiteIn(input.rgb) }], input, 0);
      // Within two pixels of the input.
      const tolerance = (2 / side) * Math.max(part[2] / input.fill.x, part[3] / input.fill.y);
      for (const index of [0, 1, 2, 3] as const)
        expect(Math.abs((found?.box[index] ?? 9) - box[index])).toBeLessThan(tolerance);
    }),
    { numRuns: 12 },
  );
});

test('the picture keeps its shape, the rest of the input is gray', async () => {
  const input = await letterbox(pictureWith(640, 320, [0, 0, 1, 1]), [0, 0, 1, 1], side);
  expect(input.fill).toEqual({ x: 1, y: 0.5 });
  expect(input.rgb.at(0)).toBe(255);
  expect(input.rgb.at(-1)).toBe(127);
});

test('gray, turned and huge pictures become upright RGB of a bounded size', async () => {
  const gray = await sharp({ create: { width: 300, height: 100, channels: 3, background: '#808080' } })
    .grayscale()
    .jpeg()
    .withMetadata({ orientation: 6 })
    .toBuffer();
  const turned = await decodePicture(gray);
  expect([turned.width, turned.height, turned.data.length]).toEqual([100, 300, 90_000]);
  const huge = await sharp({ create: { width: 5000, height: 1000, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
  const { width, height } = await decodePicture(huge);
  expect([width, height]).toEqual([2560, 512]);
});

test('what is no picture is refused by name', async () => {
  for (const bytes of [Buffer.from('no picture at all'), Buffer.alloc(0)])
    await expect(decodePicture(bytes)).rejects.toMatchObject({ code: 'PICTURE_INVALID' });
});
