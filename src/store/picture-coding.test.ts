import { randomBytes } from 'node:crypto';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import { inspectJpeg, reduceToLongestSide, toThumbnail } from './picture-coding.ts';

const maxThumbnailBytes = 200 * 1024;

/** Nothing compresses worse. */
function noise(width: number, height: number): Sharp {
  return sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } });
}

function plain(width: number, height: number): Sharp {
  return sharp({ create: { width, height, channels: 3, background: '#864' } });
}

describe('thumbnails', () => {
  test.each([
    [1_920, 1_080, 640, 360],
    [320, 180, 320, 180],
    [1_080, 1_920, 640, 1_138],
    [1_280, 960, 640, 480],
    [4_000, 20, 640, 3],
    [20, 4_000, 6, 1_280],
    [641, 641, 640, 640],
    [1, 1, 1, 1],
  ])('of %d × %d are %d × %d', async (width, height, thumbnailWidth, thumbnailHeight) => {
    const thumbnail = await toThumbnail(await plain(width, height).jpeg().toBuffer());
    expect(thumbnail).toMatchObject({ width: thumbnailWidth, height: thumbnailHeight });
    expect(await sharp(thumbnail.jpeg).metadata()).toMatchObject({
      format: 'jpeg',
      width: thumbnailWidth,
      height: thumbnailHeight,
    });
  });

  test.each([
    [640, 360],
    [640, 1_280],
    [640, 640],
  ])('of %d × %d pixels of noise stay under 200 KB', async (width, height) => {
    const jpeg = await noise(width, height).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer();
    expect(jpeg.byteLength).toBeGreaterThan(maxThumbnailBytes);
    expect((await toThumbnail(jpeg)).jpeg.byteLength).toBeLessThanOrEqual(maxThumbnailBytes);
  });
});

describe('frames', () => {
  test('are kept byte for byte up to 1920 px, and reduced above', async () => {
    const fitting = await plain(1_920, 1_080).jpeg().toBuffer();
    expect(await reduceToLongestSide(fitting)).toEqual({ jpeg: fitting, width: 1_920, height: 1_080 });
    const large = await plain(3_840, 2_160).jpeg().toBuffer();
    expect(await reduceToLongestSide(large)).toMatchObject({ width: 1_920, height: 1_080 });
    const tall = await plain(1_000, 3_840).jpeg().toBuffer();
    expect(await reduceToLongestSide(tall)).toMatchObject({ width: 500, height: 1_920 });
  });

  test('that are none are refused', async () => {
    await expect(reduceToLongestSide(Buffer.from('x'))).rejects.toMatchObject({ code: 'PICTURE_INVALID' });
    await expect(toThumbnail(Buffer.alloc(0))).rejects.toMatchObject({ code: 'PICTURE_INVALID' });
  });
});

describe('pictures from outside', () => {
  test.each(['jpeg', 'png', 'webp'] as const)('a %s becomes a JPEG of its size', async (format) => {
    const inspected = await inspectJpeg(await plain(100, 50).toFormat(format).toBuffer());
    expect(inspected).toMatchObject({ width: 100, height: 50 });
    expect(await sharp(inspected.jpeg).metadata()).toMatchObject({ format: 'jpeg', width: 100, height: 50 });
  });

  test('is turned upright, reduced, and loses its metadata', async () => {
    const rotated = await plain(4_000, 2_000)
      .withMetadata({ orientation: 6 })
      .withExif({ IFD0: { Artist: 'somebody' } })
      .jpeg()
      .toBuffer();
    const inspected = await inspectJpeg(rotated);
    expect(inspected).toMatchObject({ width: 960, height: 1_920 });
    const metadata = await sharp(inspected.jpeg).metadata();
    expect(metadata.orientation).toBeUndefined();
    expect(metadata.exif).toBeUndefined();
  });

  test('what is transparent becomes white', async () => {
    const clear = { r: 0, g: 0, b: 0, alpha: 0 };
    const png = await sharp({ create: { width: 32, height: 32, channels: 4, background: clear } })
      .png()
      .toBuffer();
    const { dominant } = await sharp((await inspectJpeg(png)).jpeg).stats();
    expect(Math.min(dominant.r, dominant.g, dominant.b)).toBeGreaterThan(240);
  });

  test.each([
    ['nothing', Buffer.alloc(0), /0 bytes \(neither JPEG, PNG nor WebP\)/],
    ['text', Buffer.from('hello'), /5 bytes \(neither/],
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"/>'), /neither/],
    ['a GIF', Buffer.from('R0lGODlhAQABAAAAACw=', 'base64'), /neither/],
    ['only a head', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0]), /can't be decoded/],
    [
      'too much',
      Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(11 * 1024 * 1024)]),
      /at most 10485760/,
    ],
  ])('%s is refused', async (_name, bytes, message) => {
    await expect(inspectJpeg(bytes)).rejects.toMatchObject({
      code: 'PICTURE_INVALID',
      message: expect.stringMatching(message),
    });
  });

  test('one that is cut off, too small or far too large is refused', async () => {
    const whole = await noise(200, 200).jpeg().toBuffer();
    for (const format of ['jpeg', 'png', 'webp'] as const) {
      const bytes = await noise(200, 200).toFormat(format).toBuffer();
      const cut = bytes.subarray(0, bytes.byteLength / 2);
      await expect(inspectJpeg(cut)).rejects.toMatchObject({ code: 'PICTURE_INVALID' });
    }
    expect(await inspectJpeg(whole)).toMatchObject({ width: 200 });
    const tiny = await plain(15, 100).png().toBuffer();
    await expect(inspectJpeg(tiny)).rejects.toMatchObject({
      message: expect.stringMatching(/15 × 100 pixels/),
    });
    const huge = await plain(10_000, 10_000).png().toBuffer();
    await expect(inspectJpeg(huge)).rejects.toMatchObject({ code: 'PICTURE_INVALID' });
  });
});
