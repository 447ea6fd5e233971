import type { Box } from '../../src/core/geometry.ts';
import type { MotionEvidence } from '../../src/core/motion-evidence.ts';
import type { Sensitivity } from '../../src/core/motion.ts';
import type { TuningEvent } from '../../src/pipeline/tuning.ts';

const [columns, rows] = [32, 18];

export interface MovedShape {
  /** Where it moves, one box for each sample, half a second apart. */
  readonly boxes: readonly Box[];
  /** Share of its box that it fills; all of it unless given. */
  readonly fill?: number;
  /** What is left of it with `low`, as a share; 1 unless given. */
  readonly leftWithLow?: number;
  readonly sensitivity?: Sensitivity;
}

/** What is kept of motion that moves so. */
export function recordMotion({
  boxes,
  fill = 1,
  leftWithLow = 1,
  sensitivity = 'medium',
}: MovedShape): Pick<MotionEvidence, 'sensitivity' | 'heat' | 'samples'> {
  const seconds = Array.from({ length: columns * rows }, () => 0);
  for (const [x, y, width, height] of boxes) {
    for (let field = 0; field < seconds.length; field += 1) {
      const [column, row] = [field % columns, Math.floor(field / columns)];
      const isInside =
        (column + 1) / columns > x &&
        column / columns < x + width &&
        (row + 1) / rows > y &&
        row / rows < y + height;
      if (isInside) seconds[field] = (seconds[field] ?? 0) + 0.5;
    }
  }
  return {
    sensitivity,
    heat: { columns, rows, seconds },
    samples: boxes.map((box, index) => {
      const area = box[2] * box[3] * fill;
      return {
        atMs: index * 500,
        regions: [{ box, area }],
        zones: [],
        areas: { high: null, medium: area, low: area * leftWithLow },
      };
    }),
  };
}

/** Something that sways about a point. */
export function swaying(x: number, y: number, count = 6): Box[] {
  return Array.from({ length: count }, (_, index) => [x + (index % 2) * 0.02, y, 0.08, 0.12]);
}

/** Something that crosses the picture. */
export function crossing(y: number, count = 8): Box[] {
  return Array.from({ length: count }, (_, index) => [0.05 + (index * 0.85) / count, y, 0.06, 0.2]);
}

export function tuningEvent(id: string, change: Partial<TuningEvent> = {}): TuningEvent {
  return {
    id,
    userFeedback: null,
    isStarred: false,
    objectsDetected: [],
    isNothingOfInterest: false,
    isDescribed: true,
    motion: null,
    ...change,
  };
}

/** The same as it is stored with an event. */
export function motionEvidence(shape: MovedShape, isComplete = true): MotionEvidence {
  const { sensitivity, heat, samples } = recordMotion(shape);
  return {
    sensitivity,
    decode: 'auto',
    isComplete,
    frames: samples.length,
    heat,
    samples,
    path: null,
    guards: [],
  };
}
