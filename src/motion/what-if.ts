import type { Zone } from '../core/camera-settings.ts';
import type { MotionHeat } from '../core/motion-evidence.ts';
import type { MotionRegion, Sensitivity } from '../core/motion.ts';
import { sensitivityScales, smallestSubject } from './sensitivity.ts';
import { analysedFrame, ZoneAreas } from './zone-areas.ts';

/** What is kept of the motion that made an event. */
export interface RecordedMotion {
  /** With which it was recorded. */
  readonly sensitivity: Sensitivity;
  /** In the order of time; fewer than there were frames. */
  readonly samples: Iterable<RecordedSample>;
  /** Its grid has the shape of the picture. */
  readonly heat: Pick<MotionHeat, 'columns' | 'rows'>;
}

/** One moving frame. */
export interface RecordedSample {
  /** Milliseconds from the start of the event. */
  readonly atMs: number;
  /** What counted, under the zones of that time. */
  readonly regions: readonly MotionRegion[];
  /** Share of the picture that the largest subject covers with each sensitivity; `null` where that is not known. */
  readonly areas: Readonly<Record<Sensitivity, number | null>>;
}

/** What of a camera's settings decides on motion. */
export interface MotionRule {
  readonly sensitivity: Sensitivity;
  /** On a picture of this shape; `undefined` where motion counts everywhere. */
  readonly zonesOn: (heat: RecordedMotion['heat']) => ZoneAreas | undefined;
}

/**
 * Three moving frames in a row open an episode: at five a second the last of them comes 400 ms after the first, give or take
 * a little. Of the frames only two a second are kept, so time is counted and not they.
 */
const leastRunMs = 350;

export function motionRule(sensitivity: Sensitivity, zones: readonly Zone[]): MotionRule {
  // Most events of a camera have pictures of the same shape.
  const known = new Map<string, ZoneAreas>();
  return {
    sensitivity,
    zonesOn(heat) {
      if (zones.length === 0) return undefined;
      const shape = `${heat.columns} ${heat.rows}`;
      const areas = known.get(shape) ?? new ZoneAreas(zones, analysedFrame(heat));
      known.set(shape, areas);
      return areas;
    },
  };
}

/** Whether such motion opens an episode under these settings, as far as its samples tell. */
export function wouldOpen({ sensitivity, samples, heat }: RecordedMotion, rule: MotionRule): boolean {
  const zones = rule.zonesOn(heat);
  let runBegan: number | undefined;
  for (const sample of samples) {
    if (!wouldMove(sample, sensitivity, rule.sensitivity, zones)) {
      runBegan = undefined;
      continue;
    }
    runBegan ??= sample.atMs;
    if (sample.atMs - runBegan >= leastRunMs) return true;
  }
  return false;
}

function wouldMove(
  sample: RecordedSample,
  recordedWith: Sensitivity,
  sensitivity: Sensitivity,
  zones: ZoneAreas | undefined,
): boolean {
  const scale = sensitivityScales[sensitivity];
  const isStricter = scale.minShare > sensitivityScales[recordedWith].minShare;
  // What a zone that is smaller than a subject let through is not weighed against a subject's size again.
  if (isStricter && (sample.areas[sensitivity] ?? 1) < scale.minShare) return false;
  if (zones === undefined) return sample.regions.length > 0;
  const minArea = smallestSubject(scale, zones.grid);
  return sample.regions.some((region) => zones.counts(region, minArea));
}
