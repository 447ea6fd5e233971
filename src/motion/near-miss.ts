import type { GuardMargin } from '../core/motion-evidence.ts';
import type { MotionReason, MotionSample, NearMiss } from '../core/motion.ts';
import { guardMargins, least, most, nearestFirst, openingMargin } from './guard-margins.ts';
import { leastDensity, leastNewShare, type CellRegion } from './regions.ts';
import type { Scene } from './scene.ts';

/**
 * What of a frame in which no subject moves was nearest to being one, and which guard held it back; `undefined` when
 * nothing differs from the scene.
 *
 * @param minArea cells of the smallest subject
 */
export function nearMissOf(
  scene: Scene,
  found: readonly CellRegion[],
  minArea: number,
): NearMiss | undefined {
  const { count } = scene.grid;
  let nearest: NearMiss | undefined;
  const consider = (area: number, margins: readonly GuardMargin[]): void => {
    const [guard] = nearestFirst(margins);
    if (guard !== undefined && (nearest === undefined || guard.margin > nearest.guard.margin)) {
      nearest = { area: area / count, guard };
    }
  };
  const left = scene.finder.largestLeftOut;
  if (left > 0) consider(left, [least('small', left / count, minArea / count, 'picture')]);
  for (const [index, region] of found.entries()) {
    if (scene.isCandidate[index] === 1) continue;
    const box = (region.right - region.left + 1) * (region.bottom - region.top + 1);
    consider(region.area, [
      most('light', region.showsGround ? 1 : 1 - region.newShare, 1 - leastNewShare, 'share'),
      least('texture', region.mass / box, leastDensity, 'times'),
    ]);
  }
  for (const track of scene.tracker.tracks) {
    const region = found[track.region];
    if (!track.isUsed || region === undefined) continue;
    const margins = guardMargins(scene.evidence.readTrack(scene, track, region, undefined, minArea));
    // Of one that has moved like a subject before, what counts is how much of it changes now.
    const busy = region.activity * region.area;
    const needed = Math.max(3, minArea * 0.4, region.area * 0.12);
    const now = track.isConfirmed ? [least('still', busy / count, needed / count, 'picture')] : [];
    consider(region.area, [...margins.filter(({ name }) => now.length === 0 || name !== 'still'), ...now]);
  }
  return nearest;
}

/** Why nothing fired. */
export interface QuietReport {
  /** Frames that were judged, by what was said of them. */
  readonly frames: ReadonlyMap<MotionReason, number>;
  /** When an event was nearest, ms of the stream, and what it lacked; `undefined` when nothing differed from the scene. */
  readonly nearest: (NearMiss & { readonly mediaTimeMs: number }) | undefined;
}

/** Finds where a recording was nearest to an event. Fed with every sample of a detector that explains, in order. */
export class NearMissWatch {
  readonly #frames = new Map<MotionReason, number>();
  #nearest: QuietReport['nearest'];
  #best = -1;
  /** Moving frames in a row. */
  #run = 0;

  push(sample: MotionSample): void {
    this.#frames.set(sample.reason, (this.#frames.get(sample.reason) ?? 0) + 1);
    this.#run = sample.isMotion ? this.#run + 1 : 0;
    const [largest] = sample.regions;
    // What moved at all was nearer than what did not, and the longer it moved, the nearer.
    if (sample.isMotion && largest !== undefined) {
      this.#consider({ area: largest.area, guard: openingMargin(this.#run) }, sample, 1);
    } else if (sample.nearMiss !== undefined) this.#consider(sample.nearMiss, sample, 0);
  }

  report(): QuietReport {
    return { frames: this.#frames, nearest: this.#nearest };
  }

  #consider(miss: NearMiss, { mediaTimeMs }: MotionSample, ahead: number): void {
    const rank = ahead + Math.min(0.999, miss.guard.margin);
    if (rank <= this.#best) return;
    this.#best = rank;
    this.#nearest = { ...miss, mediaTimeMs };
  }
}
