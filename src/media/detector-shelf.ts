import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../core/clock.ts';
import type { MotionDetector, MotionOptions } from '../motion/motion-detector.ts';

/** After a longer gap the scene may be another one: it is learnt anew. */
export const backgroundValidMs = 30_000;

interface Kept {
  readonly detector: MotionDetector;
  readonly options: MotionOptions;
  /** Monotonic ms. */
  readonly keptAt: number;
}

/**
 * The detectors of cameras whose connection is over. What they have learnt of the scene outlives a short loss: a camera that
 * comes back sees at once.
 */
export class DetectorShelf {
  readonly #clock: Clock;
  readonly #create: (options: MotionOptions) => MotionDetector;
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Clock, create: (options: MotionOptions) => MotionDetector) {
    this.#clock = clock;
    this.#create = create;
  }

  /** The camera's own, when it was kept lately with the same options, or a new one. */
  take(cameraId: string, options: MotionOptions): MotionDetector {
    this.clear();
    const kept = this.#kept.get(cameraId);
    this.#kept.delete(cameraId);
    return kept !== undefined && isDeepStrictEqual(kept.options, options)
      ? kept.detector
      : this.#create(options);
  }

  /** @param options with which it was taken */
  keep(cameraId: string, options: MotionOptions, detector: MotionDetector): void {
    this.#kept.set(cameraId, { detector, options, keptAt: this.#clock.monotonic() });
  }

  /** Lets go of what has been kept too long; called now and then. */
  clear(): void {
    const oldest = this.#clock.monotonic() - backgroundValidMs;
    for (const [cameraId, { keptAt }] of this.#kept) if (keptAt < oldest) this.#kept.delete(cameraId);
  }
}
