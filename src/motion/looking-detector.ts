import type { AnalysisFrame } from '../core/frame.ts';
import type { MotionSample } from '../core/motion.ts';
import type { PictureLook } from '../core/picture-look.ts';
import type { MotionDetector, MotionOptions } from './motion-detector.ts';
import { measureLook } from './picture-look.ts';
import { createMotionDetector } from './scene-detector.ts';

/** What a picture looks like changes slowly. */
const lookEveryMs = 1_000;

/** A detector that says about once a second, too, what the picture looks like. */
export function createLookingDetector(options: MotionOptions): MotionDetector {
  return new LookingDetector(createMotionDetector(options));
}

class LookingDetector implements MotionDetector {
  readonly #detector: MotionDetector;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(detector: MotionDetector) {
    this.#detector = detector;
  }

  prime(frames: readonly AnalysisFrame[]): void {
    this.#detector.prime(frames);
  }

  detect(frame: AnalysisFrame): MotionSample {
    const sample = this.#detector.detect(frame);
    const look = this.#lookAt(frame);
    return look === undefined ? sample : { ...sample, look };
  }

  #lookAt(frame: AnalysisFrame): PictureLook | undefined {
    const sinceMs = frame.capturedAt - this.#lookedAt;
    // The clock may be set back.
    if (sinceMs >= 0 && sinceMs < lookEveryMs) return undefined;
    this.#lookedAt = frame.capturedAt;
    return measureLook(frame);
  }
}
