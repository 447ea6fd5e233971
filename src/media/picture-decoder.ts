import { AV_CODEC_ID_MJPEG } from 'node-av/constants';
import type { CodecParameters, Packet } from 'node-av/lib';
import type { StreamRequest } from '../core/camera-source.ts';
import type { Picture } from '../core/frame.ts';
import { JpegEncoder, type Jpeg } from './jpeg-encoder.ts';
import { readJpegHeader } from './jpeg-header.ts';
import { keyframeBefore, type RingEntry } from './packet-ring.ts';
import { longestSide } from './picture-dimensions.ts';
import { VideoDecoder } from './video-decoder.ts';

export interface PictureOrder {
  readonly parameters: CodecParameters;
  /** In decoding order, from a key frame on; they stay with the caller. */
  readonly entries: readonly RingEntry<Packet>[];
  /** Times of packets among them, epoch µs, in any order. */
  readonly wantedUs: readonly number[];
  /** Blackened in every picture. */
  readonly masks: StreamRequest['masks'];
}

/**
 * Decodes the wanted frames cleanly, in one pass over each group of pictures that holds some, and codes them as
 * JPEG. Ends early when the signal aborts. The pictures come in the order asked for; `undefined` in place of one that could not be decoded.
 */
export async function decodePictures(
  order: PictureOrder,
  signal: AbortSignal,
): Promise<(Picture | undefined)[]> {
  const pictures = new Map<number, Picture>();
  if (order.parameters.codecId === AV_CODEC_ID_MJPEG) takeReadyPictures(pictures, order);
  const open = [...new Set(order.wantedUs)]
    .filter((timeUs) => !pictures.has(timeUs))
    .toSorted((a, b) => a - b);
  if (open.length > 0) await decodeInto(pictures, open, order, signal);
  return order.wantedUs.map((timeUs) => pictures.get(timeUs));
}

function pictureOf(timeUs: number, jpeg: Jpeg): Picture {
  return { capturedAt: Math.round(timeUs / 1000), ...jpeg };
}

/** Pictures that the camera has sent as JPEG already, where they need no change. */
function takeReadyPictures(
  pictures: Map<number, Picture>,
  { entries, wantedUs, parameters, masks }: PictureOrder,
): void {
  if (masks.length > 0) return;
  const { num, den } = parameters.sampleAspectRatio;
  if (num !== den && num > 0) return;
  for (const { packet, timeUs } of entries) {
    const { data } = packet;
    if (data === null || !wantedUs.includes(timeUs)) continue;
    const size = readJpegHeader(data);
    if (size === undefined || Math.max(size.width, size.height) > longestSide) continue;
    pictures.set(timeUs, pictureOf(timeUs, { ...size, jpeg: new Uint8Array(data) }));
  }
}

async function decodeInto(
  pictures: Map<number, Picture>,
  wantedUs: readonly number[],
  { parameters, entries, masks }: PictureOrder,
  signal: AbortSignal,
): Promise<void> {
  const decoder = await VideoDecoder.open(parameters, { skipLoopFilter: false });
  if (decoder === undefined) return;
  using encoder = new JpegEncoder(masks);
  const waiting = [...wantedUs];
  const onFrame: Parameters<VideoDecoder['decode']>[1] = async (frame, timeUs) => {
    const next = waiting[0];
    // A frame that the decoder left out is answered with the next one.
    if (next === undefined || timeUs < next) return;
    const picture = pictureOf(timeUs, await encoder.encode(frame));
    while (waiting[0] !== undefined && waiting[0] <= timeUs) pictures.set(waiting.shift() ?? timeUs, picture);
  };
  try {
    for (let index = 0; index < entries.length && waiting.length > 0 && !signal.aborted; index += 1) {
      const entry = entries[index];
      if (entry === undefined) break;
      if (entry.isKeyframe) {
        const target = entries.findIndex(({ timeUs }) => timeUs === waiting[0]);
        const group = keyframeBefore(entries, target);
        // The groups in between need no decoding.
        if (group > index) {
          await decoder.decode(null, onFrame);
          decoder.flush();
          index = group - 1;
          continue;
        }
      }
      await decoder.decode(entry.packet, onFrame);
    }
    if (waiting.length > 0 && !signal.aborted) await decoder.decode(null, onFrame);
  } finally {
    decoder.free();
  }
}
