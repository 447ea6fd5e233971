import type { Detection } from '../core/event.ts';
import { areaOf, boundsOf, clipToPicture, type Box } from '../core/geometry.ts';
import type { MotionRegion } from '../core/motion.ts';
import { isInMotion } from './in-motion.ts';
import { kindOf } from './kinds.ts';

export interface PixelBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Several things far from each other have no common crop: then it is that of the largest. */
const widestBounds = 0.5;
const margin = 1.3;
/** Of the original, px: with less around it a subject is hard to place. */
const leastSide = 512;
/** How much more detail a crop must show than the whole picture to be worth sending. */
const worthwhile = 1.25;

/** Of what moves those that were recognised. */
export function movingDetections(
  detections: readonly Detection[],
  regions: readonly MotionRegion[],
): readonly Detection[] {
  const known = regions.length === 0 ? undefined : regions;
  return detections.filter(
    (detection) => kindOf(detection.label) !== undefined && isInMotion(detection, detections, known),
  );
}

/** Where in the picture the event takes place; `undefined` when nobody knows. */
export function subjectBox(
  detections: readonly Detection[],
  regions: readonly MotionRegion[],
): Box | undefined {
  const moving = movingDetections(detections, regions).map(({ box }) => box);
  const boxes = moving.length > 0 ? moving : regions.map(({ box }) => box);
  const bounds = boundsOf(boxes);
  if (bounds === undefined) return undefined;
  if (areaOf(bounds) <= widestBounds) return clipToPicture(bounds);
  const largest = boxes.toSorted((a, b) => areaOf(b) - areaOf(a))[0];
  return clipToPicture(largest ?? bounds);
}

/**
 * The part of a picture to send beside the whole: a square around the subject, of at least 512 px where the original
 * allows; `undefined` when it would show hardly more than the shrunk whole does.
 */
export function planCrop(
  box: Box,
  picture: { readonly width: number; readonly height: number },
  { longestSide, cropLongestSide }: { readonly longestSide: number; readonly cropLongestSide: number },
): PixelBox | undefined {
  const wanted = Math.max(box[2] * picture.width, box[3] * picture.height) * margin;
  const side = Math.round(Math.max(wanted, leastSide));
  const width = Math.min(side, picture.width);
  const height = Math.min(side, picture.height);
  const wholeScale = Math.min(1, longestSide / Math.max(picture.width, picture.height));
  const cropScale = Math.min(1, cropLongestSide / Math.max(width, height));
  if (cropScale < wholeScale * worthwhile) return undefined;
  return {
    left: within((box[0] + box[2] / 2) * picture.width - width / 2, picture.width - width),
    top: within((box[1] + box[3] / 2) * picture.height - height / 2, picture.height - height),
    width,
    height,
  };
}

function within(value: number, most: number): number {
  return Math.round(Math.min(Math.max(value, 0), most));
}
