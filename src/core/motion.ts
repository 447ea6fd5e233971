import type { Box } from './geometry.ts';
import type { GuardMargin } from './motion-evidence.ts';
import type { PictureLook } from './picture-look.ts';

/** The least sensitive first. */
export const sensitivities = ['low', 'medium', 'high'] as const;
export type Sensitivity = (typeof sensitivities)[number];

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
  /** What the verdict came from; with moving frames. */
  readonly evidence?: SampleEvidence;
  /** With frames in which something was seen that does not move, where the detector is asked to explain. */
  readonly nearMiss?: NearMiss;
}

/**
 * What the largest subject would cover with each sensitivity, as a share of the picture: 0 when nothing of it would be
 * found, `null` with one that is higher than what the camera had, since that would have looked at more. A frame moves when
 * it is as large as the smallest subject.
 */
export type SensitivityAreas = Readonly<Record<Sensitivity, number | null>>;

/** What was nearest to being a subject, and what held it back. */
export interface NearMiss {
  /** Share of the picture. */
  readonly area: number;
  readonly guard: GuardMargin;
}

/** What the verdict on one frame came from. */
export interface SampleEvidence {
  /** The grid that `moved` counts in: see `heatGridOf`. */
  readonly columns: number;
  readonly rows: number;
  /** Fields in which a subject moves, by their number, row by row. */
  readonly moved: readonly number[];
  readonly areas: SensitivityAreas;
  /** How nearly the frame would have been taken for a change of the whole picture: 1 is the limit. */
  readonly wholeness: number;
  /** Four at most, those first that have been followed longest. */
  readonly subjects: readonly SubjectReading[];
}

/** What is known of one subject at one frame. Shares of the picture are of its area, lengths shares of its width. */
export interface SubjectReading {
  /** The same as long as it is followed. */
  readonly track: number;
  /** 0..1. */
  readonly x: number;
  readonly y: number;
  /** Where and when it was first seen; ms of the stream. */
  readonly bornX: number;
  readonly bornY: number;
  readonly bornAt: number;
  readonly framesFound: number;
  readonly framesFollowed: number;
  /** Of its way so far. */
  readonly length: number;
  readonly area: number;
  readonly smallest: number;
  /** Of the part that the zones let count, and how much of it must; `null` when motion counts everywhere. */
  readonly inside: number | null;
  readonly leastInside: number;
  /** How much higher the threshold could be until too little of it is left: a factor. */
  readonly contrast: number;
  /** Share of it in which the structure of the scene is intact, and the most that may be. */
  readonly light: number;
  readonly mostLight: number;
  /** How densely its cells fill its box, and the least. */
  readonly density: number;
  readonly leastDensity: number;
  /** Changes per second of its cells between still and moving, and from when on it is in what swings. */
  readonly flicker: number;
  readonly swinging: number;
  /** How far from where it was first seen it was at most, or, `isGrowing`, how much it grew; and what was asked for. */
  readonly reach: number;
  readonly leastReach: number;
  /** What is asked for where things swing. */
  readonly leastReachSwinging: number;
  readonly isGrowing: boolean;
  /** How it stood when it was decided that it moves like a subject, or stands, while that is not decided. */
  readonly isConfirmed: boolean;
  /** Frames in which it had to be found, and what asks for more than usual. */
  readonly leastFrames: number;
  readonly frameGuard: 'brief' | 'clutter' | 'fast' | 'flicker';
  /** How much of it changed within 0.6 s, lately, and the least: shares of the picture. */
  readonly busyArea: number;
  readonly leastBusyArea: number;
  /** Share of the frames in which it was not found, and the most. */
  readonly missing: number;
  readonly mostMissing: number;
  /** Way ÷ distance − 1, and the most. */
  readonly detour: number;
  readonly mostDetour: number;
}
