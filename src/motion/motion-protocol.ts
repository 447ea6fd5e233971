import type { AnalysisFrame } from '../core/frame.ts';
import type { MotionSample } from '../core/motion.ts';
import type { MotionOptions } from './motion-detector.ts';

/** What the engine tells a motion thread. `call` names the answer; `close` has none. */
export type MotionRequest =
  | {
      readonly kind: 'open';
      readonly call: number;
      readonly channel: number;
      readonly options: MotionOptions;
    }
  | {
      readonly kind: 'detect';
      readonly call: number;
      readonly channel: number;
      readonly frame: AnalysisFrame;
    }
  | {
      readonly kind: 'prime';
      readonly call: number;
      readonly channel: number;
      readonly frames: readonly AnalysisFrame[];
    }
  | { readonly kind: 'close'; readonly channel: number };

export type MotionAnswer =
  | { readonly call: number; readonly kind: 'sample'; readonly sample: MotionSample }
  | { readonly call: number; readonly kind: 'done' }
  | { readonly call: number; readonly kind: 'failed'; readonly message: string };
