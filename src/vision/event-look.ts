import sharp from 'sharp';
import type { EventLook } from './duplicate-memory.ts';
import { lookAtFrame } from './frame-look.ts';
import { differenceHash, hashInput } from './perceptual-hash.ts';
import { movingDetections, subjectBox } from './subject-box.ts';
import type { DescribeInput } from './vision-provider.ts';

/** Less than this of the original is too little to compare, px. */
const leastSide = 16;

/**
 * How an event looks, to find it again.
 *
 * @returns `undefined` when it is not known what the event is about: such events are never taken for each other
 * @throws when the picture can't be read
 */
export async function lookOfEvent(
  input: Pick<DescribeInput, 'frames' | 'bestCapturedAt' | 'motion' | 'hints'>,
): Promise<EventLook | undefined> {
  const frame = input.frames.find(({ capturedAt }) => capturedAt === input.bestCapturedAt);
  if (frame === undefined) return undefined;
  const regions = frame.regions.length > 0 ? frame.regions : (input.motion?.regions ?? []);
  const detections = input.hints?.detections ?? [];
  const box = subjectBox(detections, regions);
  if (box === undefined) return undefined;
  const { width, height, hash } = await lookAtFrame(frame.jpeg);
  const part = {
    left: Math.floor(box[0] * width),
    top: Math.floor(box[1] * height),
    width: Math.floor(box[2] * width),
    height: Math.floor(box[3] * height),
  };
  if (part.width < leastSide || part.height < leastSide) return undefined;
  const gray = await sharp(frame.jpeg)
    .extract(part)
    .greyscale()
    .resize(hashInput.width, hashInput.height, { fit: 'fill' })
    .raw()
    .toBuffer();
  const labels = movingDetections(detections, regions).map(({ label }) => label);
  return {
    capturedAt: frame.capturedAt,
    frame: hash,
    subject: differenceHash(gray),
    box,
    labels: labels.toSorted(),
  };
}
