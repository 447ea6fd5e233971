import type { MotionSample } from '../core/motion.ts';
import { EpisodeTracker } from './episodes.ts';

/**
 * A camera tells of motion seconds after it began, and often when it is over already: what it says within this time of
 * motion that was seen here is about the same motion.
 */
export const sameMotionMs = 10_000;

export interface NativeMotionOptions {
  /** `assist`: the camera's word counts where nothing was seen here. `replace`: nothing but its word counts. */
  readonly mode: 'assist' | 'replace';
  /** Analysed frames per second. */
  readonly frameRate: number;
}

/**
 * Joins what a camera says of motion to what was seen in its pictures, frame by frame, so that both go the same way: into
 * episodes, with the same cooldown, schedule and choice of pictures. Fed with every sample, in order.
 */
export class NativeMotionJoin {
  readonly #mode: NativeMotionOptions['mode'];
  /** Episodes of what was seen here alone. */
  readonly #own: EpisodeTracker;
  #wasMoving = false;
  /** The camera's present stretch is about motion that was seen here anyway. */
  #isKnown = false;
  /** Of the last moving frame of the last own episode, or of motion outside the zones, ms of the stream. */
  #ownMotionAt = Number.NEGATIVE_INFINITY;

  constructor({ mode, frameRate }: NativeMotionOptions) {
    this.#mode = mode;
    this.#own = new EpisodeTracker({ frameRate });
  }

  /**
   * @param sample what was seen here
   * @param isCameraMoving what the camera says at this frame
   * @returns what is to count for this frame
   */
  join(sample: MotionSample, isCameraMoving: boolean): MotionSample {
    if (this.#mode === 'replace') return replaced(sample, isCameraMoving);
    const time = sample.mediaTimeMs;
    this.#own.push(sample);
    const own = this.#own.current;
    if (own !== undefined) this.#ownMotionAt = own.lastMotionMediaTimeMs;
    // The camera knows nothing of the zones: it speaks of what was seen here and does not count.
    const isOutside = sample.reason === 'outside_zones';
    if (isOutside) this.#ownMotionAt = time;
    // The stream began anew, and its times with it.
    if (time < this.#ownMotionAt) this.#ownMotionAt = Number.NEGATIVE_INFINITY;
    if (isCameraMoving && !this.#wasMoving) this.#isKnown = time - this.#ownMotionAt <= sameMotionMs;
    if (isOutside) this.#isKnown = true;
    this.#wasMoving = isCameraMoving;
    return isCameraMoving && !this.#isKnown && !sample.isMotion ? byCamera(sample) : sample;
  }
}

function replaced(sample: MotionSample, isCameraMoving: boolean): MotionSample {
  if (isCameraMoving) return byCamera(sample);
  // What is seen here does not count, but it is not an empty scene either.
  return sample.isMotion ? { ...sample, isMotion: false, reason: 'small' } : sample;
}

/** Score, regions and quality stay: the pictures are chosen by them. */
function byCamera(sample: MotionSample): MotionSample {
  return { ...sample, isMotion: true, reason: 'camera' };
}
