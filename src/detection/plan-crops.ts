import { boundsOf, clipToPicture, intersectionArea, type Box } from '../core/geometry.ts';

/** Each crop costs as much as the whole picture again. */
const maxCrops = 2;
/** Of the picture's longer side: below it a crop shows too little of what is around the subject to recognise it. */
const smallestSide = 0.25;
/** A crop is this much larger than what moves in it: what moves is often only a part of the subject. */
const context = 1.6;
/** Two crops become one when it is at most this much larger than the larger of them. */
const mergeGrowth = 1.35;
/** Of the picture's longer side: a larger crop shows hardly more than the whole picture does. */
const largestUsefulSide = 0.8;

/** A square in pixels of the picture, and what it is there for. */
interface Square {
  readonly centreX: number;
  readonly centreY: number;
  readonly side: number;
  readonly boxes: readonly Box[];
}

/**
 * Where to look closer: squares around what moves, in pixels square, the most motion first. Small subjects are found
 * only so, since the model sees 320 × 320 pixels.
 *
 * @param width of the picture in pixels
 * @param height of the picture in pixels
 * @returns 0 to 2 parts of the picture, inside it
 */
export function planCrops(focus: readonly Box[], width: number, height: number): Box[] {
  const longer = Math.max(width, height);
  const limits = { smallest: smallestSide * longer, largest: Math.min(width, height) };
  let squares = focus
    .map(clipToPicture)
    .filter((box) => box[2] > 0 && box[3] > 0)
    .map((box) => squareAround([box], width, height, limits));
  for (let merged = mergeOnce(squares, width, height, limits); merged !== undefined;) {
    squares = merged;
    merged = mergeOnce(squares, width, height, limits);
  }
  return squares
    .filter((square) => square.side < largestUsefulSide * longer)
    .toSorted((a, b) => motionIn(b) - motionIn(a))
    .slice(0, maxCrops)
    .map((square) => placeInPicture(square, width, height));
}

interface Limits {
  readonly smallest: number;
  readonly largest: number;
}

function squareAround(boxes: readonly Box[], width: number, height: number, limits: Limits): Square {
  const [x, y, boxWidth, boxHeight] = boundsOf(boxes) ?? [0, 0, 1, 1];
  const wanted = Math.max(boxWidth * width, boxHeight * height) * context;
  return {
    centreX: (x + boxWidth / 2) * width,
    centreY: (y + boxHeight / 2) * height,
    side: Math.min(limits.largest, Math.max(limits.smallest, wanted)),
    boxes,
  };
}

/** Merges the first two squares that fit well into one; `undefined` when no two do. */
function mergeOnce(
  squares: readonly Square[],
  width: number,
  height: number,
  limits: Limits,
): Square[] | undefined {
  for (const [index, first] of squares.entries()) {
    for (const second of squares.slice(index + 1)) {
      const both = squareAround([...first.boxes, ...second.boxes], width, height, limits);
      const isWhole = both.boxes.every((box) => covers(placeInPicture(both, width, height), box));
      if (!isWhole || both.side > mergeGrowth * Math.max(first.side, second.side)) continue;
      return [...squares.filter((square) => square !== first && square !== second), both];
    }
  }
  return undefined;
}

function covers(part: Box, box: Box): boolean {
  return intersectionArea(part, box) > 0.98 * box[2] * box[3];
}

function motionIn(square: Square): number {
  return square.boxes.reduce((total, box) => total + box[2] * box[3], 0);
}

/** Moves the square inside the picture; its side is at most the picture's shorter one. */
function placeInPicture(square: Square, width: number, height: number): Box {
  const { side } = square;
  const left = Math.min(width - side, Math.max(0, square.centreX - side / 2));
  const top = Math.min(height - side, Math.max(0, square.centreY - side / 2));
  return [left / width, top / height, side / width, side / height];
}
