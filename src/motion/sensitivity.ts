import type { Sensitivity } from '../core/motion.ts';
import type { CellGrid } from './cell-grid.ts';

export interface SensitivityScale {
  /** Share of the picture that a subject must cover. */
  readonly minShare: number;
  /** Factor on the threshold of a cell. */
  readonly threshold: number;
}

/** The least sensitive first. */
export const sensitivityScales: Readonly<Record<Sensitivity, SensitivityScale>> = {
  low: { minShare: 0.004, threshold: 1.4 },
  medium: { minShare: 0.0006, threshold: 1 },
  high: { minShare: 0.0003, threshold: 0.75 },
};

/** Cells that a subject must cover. */
export function smallestSubject({ minShare }: SensitivityScale, { count }: Pick<CellGrid, 'count'>): number {
  return Math.max(3, Math.round(minShare * count));
}
