import type { MotionReason, MotionRegion, MotionSample } from '../core/motion.ts';

export interface EpisodeOptions {
  /** Analysed frames per second. */
  readonly frameRate: number;
  /** Milliseconds without motion after which an episode is over. */
  readonly quietGapMs?: number;
  /**
   * The same when nothing is left of what moved: the subject has gone, it doesn't merely stand. Default 2000; never
   * longer than `quietGapMs`.
   */
  readonly emptyGapMs?: number;
  /** Milliseconds after which an episode ends although motion goes on; what follows is a new one. */
  readonly maxLengthMs?: number;
}

/** A stretch of motion on one camera. Each transition carries its own copy. */
export interface Episode {
  /** Of its first moving frame, epoch ms. */
  readonly startedAt: number;
  readonly startedMediaTimeMs: number;
  /** Of its last moving frame so far. */
  readonly lastMotionAt: number;
  readonly lastMotionMediaTimeMs: number;
  /** Moving frames so far. */
  readonly movingFrames: number;
  /** 0..1, the highest so far, and what moved then. */
  readonly peakScore: number;
  readonly peakRegions: readonly MotionRegion[];
  /** Names of the zones that were touched so far, in the order in which they were. */
  readonly zones: readonly string[];
  readonly reason: MotionReason;
}

/** What a sample meant. An episode that closes and the run of frames that opens the next are never one sample. */
export type EpisodeTransition =
  | { readonly kind: 'quiet' }
  | { readonly kind: 'opened'; readonly episode: Episode }
  | { readonly kind: 'continues'; readonly episode: Episode }
  | { readonly kind: 'closed'; readonly episode: Episode };

const defaultQuietGapMs = 4000;
const defaultEmptyGapMs = 2000;
const defaultMaxLengthMs = 5 * 60_000;
/** Moving frames in a row that open an episode; above 5 fps as many as come in the time of 3 at 5 fps. */
const openingFrames = 3;
const openingSeconds = 0.6;
/** Above 5 fps a still frame doesn't break the run before a frame of 5 fps would have come. */
const toleranceMs = 200;

/** Joins the motion samples of one camera into episodes. Fed with every sample, in order. */
export class EpisodeTracker {
  readonly #framesToOpen: number;
  readonly #toleranceMs: number;
  readonly #quietGapMs: number;
  readonly #emptyGapMs: number;
  readonly #maxLengthMs: number;
  /** The run of moving frames: an episode once `#isOpen`. */
  #episode: Episode | undefined;
  #isOpen = false;
  /** Since when the scene has been empty, ms of the stream. */
  #emptySince: number | undefined;

  constructor(options: EpisodeOptions) {
    this.#framesToOpen = Math.max(openingFrames, Math.round(openingSeconds * options.frameRate));
    this.#toleranceMs = options.frameRate > 5 ? toleranceMs : 0;
    this.#quietGapMs = options.quietGapMs ?? defaultQuietGapMs;
    this.#emptyGapMs = Math.min(this.#quietGapMs, options.emptyGapMs ?? defaultEmptyGapMs);
    this.#maxLengthMs = options.maxLengthMs ?? defaultMaxLengthMs;
  }

  /** The episode that is open now. */
  get current(): Episode | undefined {
    return this.#isOpen ? this.#episode : undefined;
  }

  push(sample: MotionSample): EpisodeTransition {
    const episode = this.#episode;
    if (sample.reason !== 'quiet') this.#emptySince = undefined;
    else this.#emptySince ??= sample.mediaTimeMs;
    if (this.#isOpen && episode !== undefined && this.#isOver(episode, sample)) {
      this.#isOpen = false;
      this.#episode = sample.isMotion ? begin(sample) : undefined;
      return { kind: 'closed', episode };
    }
    if (!sample.isMotion) {
      if (this.#isOpen && episode !== undefined) return { kind: 'continues', episode };
      if (episode !== undefined && this.#breaksRun(episode, sample)) this.#episode = undefined;
      return { kind: 'quiet' };
    }
    if (episode === undefined || (!this.#isOpen && this.#breaksRun(episode, sample, this.#quietGapMs))) {
      this.#episode = begin(sample);
      return { kind: 'quiet' };
    }
    const longer = extend(episode, sample);
    this.#episode = longer;
    if (this.#isOpen) return { kind: 'continues', episode: longer };
    if (longer.movingFrames < this.#framesToOpen) return { kind: 'quiet' };
    this.#isOpen = true;
    return { kind: 'opened', episode: longer };
  }

  /** The stream has ended: what was open is returned, closed. */
  end(): Episode | undefined {
    const episode = this.current;
    this.#isOpen = false;
    this.#episode = undefined;
    return episode;
  }

  #isOver(episode: Episode, sample: MotionSample): boolean {
    const time = sample.mediaTimeMs;
    return (
      time - episode.lastMotionMediaTimeMs >= this.#quietGapMs ||
      (this.#emptySince !== undefined && time - this.#emptySince >= this.#emptyGapMs) ||
      time - episode.startedMediaTimeMs >= this.#maxLengthMs ||
      // The stream began anew.
      time < episode.lastMotionMediaTimeMs
    );
  }

  #breaksRun(episode: Episode, sample: MotionSample, limitMs = this.#toleranceMs): boolean {
    const gap = sample.mediaTimeMs - episode.lastMotionMediaTimeMs;
    return gap < 0 || gap > limitMs;
  }
}

function begin(sample: MotionSample): Episode {
  return {
    startedAt: sample.capturedAt,
    startedMediaTimeMs: sample.mediaTimeMs,
    lastMotionAt: sample.capturedAt,
    lastMotionMediaTimeMs: sample.mediaTimeMs,
    movingFrames: 1,
    peakScore: sample.score,
    peakRegions: sample.regions,
    zones: sample.zones,
    reason: sample.reason,
  };
}

function extend(episode: Episode, sample: MotionSample): Episode {
  const isPeak = sample.score > episode.peakScore;
  return {
    ...episode,
    lastMotionAt: sample.capturedAt,
    lastMotionMediaTimeMs: sample.mediaTimeMs,
    movingFrames: episode.movingFrames + 1,
    peakScore: isPeak ? sample.score : episode.peakScore,
    peakRegions: isPeak ? sample.regions : episode.peakRegions,
    zones: [...new Set([...episode.zones, ...sample.zones])],
    reason: isPeak ? sample.reason : episode.reason,
  };
}
