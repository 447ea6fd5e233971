import sharp from 'sharp';
import { messageOf } from '../core/errors.ts';
import { chooseFrames } from './frames.ts';
import { lookAtFrame, type FrameLook } from './frame-look.ts';
import type { PictureRule } from './models.ts';
import { planCrop, subjectBox, type PixelBox } from './subject-box.ts';
import { VisionError } from './vision-error.ts';
import type { DescribeFrame, DescribeInput } from './vision-provider.ts';

export interface SizedPicture {
  readonly kind: 'frame' | 'crop';
  readonly capturedAt: number;
  readonly jpeg: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export interface EventPictures {
  /** Frames in the order of time, then the crop of the best one, if any. */
  readonly pictures: readonly SizedPicture[];
  readonly isGray: boolean;
}

interface SeenFrame {
  readonly frame: DescribeFrame;
  readonly look: FrameLook;
}

const jpegQuality = 80;
/** The most frames that are looked at. */
const mostFrames = 6;

/**
 * The pictures of an event as a provider is to get them: chosen, shrunk to what it charges for, and the subject enlarged.
 * One unreadable picture among several costs only itself.
 *
 * @throws VisionError `bad_request` when none can be read
 */
export async function preparePictures(
  input: Pick<DescribeInput, 'frames' | 'bestCapturedAt' | 'motion' | 'hints'>,
  most: number,
  rule: Pick<PictureRule, 'longestSide' | 'cropLongestSide'>,
): Promise<EventPictures> {
  const seen = await lookAtAll(withinLimit(input.frames, input.bestCapturedAt));
  const best = bestOf(seen, input.bestCapturedAt);
  const chosen = chooseFrames(
    seen.map(({ look }) => look),
    best,
    most,
  ).flatMap((index) => seen[index] ?? []);
  const subject = seen[best];
  const crop = subject === undefined ? undefined : cropOf(subject, input, rule);
  const pictures = await Promise.all([
    ...chosen.map(({ frame }) => shrunk(frame, 'frame', rule.longestSide)),
    ...(subject === undefined || crop === undefined
      ? []
      : [shrunk(subject.frame, 'crop', rule.cropLongestSide, crop)]),
  ]);
  return { pictures, isGray: chosen.every(({ look }) => look.isGray) };
}

/** The best one, and the last of the others. */
function withinLimit(
  frames: readonly DescribeFrame[],
  bestCapturedAt: number | undefined,
): readonly DescribeFrame[] {
  if (frames.length <= mostFrames) return frames;
  const others = frames.filter(({ capturedAt }) => capturedAt !== bestCapturedAt);
  const best = frames.filter(({ capturedAt }) => capturedAt === bestCapturedAt).slice(0, 1);
  const kept = new Set([...best, ...others.slice(best.length - mostFrames)]);
  return frames.filter((frame) => kept.has(frame));
}

async function lookAtAll(frames: readonly DescribeFrame[]): Promise<SeenFrame[]> {
  let failure: unknown;
  const seen = await Promise.all(
    frames.map(async (frame) => {
      try {
        return [{ frame, look: await lookAtFrame(frame.jpeg) }];
      } catch (error) {
        failure = error;
        return [];
      }
    }),
  );
  if (seen.some((found) => found.length > 0)) return seen.flat();
  throw new VisionError('bad_request', `No picture of the event can be read: ${messageOf(failure)}`, {
    cause: failure,
  });
}

function bestOf(seen: readonly SeenFrame[], bestCapturedAt: number | undefined): number {
  const named = seen.findIndex(({ frame }) => frame.capturedAt === bestCapturedAt);
  if (named >= 0) return named;
  const sharpest = Math.max(...seen.map(({ look }) => look.sharpness));
  return seen.findIndex(({ look }) => look.sharpness === sharpest);
}

function cropOf(
  { frame, look }: SeenFrame,
  { motion, hints, bestCapturedAt }: Pick<DescribeInput, 'motion' | 'hints' | 'bestCapturedAt'>,
  rule: Pick<PictureRule, 'longestSide' | 'cropLongestSide'>,
): PixelBox | undefined {
  // Boxes of the detector fit the picture that stands for the event, and no other.
  const detections = frame.capturedAt === bestCapturedAt ? (hints?.detections ?? []) : [];
  const box = subjectBox(detections, frame.regions.length > 0 ? frame.regions : (motion?.regions ?? []));
  return box === undefined ? undefined : planCrop(box, look, rule);
}

async function shrunk(
  { jpeg, capturedAt }: DescribeFrame,
  kind: SizedPicture['kind'],
  longestSide: number,
  crop?: PixelBox,
): Promise<SizedPicture> {
  const source = sharp(jpeg);
  const part = crop === undefined ? source : source.extract(crop);
  const { data, info } = await part
    .resize(longestSide, longestSide, { fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: jpegQuality })
    .toBuffer({ resolveWithObject: true });
  return { kind, capturedAt, jpeg: data, width: info.width, height: info.height };
}
