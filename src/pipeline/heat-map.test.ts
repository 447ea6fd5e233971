import sharp from 'sharp';
import { expect, test } from 'vitest';
import { exampleEvidence } from '../../test/support/store-examples.ts';
import { drawHeatMap } from './heat-map.ts';

async function grayPicture(width: number, height: number): Promise<Uint8Array> {
  const background = { r: 90, g: 90, b: 90 };
  return sharp({ create: { width, height, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Of the pixel at 0..1. */
  at(x: number, y: number): readonly number[];
}

async function pixelsOf(jpeg: Uint8Array): Promise<Pixels> {
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return {
    width,
    height,
    at(x, y) {
      const start = (Math.floor(y * height) * width + Math.floor(x * width)) * channels;
      return [...data.subarray(start, start + 3)];
    },
  };
}

test('it is warm where something moved, as it was where nothing did, and the way is drawn', async () => {
  const { heat } = exampleEvidence();
  const seconds = heat.seconds.map((_, field) => (field % 32 < 8 ? 4 : 0));
  const path = {
    points: [
      { x: 0.6, y: 0.5 },
      { x: 0.9, y: 0.5 },
    ],
    length: 0.3,
    area: 0.01,
    framesFound: 9,
    framesFollowed: 9,
    seconds: 2,
  };
  const drawn = await pixelsOf(
    await drawHeatMap(await grayPicture(640, 360), exampleEvidence({ heat: { ...heat, seconds }, path })),
  );
  expect([drawn.width, drawn.height]).toEqual([640, 360]);
  const [red = 0, green = 0] = drawn.at(0.1, 0.5);
  expect(red - green).toBeGreaterThan(60);
  for (const level of drawn.at(0.7, 0.1)) expect(Math.abs(level - 90)).toBeLessThan(8);
  for (const level of drawn.at(0.75, 0.5)) expect(level).toBeLessThan(60);
});

test('a large picture becomes smaller, and one without heat or way is a picture all the same', async () => {
  const { heat } = exampleEvidence();
  const cold = { ...heat, seconds: heat.seconds.map(() => 0) };
  const drawn = await pixelsOf(
    await drawHeatMap(await grayPicture(1920, 1080), exampleEvidence({ heat: cold, path: null })),
  );
  expect([drawn.width, drawn.height]).toEqual([1280, 720]);
  for (const level of drawn.at(0.5, 0.5)) expect(Math.abs(level - 90)).toBeLessThan(4);
});

test('a gray picture of motion analysis can be drawn on too', async () => {
  const gray = await sharp(new Uint8Array(320 * 180).fill(120), {
    raw: { width: 320, height: 180, channels: 1 },
  })
    .jpeg()
    .toBuffer();
  const drawn = await pixelsOf(await drawHeatMap(gray, exampleEvidence()));
  expect([drawn.width, drawn.height]).toEqual([320, 180]);
});
