import type { DecodeMode } from './camera-settings.ts';
import type { Point } from './geometry.ts';
import type { MotionRegion, Sensitivity, SensitivityAreas } from './motion.ts';

/** Why an episode of motion became an event: what moved where and when, and how nearly it would have been called nothing. */
export interface MotionEvidence {
  /** Of the camera, as are `decode` and the zones, when it happened. */
  readonly sensitivity: Sensitivity;
  readonly decode: DecodeMode;
  /** False while the episode goes on, and for ever when the service ended before it did: then this is its beginning. */
  readonly isComplete: boolean;
  /** Moving frames that were judged. */
  readonly frames: number;
  readonly heat: MotionHeat;
  /** In the order of time: the first, the last, and at most two a second between; 120 at most. */
  readonly samples: readonly EvidenceSample[];
  /** Of the subject that was followed longest; `null` when none was, as with motion that only the camera itself told of. */
  readonly path: SubjectPath | null;
  /** What could have called that subject nothing, nearest first; empty when none was followed. */
  readonly guards: readonly GuardMargin[];
}

/** How long something moved in each field of a coarse grid over the picture. */
export interface MotionHeat {
  readonly columns: number;
  readonly rows: number;
  /** Row by row; `columns * rows` of them. */
  readonly seconds: readonly number[];
}

/** One moving frame. */
export interface EvidenceSample {
  /** Milliseconds from the start of the event. */
  readonly atMs: number;
  /** The four largest at most; of one that lies partly in the zones, the part inside. */
  readonly regions: readonly MotionRegion[];
  /** Names of the include zones in which something moved. */
  readonly zones: readonly string[];
  readonly areas: SensitivityAreas;
}

/** The way of a subject. */
export interface SubjectPath {
  /** 0..1 of the picture, from where it was first seen; 64 at most. */
  readonly points: readonly Point[];
  /** Of the whole way, as a share of the picture's width; who sways without going anywhere has none. */
  readonly length: number;
  /** Largest share of the picture that it covered. */
  readonly area: number;
  /** Frames in which it was found, and all from the first to the last of them. */
  readonly framesFound: number;
  readonly framesFollowed: number;
  /** From the first to the last of them. */
  readonly seconds: number;
}

/**
 * Why motion detection calls something nothing. `small`: it covers too little. `weak`: it hardly differs from the scene.
 * `light`: the structure of the scene shows through it. `texture`: its cells are few and far apart, as when a codec codes a
 * picture anew. `brief`: it was found in too few frames. `clutter`: the same, in a scene with rain or snow of its size.
 * `fast`: the same, for what is as fast for its size as an insect. `flicker`: it is where things swing. `in_place`: it went
 * nowhere. `back_and_forth`: it did not go straight. `patchy`: it was not found in between. `still`: what it is made of did
 * not change, as in something that stands. `whole_picture`: everything changed. `outside_zones`: too little of it lies where the zones let motion count.
 */
export const motionGuards = [
  'small',
  'weak',
  'light',
  'texture',
  'brief',
  'clutter',
  'fast',
  'flicker',
  'in_place',
  'back_and_forth',
  'patchy',
  'still',
  'whole_picture',
  'outside_zones',
] as const;
export type MotionGuard = (typeof motionGuards)[number];

/**
 * What `value` and `limit` of a guard count. `picture`: share of the picture. `width`: share of its width. `growth`:
 * the same, by which the side of a square of its size grew. `share`: share of
 * what the guard looks at, 0..1. `frames`. `times`: a factor. `changes`: a second, between still and moving.
 */
export type GuardUnit = 'picture' | 'width' | 'growth' | 'share' | 'frames' | 'times' | 'changes';

/** How far a subject was from being called nothing by one guard. */
export interface GuardMargin {
  readonly name: MotionGuard;
  /** 1: just not called nothing; 2: twice as far from it; at most 99. Below 1 only where nothing fired. */
  readonly margin: number;
  readonly value: number;
  /** What it is compared with. */
  readonly limit: number;
  /** Whether `value` must not be below the limit, or not above it. */
  readonly side: 'least' | 'most';
  readonly unit: GuardUnit;
}

export const maxMargin = 99;

/** Fields across the longer side of the picture. */
const heatFields = 32;

/** The grid of a picture's heat: fields that are about square. */
export function heatGridOf(width: number, height: number): { columns: number; rows: number } {
  const longer = Math.max(width, height, 1);
  return {
    columns: Math.max(1, Math.round((heatFields * width) / longer)),
    rows: Math.max(1, Math.round((heatFields * height) / longer)),
  };
}
