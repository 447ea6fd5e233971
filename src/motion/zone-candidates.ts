import type { Polygon } from '../core/camera-settings.ts';
import { areaOfPolygon } from '../core/polygon.ts';

/** How long something moved in each field of a grid over the picture, row by row. */
export interface HeatGrid {
  readonly columns: number;
  readonly rows: number;
  readonly seconds: ArrayLike<number>;
}

/** In fields, the ends inclusive. */
interface Bounds {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Fields belong together when they touch, or, since what is fast leaps over some, when they are so near. */
const reaches = [1, 3];
/** Of each way to choose fields, the parts with the most unwanted motion. */
const partsPerChoice = 3;
/** Fields around the chosen ones that are taken along: what moved there will not move exactly there again. */
const margins = [1.5, 0.5];
/** A zone that takes more of the picture than this is no remedy. */
const mostOfPicture = 0.5;

/**
 * Polygons that may keep unwanted motion from counting, of 4 to 8 corners: around where it was, with as little as can be of
 * where wanted motion was. Grids of another shape than most of the unwanted ones have are left out.
 */
export function zoneCandidates(unwanted: readonly HeatGrid[], wanted: readonly HeatGrid[]): Polygon[] {
  const size = usualSize(unwanted);
  if (size === undefined) return [];
  const bad = countEvents(unwanted, size);
  const good = countEvents(wanted, size);
  const most = Math.max(...bad);
  const unwantedShare = 1 / Math.max(1, unwanted.length);
  const wantedShare = 1 / Math.max(1, wanted.length);
  const choices: ((field: number) => boolean)[] = [
    (field) => at(bad, field) > 0,
    (field) => at(bad, field) > 0 && at(good, field) === 0,
    (field) => at(bad, field) >= Math.max(2, most * 0.3),
    (field) => at(bad, field) * unwantedShare > at(good, field) * wantedShare,
  ];
  const candidates = new Map<string, Polygon>();
  const add = (polygon: Polygon): void => {
    const area = areaOfPolygon(polygon);
    if (area > 0 && area <= mostOfPicture) candidates.set(JSON.stringify(polygon), polygon);
  };
  for (const isChosen of choices) {
    for (const reach of reaches) {
      for (const fields of largestParts(size, isChosen, bad, reach)) {
        for (const margin of margins) {
          add(rectangleAround(boundsOf(fields, size), size, margin));
          add(octagonAround(fields, size, margin));
        }
      }
    }
  }
  for (const dislike of [1, 4]) {
    const bounds = bestRectangle(
      size,
      (field) => at(bad, field) * unwantedShare - dislike * at(good, field) * wantedShare,
    );
    if (bounds !== undefined) add(rectangleAround(bounds, size, 0));
  }
  return [...candidates.values()];
}

type Size = Pick<HeatGrid, 'columns' | 'rows'>;

/** That of most grids: a camera whose picture has changed its shape has several. */
function usualSize(grids: readonly HeatGrid[]): Size | undefined {
  const counts = new Map<string, { readonly size: Size; count: number }>();
  for (const { columns, rows } of grids) {
    const key = `${columns} ${rows}`;
    const known = counts.get(key) ?? { size: { columns, rows }, count: 0 };
    known.count += 1;
    counts.set(key, known);
  }
  return [...counts.values()].toSorted((a, b) => b.count - a.count)[0]?.size;
}

/** For each field the events in which something moved there. */
function countEvents(grids: readonly HeatGrid[], { columns, rows }: Size): Float64Array {
  const counts = new Float64Array(columns * rows);
  for (const grid of grids) {
    if (grid.columns !== columns || grid.rows !== rows) continue;
    for (let field = 0; field < counts.length; field += 1) {
      if ((grid.seconds[field] ?? 0) > 0) counts[field] = at(counts, field) + 1;
    }
  }
  return counts;
}

/** Connected parts, those first in which most moved. */
function largestParts(
  { columns, rows }: Size,
  isChosen: (field: number) => boolean,
  weight: Float64Array,
  reach: number,
): number[][] {
  const isSeen = new Uint8Array(columns * rows);
  const parts: { readonly fields: number[]; weight: number }[] = [];
  for (let seed = 0; seed < isSeen.length; seed += 1) {
    if (isSeen[seed] === 1 || !isChosen(seed)) continue;
    const part = { fields: [seed], weight: 0 };
    isSeen[seed] = 1;
    for (const field of part.fields) {
      part.weight += at(weight, field);
      const [x, y] = [field % columns, Math.floor(field / columns)];
      for (let nextY = Math.max(0, y - reach); nextY <= Math.min(rows - 1, y + reach); nextY += 1) {
        for (let nextX = Math.max(0, x - reach); nextX <= Math.min(columns - 1, x + reach); nextX += 1) {
          const next = nextY * columns + nextX;
          if (isSeen[next] === 1 || !isChosen(next)) continue;
          isSeen[next] = 1;
          part.fields.push(next);
        }
      }
    }
    parts.push(part);
  }
  return parts
    .toSorted((a, b) => b.weight - a.weight)
    .slice(0, partsPerChoice)
    .map(({ fields }) => fields);
}

function boundsOf(fields: readonly number[], { columns, rows }: Size): Bounds {
  let [left, top, right, bottom] = [columns, rows, 0, 0];
  for (const field of fields) {
    const [x, y] = [field % columns, Math.floor(field / columns)];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { left, top, right, bottom };
}

function rectangleAround(bounds: Bounds, { columns, rows }: Size, margin: number): Polygon {
  const left = Math.max(0, bounds.left - margin) / columns;
  const top = Math.max(0, bounds.top - margin) / rows;
  const right = Math.min(columns, bounds.right + 1 + margin) / columns;
  const bottom = Math.min(rows, bounds.bottom + 1 + margin) / rows;
  return rounded([
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ]);
}

/** The rectangle around the fields, less the corners in which none of them lies. */
function octagonAround(fields: readonly number[], size: Size, margin: number): Polygon {
  const { columns, rows } = size;
  let [leastSum, mostSum, leastDifference, mostDifference] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const field of fields) {
    const [x, y] = [field % columns, Math.floor(field / columns)];
    leastSum = Math.min(leastSum, x + y);
    mostSum = Math.max(mostSum, x + y + 2);
    leastDifference = Math.min(leastDifference, x - y - 1);
    mostDifference = Math.max(mostDifference, x - y + 1);
  }
  let polygon: Polygon = rectangleAround(boundsOf(fields, size), size, margin).map(
    ([x, y]) => [x * columns, y * rows] as const,
  );
  polygon = clip(polygon, ([x, y]) => x + y - leastSum + margin);
  polygon = clip(polygon, ([x, y]) => mostSum + margin - x - y);
  polygon = clip(polygon, ([x, y]) => x - y - leastDifference + margin);
  polygon = clip(polygon, ([x, y]) => mostDifference + margin - x + y);
  return rounded(polygon.map(([x, y]) => [x / columns, y / rows] as const));
}

/** The part of a convex polygon in which `side` is not negative (Sutherland and Hodgman's clipping by one line). */
function clip(polygon: Polygon, side: (point: Polygon[number]) => number): Polygon {
  return polygon.flatMap((to, index) => {
    const from = polygon.at(index - 1) ?? to;
    const [before, after] = [side(from), side(to)];
    const kept = after >= 0 ? [to] : [];
    if (before >= 0 === after >= 0) return kept;
    const share = before / (before - after);
    return [[from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share] as const, ...kept];
  });
}

/** The rectangle whose fields have the largest sum (Kadane's algorithm over every pair of rows); `undefined` if none is above 0. */
function bestRectangle({ columns, rows }: Size, worth: (field: number) => number): Bounds | undefined {
  let best: Bounds | undefined;
  let bestSum = 0;
  for (let top = 0; top < rows; top += 1) {
    const sums = new Float64Array(columns);
    for (let bottom = top; bottom < rows; bottom += 1) {
      let [sum, left] = [0, 0];
      for (let x = 0; x < columns; x += 1) {
        sums[x] = at(sums, x) + worth(bottom * columns + x);
        if (sum <= 0) [sum, left] = [0, x];
        sum += at(sums, x);
        // Of equal ones the smaller: it was met first.
        if (sum <= bestSum + 1e-9) continue;
        bestSum = sum;
        best = { left, top, right: x, bottom };
      }
    }
  }
  return best;
}

/** To a thousandth of the picture; corners that fall together are one. */
function rounded(polygon: Polygon): Polygon {
  const points = polygon.map(([x, y]) => [toThousandths(x), toThousandths(y)] as const);
  return points.filter(([x, y], index) => {
    const [previousX, previousY] = points.at(index - 1) ?? [];
    return x !== previousX || y !== previousY;
  });
}

function toThousandths(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;
}

function at(values: Float64Array, index: number): number {
  return values[index] ?? 0;
}
