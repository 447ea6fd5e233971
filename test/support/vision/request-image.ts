import sharp from 'sharp';
import type { RecordedImage } from './recorded-request.ts';

export type ImageFault =
  /** Not sent in the request, or not as the base64 text of a JPEG. */
  | { readonly kind: 'not_jpeg'; readonly mediaType: string }
  | { readonly kind: 'undecodable' }
  | { readonly kind: 'too_many_bytes'; readonly sizeBytes: number; readonly maxBytes: number }
  | { readonly kind: 'too_many_pixels'; readonly side: number; readonly maxSide: number };

const jpegDataUrl = /^data:(?<mediaType>[^;,]*);base64,(?<base64>.*)$/s;

/** The two parts of a data URL; anything else comes back as a media type that no image has. */
export function splitDataUrl(url: string): { readonly mediaType: string; readonly base64: string } {
  const groups = jpegDataUrl.exec(url)?.groups;
  return {
    mediaType: groups?.['mediaType'] ?? 'none: not a base64 data URL',
    base64: groups?.['base64'] ?? '',
  };
}

/**
 * Decodes a picture whole, as the services do.
 *
 * @param maxBytes of the base64 text
 * @param maxSide pixels of the longer side
 */
export async function readImage(
  { mediaType, base64 }: { readonly mediaType: string; readonly base64: string },
  { maxImageBytes: maxBytes, maxImageSide: maxSide }: { maxImageBytes: number; maxImageSide: number },
): Promise<RecordedImage | ImageFault> {
  if (mediaType !== 'image/jpeg') return { kind: 'not_jpeg', mediaType };
  if (base64.length > maxBytes) return { kind: 'too_many_bytes', sizeBytes: base64.length, maxBytes };
  if (base64 === '' || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return { kind: 'undecodable' };
  const jpeg = Buffer.from(base64, 'base64');
  try {
    const { format, width, height } = await sharp(jpeg).metadata();
    if (format !== 'jpeg') return { kind: 'not_jpeg', mediaType: `${mediaType}, in truth ${format}` };
    // Metadata alone says nothing of a file that was cut short.
    await sharp(jpeg, { failOn: 'truncated' }).resize(16).raw().toBuffer();
    const side = Math.max(width, height);
    if (side > maxSide) return { kind: 'too_many_pixels', side, maxSide };
    return { mediaType, width, height, sizeBytes: jpeg.byteLength, jpeg };
  } catch {
    return { kind: 'undecodable' };
  }
}

export function isImageFault(image: RecordedImage | ImageFault): image is ImageFault {
  return 'kind' in image;
}
