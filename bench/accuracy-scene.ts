import type { Canvas } from './accuracy-painter.ts';
import type { Interval } from './accuracy-weather.ts';

/** A rendered clip with hard weather and known truth. */
export interface RenderedScene {
  readonly name: string;
  readonly seconds: number;
  readonly segments: readonly Interval[];
  readonly ignore: readonly Interval[];
  /** Everything that the seed decides is decided here; the result paints the frame of a time. */
  create(seed: number): (seconds: number, canvas: Canvas) => void;
}
