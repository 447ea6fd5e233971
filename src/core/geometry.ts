/** `[x, y, width, height]`, each 0..1 of the picture, origin at the top left. */
export type Box = readonly [x: number, y: number, width: number, height: number];

export interface Point {
  readonly x: number;
  readonly y: number;
}

export function areaOf(box: Box): number {
  return box[2] * box[3];
}

export function centreOf(box: Box): Point {
  return { x: box[0] + box[2] / 2, y: box[1] + box[3] / 2 };
}

/** Area that both boxes cover, 0..1 of the picture. */
export function intersectionArea(a: Box, b: Box): number {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Intersection over union, 0..1. */
export function overlapOf(a: Box, b: Box): number {
  const shared = intersectionArea(a, b);
  const total = areaOf(a) + areaOf(b) - shared;
  return total > 0 ? shared / total : 0;
}

/** The smallest box around all of them; `undefined` for none. */
export function boundsOf(boxes: readonly Box[]): Box | undefined {
  const [first, ...rest] = boxes;
  if (first === undefined) return undefined;
  let [left, top] = first;
  let right = first[0] + first[2];
  let bottom = first[1] + first[3];
  for (const box of rest) {
    left = Math.min(left, box[0]);
    top = Math.min(top, box[1]);
    right = Math.max(right, box[0] + box[2]);
    bottom = Math.max(bottom, box[1] + box[3]);
  }
  return [left, top, right - left, bottom - top];
}

/** The part of the box that lies in the picture. */
export function clipToPicture(box: Box): Box {
  const left = Math.min(1, Math.max(0, box[0]));
  const top = Math.min(1, Math.max(0, box[1]));
  const right = Math.min(1, Math.max(left, box[0] + box[2]));
  const bottom = Math.min(1, Math.max(top, box[1] + box[3]));
  return [left, top, right - left, bottom - top];
}
