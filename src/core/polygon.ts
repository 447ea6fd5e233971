import type { Polygon } from './camera-settings.ts';

/** Left, top, right and bottom edge, each 0..1 of the picture. */
export type Edges = readonly [left: number, top: number, right: number, bottom: number];

/**
 * Whether a point lies inside. Where a polygon crosses itself everything that it winds around is inside, as a page that
 * draws it fills it. A point on an edge may count either way.
 */
export function containsPoint(polygon: Polygon, x: number, y: number): boolean {
  let winding = 0;
  let [fromX, fromY] = polygon.at(-1) ?? [0, 0];
  for (const [toX, toY] of polygon) {
    // Above 0: the point is to the left of the edge, seen along it.
    const side = (toX - fromX) * (y - fromY) - (x - fromX) * (toY - fromY);
    if (fromY <= y && toY > y && side > 0) winding += 1;
    if (fromY > y && toY <= y && side < 0) winding -= 1;
    fromX = toX;
    fromY = toY;
  }
  return winding !== 0;
}

/** 0..1 of the picture (shoelace formula); 0 for corners on one line. */
export function areaOfPolygon(points: Polygon): number {
  let doubled = 0;
  for (const [index, [x, y]] of points.entries()) {
    const [nextX, nextY] = points[(index + 1) % points.length] ?? [x, y];
    doubled += x * nextY - nextX * y;
  }
  return Math.abs(doubled) / 2;
}

/** Whether any of it, its edge included, lies in the box. */
export function touchesBox(polygon: Polygon, box: Edges): boolean {
  let [fromX, fromY] = polygon.at(-1) ?? [0, 0];
  for (const [toX, toY] of polygon) {
    if (crossesBox(fromX, fromY, toX, toY, box)) return true;
    fromX = toX;
    fromY = toY;
  }
  // No edge comes near: the box lies inside as a whole, or not at all.
  return containsPoint(polygon, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2);
}

/** Whether the line from one point to the other has a point in the box (Liang and Barsky's clipping). */
function crossesBox(
  fromX: number,
  fromY: number,
  toX: number,
  toY: number,
  [left, top, right, bottom]: Edges,
): boolean {
  let enters = 0;
  let leaves = 1;
  for (const [from, to, least, most] of [
    [fromX, toX, left, right],
    [fromY, toY, top, bottom],
  ] as const) {
    if (from === to) {
      if (from < least || from > most) return false;
      continue;
    }
    const atLeast = (least - from) / (to - from);
    const atMost = (most - from) / (to - from);
    enters = Math.max(enters, Math.min(atLeast, atMost));
    leaves = Math.min(leaves, Math.max(atLeast, atMost));
  }
  return enters <= leaves;
}
