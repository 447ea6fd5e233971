import { everything, type Driver, type FilterPart } from './event-filter.ts';
import type { PositionSpan } from './event-span.ts';
import type { Walk } from './event-walk.ts';

/** Totals are counted up to here; above, they are said to be at least this. */
export const maxCounted = 10_000;

/** In units of a step along an index that holds every filter, about 0.1 µs. */
const lookUpCost = 7;
const sortCost = 4;

export interface Choice {
  readonly walk: Walk;
  /** Events along its driver, at most. */
  readonly driverCount: number;
}

interface Candidate {
  readonly driver: Driver;
  readonly part: FilterPart | undefined;
  readonly count: number;
}

/**
 * The cheapest way to a page that ends with the `needed`th event, or along all that fit when that is infinite.
 *
 * @param counts how many events each part lets through, at most; in the order of the parts
 */
export function chooseWalk(
  parts: readonly FilterPart[],
  counts: readonly number[],
  all: number,
  span: PositionSpan,
  needed: number,
): Choice {
  // As if the parts had nothing to do with each other.
  const expected = counts.reduce((left, count) => (left * count) / Math.max(1, all), all);
  const share = Math.min(1, needed / Math.max(1, expected));
  const candidates: Candidate[] = [{ driver: everything, part: undefined, count: all }];
  for (const [index, part] of parts.entries()) {
    if (part.driver === undefined) continue;
    candidates.push({ driver: part.driver(span), part, count: counts[index] ?? all });
  }
  const costOf = ({ driver, part, count }: Candidate): number => {
    const others = parts.filter((other) => other !== part);
    const looksUp = others.some(({ name }) => name === 'object' || !driver.hasFilters);
    const perRow = 1 + (looksUp ? lookUpCost : 0);
    return driver.isOrdered ? count * share * perRow : count * (perRow + sortCost);
  };
  const [best] = candidates.toSorted((a, b) => costOf(a) - costOf(b));
  const { driver, part, count } = best ?? { driver: everything, part: undefined, count: all };
  return {
    walk: { driver, parts: parts.filter((other) => other !== part), span },
    driverCount: count,
  };
}
