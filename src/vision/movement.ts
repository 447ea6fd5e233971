import type { Box } from '../core/geometry.ts';
import type { Sighting, Track } from './tracks.ts';

/** What is said of how something moves; nothing (`undefined`) when that is not sure. */
export type Movement =
  | 'from left to right'
  | 'from right to left'
  | 'to the left'
  | 'to the right'
  | 'closer'
  | 'away'
  | 'in place';

/** Net way: share of the picture, and of the thing's own width. Boxes of one thing tremble by about a tenth of it. */
const sideways = { ofPicture: 0.05, ofWidth: 0.5 };
/** Crossing: from one side third of the picture to the other. */
const sideThird = 0.36;
/** Growth of the height; walking towards a camera gives more within seconds, a change of posture mostly less. */
const growth = 1.35;
/** Share of the time for which the movement must go on. */
const timeShare = 0.6;
/** Shorter than this nothing is said of how something moves. */
const shortestMs = 300;
/** Nobody who stays for less than this is said to stay. */
const stayMs = 2500;
const edge = 0.01;

export function movementOf(track: Track): Movement | undefined {
  const first = track.sightings[0];
  const last = track.sightings.at(-1);
  if (first === undefined || last === undefined || last.capturedAt - first.capturedAt < shortestMs)
    return undefined;
  const [from, to] = [first.detection.box, last.detection.box];
  const dx = shiftOf(from, to);
  const width = (from[2] + to[2]) / 2;
  if (Math.abs(dx) >= Math.max(sideways.ofPicture, sideways.ofWidth * width)) {
    const isSteady = shareOfTime(track.sightings, (a, b) => shiftOf(a, b) * Math.sign(dx) > 0) >= timeShare;
    return isSteady ? sidewaysFrom(from, to, dx) : undefined;
  }
  const grown = to[3] / from[3];
  if (Math.max(grown, 1 / grown) >= growth && !touchesTopOrBottom(from) && !touchesTopOrBottom(to)) {
    const isSteady =
      shareOfTime(track.sightings, (a, b) => (grown > 1 ? b[3] > a[3] : b[3] < a[3])) >= timeShare;
    return isSteady ? (grown > 1 ? 'closer' : 'away') : undefined;
  }
  const stays = track.sightings.every(({ detection: { box } }) => isSamePlace(from, box));
  const isLong = last.capturedAt - first.capturedAt >= stayMs && track.sightings.length >= 3;
  return stays && isLong ? 'in place' : undefined;
}

function sidewaysFrom(from: Box, to: Box, dx: number): Movement {
  const [start, end] = [from[0] + from[2] / 2, to[0] + to[2] / 2];
  if (dx > 0) return start < sideThird && end > 1 - sideThird ? 'from left to right' : 'to the right';
  return start > 1 - sideThird && end < sideThird ? 'from right to left' : 'to the left';
}

/**
 * How far a box moved sideways: both its edges must have, so that one that only grows does not move. An edge at the
 * border of the picture is not the thing's own and does not count.
 */
function shiftOf(a: Box, b: Box): number {
  const left = b[0] - a[0];
  const right = b[0] + b[2] - (a[0] + a[2]);
  if (a[0] < edge || b[0] < edge) return right;
  if (a[0] + a[2] > 1 - edge || b[0] + b[2] > 1 - edge) return left;
  if (left * right <= 0) return 0;
  return Math.abs(left) < Math.abs(right) ? left : right;
}

function shareOfTime(sightings: readonly Sighting[], isTrue: (a: Box, b: Box) => boolean): number {
  let total = 0;
  let agreeing = 0;
  for (const [index, next] of sightings.entries()) {
    const previous = sightings[index - 1];
    if (previous === undefined) continue;
    const elapsed = next.capturedAt - previous.capturedAt;
    total += elapsed;
    if (isTrue(previous.detection.box, next.detection.box)) agreeing += elapsed;
  }
  return total > 0 ? agreeing / total : 0;
}

function touchesTopOrBottom(box: Box): boolean {
  return box[1] < edge || box[1] + box[3] > 1 - edge;
}

function isSamePlace(a: Box, b: Box): boolean {
  return (
    Math.abs(shiftOf(a, b)) < 0.15 * a[2] &&
    Math.abs(b[3] / a[3] - 1) < 0.15 &&
    Math.abs(b[1] - a[1]) < 0.15 * a[3]
  );
}
