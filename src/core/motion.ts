import type { Box } from './geometry.ts';
import type { PictureLook } from './picture-look.ts';

export type Sensitivity = 'low' | 'medium' | 'high';

/** One connected part of the picture that moves. */
export interface MotionRegion {
  readonly box: Box;
  /** Share of the picture that moves inside the box, 0..1. */
  readonly area: number;
}

/**
 * Why a sample is motion or is not. `motion`: yes. `quiet`: nothing moves. `small`: something does, below the
 * sensitivity. `outside_zones`: something does, where the camera's zones let nothing count. `warming_up`: the background
 * is still being learnt. `whole_picture`: everything changed at once (lamp, cloud, infrared switch-over, exposure), the
 * background is learnt anew. `flicker`: only what swings in place moves. `camera`: the camera itself says that something moves.
 */
export const motionReasons = [
  'motion',
  'quiet',
  'small',
  'outside_zones',
  'warming_up',
  'whole_picture',
  'flicker',
  'camera',
] as const;
export type MotionReason = (typeof motionReasons)[number];

/** What the detector says of one frame. */
export interface MotionSample {
  readonly capturedAt: number;
  readonly mediaTimeMs: number;
  readonly isMotion: boolean;
  /** How much of the picture moves, against what the sensitivity asks for: 0 none, 1 far above. */
  readonly score: number;
  /** Largest first. Of one that lies partly in the camera's zones, the part inside. */
  readonly regions: readonly MotionRegion[];
  /** Names of the include zones in which something moves. */
  readonly zones: readonly string[];
  readonly reason: MotionReason;
  /**
   * How good a picture of its subject this frame is, 0..1: sharp, the subject large and whole. Only comparable
   * within one episode of one camera.
   */
  readonly quality: number;
  /** With about one frame a second of a camera: what its picture looks like. */
  readonly look?: PictureLook;
}
