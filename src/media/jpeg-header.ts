import type { Dimensions } from './picture-dimensions.ts';

/**
 * The size of a JPEG that stands by itself, `undefined` for anything else: some cameras and AVI files leave the
 * Huffman tables out of their pictures (ITU-T T.81, annex B describes the markers).
 */
export function readJpegHeader(data: Uint8Array): Dimensions | undefined {
  if (data[0] !== 0xff || data[1] !== 0xd8) return undefined;
  let size: Dimensions | undefined;
  let hasHuffmanTables = false;
  let at = 2;
  while (at + 9 < data.length) {
    if (data[at] !== 0xff) return undefined;
    const marker = data[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const isStartOfScan = marker === 0xda;
    if (isStartOfScan) return hasHuffmanTables ? size : undefined;
    if (marker === 0xc4) hasHuffmanTables = true;
    const isFrameHeader = marker >= 0xc0 && marker <= 0xc2;
    if (isFrameHeader) {
      size = {
        height: ((data[at + 5] ?? 0) << 8) | (data[at + 6] ?? 0),
        width: ((data[at + 7] ?? 0) << 8) | (data[at + 8] ?? 0),
      };
    }
    at += 2 + (((data[at + 2] ?? 0) << 8) | (data[at + 3] ?? 0));
  }
  return undefined;
}
