import type { MotionSample } from '../core/motion.ts';

/** At this many candidates the worse one of the two that are closest in time gives way. */
const maxCandidates = 64;

/** The moving frames of one episode from which its pictures are chosen. */
export class FrameCandidates {
  readonly #samples: MotionSample[] = [];
  #givenWayCount = 0;

  get size(): number {
    return this.#samples.length;
  }

  /** How many candidates gave way to later ones. */
  get givenWayCount(): number {
    return this.#givenWayCount;
  }

  /** In the order of time. Frames without motion show no subject and are left out. */
  add(sample: MotionSample): void {
    if (!sample.isMotion) return;
    this.#samples.push(sample);
    if (this.#samples.length > maxCandidates) this.#thinOut();
  }

  clear(): void {
    this.#samples.length = 0;
  }

  /**
   * The best frame first, then the best of those far from the ones already chosen.
   *
   * @returns at most `count`, fewer when there are fewer candidates; no frame twice
   */
  pick(count: number): MotionSample[] {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined) return [];
    const spacingMs = Math.max(1, (last.mediaTimeMs - first.mediaTimeMs) / Math.max(1, count));
    const chosen: MotionSample[] = [];
    while (chosen.length < count && chosen.length < this.#samples.length) {
      let best: MotionSample | undefined;
      let bestWorth = -1;
      for (const sample of this.#samples) {
        if (chosen.includes(sample)) continue;
        const worth = (0.05 + sample.quality) * spreadFrom(sample, chosen, spacingMs);
        if (worth > bestWorth) {
          bestWorth = worth;
          best = sample;
        }
      }
      if (best === undefined) break;
      chosen.push(best);
    }
    return chosen;
  }

  #thinOut(): void {
    let closest = 1;
    let shortest = Number.POSITIVE_INFINITY;
    for (let i = 1; i < this.#samples.length; i += 1) {
      const gap = (this.#samples[i]?.mediaTimeMs ?? 0) - (this.#samples[i - 1]?.mediaTimeMs ?? 0);
      if (gap < shortest) {
        shortest = gap;
        closest = i;
      }
    }
    const earlier = this.#samples[closest - 1]?.quality ?? 0;
    const later = this.#samples[closest]?.quality ?? 0;
    this.#samples.splice(earlier < later ? closest - 1 : closest, 1);
    this.#givenWayCount += 1;
  }
}

/** 0..1: how far the sample is from the nearest chosen one, 1 from the spacing on. */
function spreadFrom(sample: MotionSample, chosen: readonly MotionSample[], spacingMs: number): number {
  let spread = 1;
  for (const other of chosen) {
    spread = Math.min(spread, Math.abs(sample.mediaTimeMs - other.mediaTimeMs) / spacingMs);
  }
  return spread;
}
