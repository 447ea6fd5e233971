import sharp from 'sharp';
import { expect, test } from 'vitest';
import { readJpegHeader } from './jpeg-header.ts';

async function jpegOf(width: number, height: number, progressive: boolean): Promise<Buffer> {
  const picture = sharp({ create: { width, height, channels: 3, background: 'teal' } });
  return await picture.jpeg({ progressive }).toBuffer();
}

test('the size of a JPEG is read, baseline and progressive', async () => {
  expect(readJpegHeader(await jpegOf(322, 178, false))).toEqual({ width: 322, height: 178 });
  expect(readJpegHeader(await jpegOf(1921, 33, true))).toEqual({ width: 1921, height: 33 });
});

test('a JPEG without Huffman tables does not stand by itself', async () => {
  const jpeg = await jpegOf(64, 64, false);
  const stripped: Buffer[] = [jpeg.subarray(0, 2)];
  for (let at = 2; jpeg[at + 1] !== 0xda;) {
    const end = at + 2 + jpeg.readUInt16BE(at + 2);
    if (jpeg[at + 1] !== 0xc4) stripped.push(jpeg.subarray(at, end));
    at = end;
    if (jpeg[at + 1] === 0xda) stripped.push(jpeg.subarray(at));
  }
  expect(readJpegHeader(Buffer.concat(stripped))).toBeUndefined();
});

test('anything else is no JPEG', async () => {
  expect(readJpegHeader(Buffer.from('hello'))).toBeUndefined();
  expect(readJpegHeader(Buffer.of())).toBeUndefined();
  const jpeg = await jpegOf(64, 64, false);
  expect(readJpegHeader(jpeg.subarray(0, 100))).toBeUndefined();
});
