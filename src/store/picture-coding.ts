import sharp, { type Sharp } from 'sharp';
import { AppError, messageOf } from '../core/errors.ts';

/** A JPEG and its size in pixels. */
export interface CodedPicture {
  readonly jpeg: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Pixels of the longest side of a stored frame: as much as a vision model is given. */
const maxFrameSide = 1_920;
const frameQuality = 85;

const maxThumbnailWidth = 640;
/** Twice the width: portrait cameras fit, a strip a hundred times as high as wide does not fill the page. */
const maxThumbnailHeight = 1_280;
const maxThumbnailBytes = 200 * 1024;
/** The first is what looks right; the others are for noise that compresses badly. */
const thumbnailQualities = [80, 65, 50, 35, 20];

const maxUploadBytes = 10 * 1024 * 1024;
const minUploadSide = 16;
const maxUploadPixels = 50_000_000;

/** The picture as it is, or smaller when its longest side is above 1920 px. */
export async function reduceToLongestSide(jpeg: Uint8Array): Promise<CodedPicture> {
  return coding(jpeg, async () => {
    const { width, height } = await open(jpeg).metadata();
    if (Math.max(width, height) <= maxFrameSide) return { jpeg, width, height };
    const size = { width: maxFrameSide, height: maxFrameSide, fit: 'inside' } as const;
    return encode(open(jpeg).resize(size), frameQuality);
  });
}

/** At most 640 px wide and 200 KB large, whatever the picture shows. */
export async function toThumbnail(jpeg: Uint8Array): Promise<CodedPicture> {
  return coding(jpeg, async () => {
    for (let divisor = 1; ; divisor *= 2) {
      const size = {
        width: Math.ceil(maxThumbnailWidth / divisor),
        height: Math.ceil(maxThumbnailHeight / divisor),
        fit: 'inside',
        withoutEnlargement: true,
      } as const;
      for (const quality of thumbnailQualities) {
        const coded = await encode(open(jpeg).resize(size), quality);
        if (coded.jpeg.byteLength <= maxThumbnailBytes) return coded;
      }
    }
  });
}

/**
 * Takes a picture from outside: looks at its bytes, not at what it is said to be, decodes it whole, turns it upright
 * and makes a JPEG of it that holds nothing but the picture.
 *
 * @param bytes a JPEG, PNG or WebP; of an animation the first picture is taken
 * @throws AppError `PICTURE_INVALID` saying what was received
 */
export async function inspectJpeg(bytes: Uint8Array): Promise<CodedPicture> {
  const received = `${bytes.byteLength} bytes (${formatOf(bytes) ?? 'neither JPEG, PNG nor WebP'})`;
  if (bytes.byteLength > maxUploadBytes || formatOf(bytes) === undefined) {
    throw new AppError(
      'PICTURE_INVALID',
      `The picture is ${received}; expected a JPEG, PNG or WebP of at most ${maxUploadBytes} bytes.`,
    );
  }
  return coding(bytes, async () => {
    const { width, height } = await open(bytes).metadata();
    if (Math.min(width, height) < minUploadSide || width * height > maxUploadPixels) {
      throw new AppError(
        'PICTURE_INVALID',
        `The picture is ${width} × ${height} pixels; expected at least ${minUploadSide} on each side and at most ` +
          `${maxUploadPixels} in all.`,
      );
    }
    const size = {
      width: maxFrameSide,
      height: maxFrameSide,
      fit: 'inside',
      withoutEnlargement: true,
    } as const;
    // What is transparent becomes white; a JPEG would make it black.
    return encode(open(bytes).autoOrient().resize(size).flatten({ background: 'white' }), frameQuality);
  });
}

/** By the first bytes, so that the decoder never sees a format that was not meant. */
function formatOf(bytes: Uint8Array): 'JPEG' | 'PNG' | 'WebP' | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(12, bytes.byteLength)).toString('latin1');
  if (head.startsWith('\u00ff\u00d8\u00ff')) return 'JPEG';
  if (head.startsWith('\u0089PNG\r\n\u001a\n')) return 'PNG';
  if (/^RIFF[^]{4}WEBP/.test(head)) return 'WebP';
  return undefined;
}

function open(bytes: Uint8Array): Sharp {
  return sharp(bytes, { failOn: 'error', limitInputPixels: maxUploadPixels });
}

async function encode(picture: Sharp, quality: number): Promise<CodedPicture> {
  const { data, info } = await picture.jpeg({ quality }).toBuffer({ resolveWithObject: true });
  return { jpeg: data, width: info.width, height: info.height };
}

async function coding<T>(bytes: Uint8Array, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError(
      'PICTURE_INVALID',
      `The picture of ${bytes.byteLength} bytes can't be decoded: ${messageOf(error)}; expected a whole one.`,
      { cause: error },
    );
  }
}
