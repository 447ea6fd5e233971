import { kindOf } from './kinds.ts';

/** What the embedded detector tells apart for sure; each stands for all labels of its kind. */
export const kindsOfSubjects = ['person', 'vehicle', 'animal'] as const;

/**
 * Whether any of the labels is wanted: it stands in the list itself, or its kind does (`vehicle` for `car`, `animal` for
 * `dog`). An empty list wants everything, also what has no label.
 */
export function isWanted(labels: readonly string[], wanted: readonly string[]): boolean {
  if (wanted.length === 0) return true;
  return labels.some((label) => wanted.includes(label) || wanted.includes(kindOrLabel(label)));
}

/** `vehicle` for `car`; a label that belongs to no kind stands for itself. */
export function kindOrLabel(label: string): string {
  return kindOf(label) ?? label;
}
