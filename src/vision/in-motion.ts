import type { Detection } from '../core/event.ts';
import { areaOf, intersectionArea, overlapOf } from '../core/geometry.ts';
import type { MotionRegion } from '../core/motion.ts';

/** Share of the box that motion must cover when the motion is explained better by something else. */
const mostlyMoving = 0.35;
/** The same when nothing explains the motion better. */
const partlyMoving = 0.1;

/**
 * Whether the motion is (also) that of this detection, rather than of something before or beside it: a person who
 * walks past a parked car does not make the car move.
 *
 * @param all that was detected in the frame, the detection among them
 * @param regions `undefined` when it is not known what moved: then anything may
 */
export function isInMotion(
  detection: Detection,
  all: readonly Detection[],
  regions: readonly MotionRegion[] | undefined,
): boolean {
  if (regions === undefined) return true;
  const covered = coverageOf(detection, regions);
  if (covered >= mostlyMoving) return true;
  return (
    covered >= partlyMoving &&
    regions.some((region) => fitOf(detection, region) > 0 && bestFit(all, region) === detection)
  );
}

/** Share of the box that lies in regions; regions do not overlap each other. */
function coverageOf(detection: Detection, regions: readonly MotionRegion[]): number {
  const area = areaOf(detection.box);
  if (area === 0) return 0;
  return regions.reduce((sum, region) => sum + intersectionArea(detection.box, region.box), 0) / area;
}

function bestFit(all: readonly Detection[], region: MotionRegion): Detection | undefined {
  return all.toSorted((a, b) => fitOf(b, region) - fitOf(a, region))[0];
}

function fitOf(detection: Detection, region: MotionRegion): number {
  return overlapOf(detection.box, region.box);
}
