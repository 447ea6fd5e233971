import type { Polygon, Zone } from '../core/camera-settings.ts';
import type { AnalysisFrame } from '../core/frame.ts';
import type { MotionSample, Sensitivity } from '../core/motion.ts';

export interface MotionOptions {
  readonly sensitivity: Sensitivity;
  /** Analysed frames per second: what is learnt and how fast is meant in seconds, not in frames. */
  readonly frameRate: number;
  /** Where motion counts; everywhere unless given. */
  readonly zones?: readonly Zone[];
  /** What is black in every frame: nothing is concluded from it. */
  readonly masks?: readonly Polygon[];
  /** Frames that do not move tell what was nearest to moving; false unless given, since it costs a little. */
  readonly isExplaining?: boolean;
}

/**
 * Says of every frame of one camera whether something moves in it. It keeps a model of the empty scene, so it is
 * always fed, in order, whether or not anybody wants an event now.
 */
export interface MotionDetector {
  detect(frame: AnalysisFrame): MotionSample;
  /**
   * Learns the empty scene from the first frames of a recording before any of them is judged, so that the recording
   * can be judged from its first frame on. The frames are not consumed: pass them to `detect` afterwards.
   */
  prime(frames: readonly AnalysisFrame[]): void;
}
