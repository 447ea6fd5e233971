import type { ClipFailure } from './camera-video.ts';
import type { Box } from './geometry.ts';
import type { MotionReason, MotionRegion } from './motion.ts';
import type { TokenUsage } from './vision.ts';

/** Something that the object detector recognised. */
export interface Detection {
  /** One of the COCO classes, in lower case: `person`, `car`, … */
  readonly label: string;
  /** 0..1. */
  readonly score: number;
  readonly box: Box;
}

export type EventSource = 'motion' | 'api' | 'manual';

/** What a person says of an event: what was seen is right, it is wrong, or nothing moved at all. */
export type UserFeedback = 'correct' | 'wrong' | 'false_motion';

export type DescriptionStatus = 'pending' | 'done' | 'failed' | 'skipped';

/** The motion that opened an event. */
export interface EventMotion {
  /** 0..1, the highest of the episode so far. */
  readonly score: number;
  readonly regions: readonly MotionRegion[];
  /** Names of the include zones in which something moved so far, in the order in which it did. */
  readonly zones: readonly string[];
  readonly reason: MotionReason;
}

/** One stored picture of an event; number 1 is the best one, from which the thumbnail is made. */
export interface EventFrame {
  /** From 1. */
  readonly number: number;
  readonly capturedAt: number;
  /** Relative to the data folder, with forward slashes. */
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly sizeBytes: number;
  /** What moved in it; empty when that is not known. */
  readonly regions: readonly MotionRegion[];
}

/** The camera's own video around an event, as an MP4 file that browsers play. */
export interface EventClip {
  readonly status: 'recording' | 'ready' | 'failed';
  /** `null` unless it failed. */
  readonly reason: ClipFailure | null;
  /** Relative to the data folder, with forward slashes; the file is there once it is `ready`. */
  readonly path: string;
  /** Of the first and the last picture; `null` unless it is `ready`, as are those below. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** 0 unless it is `ready`. */
  readonly sizeBytes: number;
  /** As FFmpeg names it: `h264` or `hevc`. */
  readonly codec: string | null;
  /** Pixels. */
  readonly width: number | null;
  readonly height: number | null;
}

/**
 * Milliseconds from the frame that opened the episode (or, for events from the API, from their arrival) to the
 * end of each stage; `null` as long as the stage has not ended.
 */
export interface EventTimings {
  readonly captured: number | null;
  readonly queued: number | null;
  readonly described: number | null;
  readonly stored: number | null;
  readonly total: number | null;
}

export interface VedetteEvent {
  /** UUIDv7. */
  readonly id: string;
  readonly cameraId: string;
  readonly cameraName: string;
  readonly source: EventSource;
  /** Of the best frame; epoch ms UTC, as are all times here. */
  readonly timestamp: number;
  /** The frame that opened the episode. */
  readonly startedAt: number;
  /** Last moment of motion; `null` while the episode goes on. */
  readonly endedAt: number | null;
  readonly description: string | null;
  /** Short form of the description, at most 80 characters. */
  readonly title: string | null;
  readonly descriptionStatus: DescriptionStatus;
  /** Why it failed or was skipped, e.g. `overload`; `labels` where it is done and nobody was told; `null` otherwise. */
  readonly descriptionReason: string | null;
  /** 0..100 as the provider gave it; `null` when it gave none. */
  readonly confidence: number | null;
  readonly objectsDetected: readonly string[];
  readonly actions: readonly string[];
  /** Nothing in the pictures that anybody would want to know of, as far as the provider can tell. */
  readonly isNothingOfInterest: boolean;
  readonly detections: readonly Detection[];
  readonly motion: EventMotion | null;
  readonly provider: string | null;
  readonly model: string | null;
  /** Of the prompt that the description answers; `null` where none was sent. */
  readonly promptVersion: string | null;
  /** The event whose description was reused, its picture being nearly the same; it may be gone by now. */
  readonly sameAs: string | null;
  readonly frames: readonly EventFrame[];
  /** `null` when none was to be recorded. */
  readonly clip: EventClip | null;
  /** Relative to the data folder; `null` when the event has no picture. */
  readonly thumbnailPath: string | null;
  readonly alertTriggered: boolean;
  readonly userFeedback: UserFeedback | null;
  /** What a person wrote beside it. */
  readonly note: string | null;
  /** Marked by a person as worth keeping. */
  readonly isStarred: boolean;
  readonly timings: EventTimings;
  readonly costUsd: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What a vision provider answered. */
export interface Description {
  /** 1–3 sentences. */
  readonly text: string;
  /** Short form, at most 80 characters. */
  readonly title: string | null;
  /** 0..100, or `null` when the provider gave none: never made up. */
  readonly confidence: number | null;
  /** Labels from structured output or the detector, never from prose. */
  readonly objects: readonly string[];
  /** What is done: `walks to the door`, …; from structured output or the tracks. */
  readonly actions: readonly string[];
  /** Nothing in the pictures that anybody would want to know of, as far as the provider can tell. */
  readonly isNothingOfInterest: boolean;
  readonly detections: readonly Detection[];
  readonly provider: string;
  readonly model: string | null;
  /** US dollars; `null` when the model's price is not known, 0 when it is free. */
  readonly costUsd: number | null;
  /** `null` when nothing was asked that counts tokens. */
  readonly usage: TokenUsage | null;
}
