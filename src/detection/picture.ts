import sharp from 'sharp';
import { AppError, messageOf } from '../core/errors.ts';
import type { Box } from '../core/geometry.ts';

/** A decoded picture: RGB, row by row without padding. */
export interface RgbPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Pixels. Larger pictures are made smaller while they are decoded: a crop of a quarter still has more than the model takes. */
const longestSide = 2560;
/** Refused before decoding: nothing that a camera sends. */
const maxPixels = 100_000_000;

/** @throws AppError `PICTURE_INVALID` */
export async function decodePicture(jpeg: Uint8Array): Promise<RgbPicture> {
  try {
    const { data, info } = await sharp(jpeg, { limitInputPixels: maxPixels })
      .autoOrient()
      .resize({ width: longestSide, height: longestSide, fit: 'inside', withoutEnlargement: true })
      .flatten()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data };
  } catch (error) {
    throw new AppError(
      'PICTURE_INVALID',
      `A JPEG was expected; ${jpeg.length} bytes came that can't be read as one: ${messageOf(error)}.`,
      { cause: error },
    );
  }
}

/** A part of a picture, scaled to the model's square input, and where it lies in it. */
export interface ModelInput {
  readonly rgb: Uint8Array;
  /** The part of the picture, 0..1 of the picture. */
  readonly part: Box;
  /** Shares of the input that the part fills, from the top left; the rest is padding. */
  readonly fill: { readonly x: number; readonly y: number };
}

/** Keeps the shape of what is seen: the part is scaled until its longer side fits, the rest is filled with gray. */
export async function letterbox(picture: RgbPicture, part: Box, side: number): Promise<ModelInput> {
  const left = Math.min(picture.width - 1, Math.round(part[0] * picture.width));
  const top = Math.min(picture.height - 1, Math.round(part[1] * picture.height));
  const width = Math.max(1, Math.min(picture.width - left, Math.round(part[2] * picture.width)));
  const height = Math.max(1, Math.min(picture.height - top, Math.round(part[3] * picture.height)));
  const scale = side / Math.max(width, height);
  const filledWidth = Math.max(1, Math.round(width * scale));
  const filledHeight = Math.max(1, Math.round(height * scale));
  const rgb = await sharp(picture.data, {
    raw: { width: picture.width, height: picture.height, channels: 3 },
  })
    .extract({ left, top, width, height })
    .resize({ width: filledWidth, height: filledHeight, fit: 'fill', kernel: 'linear' })
    // The model was trained on pictures at the top left, padded with its zero, which is the middle gray.
    .extend({
      right: side - filledWidth,
      bottom: side - filledHeight,
      background: { r: 127, g: 127, b: 127 },
    })
    .raw()
    .toBuffer();
  return {
    rgb,
    part: [left / picture.width, top / picture.height, width / picture.width, height / picture.height],
    fill: { x: filledWidth / side, y: filledHeight / side },
  };
}
