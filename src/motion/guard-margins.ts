import { maxMargin, type GuardMargin, type GuardUnit, type MotionGuard } from '../core/motion-evidence.ts';
import type { SubjectReading } from '../core/motion.ts';

/** Moving frames in a row that open an episode at five frames a second. */
export const openingFrames = 3;

/** How a subject stands with every guard at one frame, in no order; no name twice. */
export function guardMargins(reading: SubjectReading): GuardMargin[] {
  const calm = most('flicker', reading.flicker, reading.swinging, 'changes');
  const far = least('flicker', reading.reach, reading.leastReachSwinging, 'width');
  return lowestOfEach([
    least('small', reading.area, reading.smallest, 'picture'),
    least('weak', reading.contrast, 1, 'times'),
    most('light', reading.light, reading.mostLight, 'share'),
    least('texture', reading.density, reading.leastDensity, 'times'),
    least(reading.frameGuard, reading.framesFound, reading.leastFrames, 'frames'),
    least('in_place', reading.reach, reading.leastReach, reading.isGrowing ? 'growth' : 'width'),
    // Among what swings, who goes far enough is taken for a subject all the same.
    reading.isGrowing || calm.margin > far.margin ? calm : far,
    // Who comes towards the camera needs no straight way.
    ...(reading.isGrowing ? [] : [most('back_and_forth', reading.detour, reading.mostDetour, 'share')]),
    most('patchy', reading.missing, reading.mostMissing, 'share'),
    least('still', reading.busyArea, reading.leastBusyArea, 'picture'),
    ...(reading.inside === null
      ? []
      : [least('outside_zones', reading.inside, reading.leastInside, 'picture')]),
  ]);
}

export function wholePictureMargin(wholeness: number): GuardMargin {
  return most('whole_picture', wholeness, 1, 'times');
}

/** An episode has to move in so many frames. */
export function openingMargin(frames: number): GuardMargin {
  return least('brief', frames, openingFrames, 'frames');
}

/** Of those with the same name the one with the least margin. */
export function lowestOfEach(margins: readonly GuardMargin[]): GuardMargin[] {
  const lowest = new Map<MotionGuard, GuardMargin>();
  for (const margin of margins) {
    const known = lowest.get(margin.name);
    if (known === undefined || margin.margin < known.margin) lowest.set(margin.name, margin);
  }
  return [...lowest.values()];
}

export function nearestFirst(margins: readonly GuardMargin[]): GuardMargin[] {
  return margins.toSorted((a, b) => a.margin - b.margin);
}

/** A value that must not be below its limit. */
export function least(name: MotionGuard, value: number, limit: number, unit: GuardUnit): GuardMargin {
  const margin = limit > 0 ? value / limit : maxMargin;
  return { name, margin: Math.min(maxMargin, margin), value, limit, side: 'least', unit };
}

/** A value that must not be above its limit. */
export function most(name: MotionGuard, value: number, limit: number, unit: GuardUnit): GuardMargin {
  const margin = value > 0 ? limit / value : maxMargin;
  return { name, margin: Math.min(maxMargin, margin), value, limit, side: 'most', unit };
}
