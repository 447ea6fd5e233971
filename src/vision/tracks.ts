import type { Detection } from '../core/event.ts';
import { areaOf, centreOf, overlapOf } from '../core/geometry.ts';
import type { MotionRegion } from '../core/motion.ts';
import { isInMotion } from './in-motion.ts';
import { kindOf, type Kind } from './kinds.ts';

/** What the detector saw in one frame, and what moved in it. */
export interface SeenFrame {
  readonly capturedAt: number;
  readonly detections: readonly Detection[];
  /** `undefined` when it is not known what moved. */
  readonly regions: readonly MotionRegion[] | undefined;
}

export interface Sighting {
  /** Index of the frame. */
  readonly frame: number;
  readonly capturedAt: number;
  readonly detection: Detection;
  readonly isInMotion: boolean;
}

/** One thing over the frames, at most once in each. */
export interface Track {
  readonly kind: Kind;
  /** A label of the kind, or the kind itself when its labels change too much (`vehicle`) or err too often (`animal`). */
  readonly label: string;
  /** In the order of time, at least one. */
  readonly sightings: readonly Sighting[];
  /** Of its best sighting. */
  readonly score: number;
}

/** Box widths or heights that a thing may move from one frame to the next, plus so many a second. */
const reach = { always: 1, perSecond: 1.5, most: 4 };
/** Overlap from which a box of another kind at the same place is taken for the same thing seen differently. */
const samePlace = 0.4;
/** The same for a box whose label can't be mentioned: how far it may be, in box widths or heights, and how much smaller. */
const sameThing = { reach: 0.5, shrink: 1 / 3 };
/** Share of a track's scores that must agree on its kind, and on its label. */
const agreement = { kind: 0.65, label: 0.67 };
/**
 * Scores from which a track is believed: seen in less than half of the frames, or in more. Lower ones are right more
 * often than not, but walls and cats came out as persons at up to 0.5, over and over.
 */
const belief: Readonly<Record<Kind, { readonly rare: number; readonly often: number }>> = {
  person: { rare: 0.55, often: 0.5 },
  vehicle: { rare: 0.5, often: 0.4 },
  animal: { rare: 0.5, often: 0.45 },
};
/** What it takes to name an animal's species: seen so surely so often, and large enough to have been seen well. */
const speciesEvidence = { score: 0.75, sightings: 2, area: 0.01 };

/**
 * Puts detections of several frames together. Greedy: nearest first, the same kind before another one. Tracks that
 * are not believed are left out.
 *
 * @param frames in the order of time
 */
export function buildTracks(frames: readonly SeenFrame[]): Track[] {
  const chains: Sighting[][] = [];
  for (const [index, frame] of frames.entries()) {
    const sightings = sightingsOf(frame, index);
    const open = new Set(chains);
    for (const isMatch of [isNear, isAtSamePlace]) {
      for (const { chain, sighting } of pairsByDistance(open, sightings)) {
        if (!open.has(chain) || !sightings.has(sighting) || !isMatch(lastOf(chain), sighting)) continue;
        chain.push(sighting);
        open.delete(chain);
        sightings.delete(sighting);
      }
    }
    for (const sighting of sightings) chains.push([sighting]);
  }
  return chains.map((chain) => trackOf(chain, frames.length)).filter((track) => track !== undefined);
}

/**
 * Of all that was detected: a thing that is taken for a clock in one frame and for a car in another is there in both.
 * One that has both names in the same frame is there once, under the name that can be mentioned.
 */
function sightingsOf(frame: SeenFrame, index: number): Set<Sighting> {
  const named = frame.detections.filter((detection) => kindOf(detection.label) !== undefined);
  const others = frame.detections.filter(
    (detection) => !named.includes(detection) && !named.some((one) => isSamePlace(one, detection)),
  );
  return new Set(
    named.concat(others).map((detection) => ({
      frame: index,
      capturedAt: frame.capturedAt,
      detection,
      isInMotion: named.includes(detection) && isInMotion(detection, named, frame.regions),
    })),
  );
}

function pairsByDistance(chains: Iterable<Sighting[]>, sightings: Iterable<Sighting>) {
  const all = [...sightings];
  return [...chains]
    .flatMap((chain) =>
      all.map((sighting) => ({ chain, sighting, distance: distanceOf(lastOf(chain), sighting) })),
    )
    .toSorted((a, b) => a.distance - b.distance);
}

function isNear(last: Sighting, next: Sighting): boolean {
  const kind = kindOf(last.detection.label);
  if (kind === undefined || kind !== kindOf(next.detection.label)) return false;
  const seconds = Math.max(0, next.capturedAt - last.capturedAt) / 1000;
  return distanceOf(last, next) <= Math.min(reach.most, reach.always + reach.perSecond * seconds);
}

function isAtSamePlace(last: Sighting, next: Sighting): boolean {
  if (isSamePlace(last.detection, next.detection)) return true;
  if ([last, next].every(({ detection }) => kindOf(detection.label) !== undefined)) return false;
  const [a, b] = [areaOf(last.detection.box), areaOf(next.detection.box)];
  return distanceOf(last, next) <= sameThing.reach && Math.min(a, b) >= sameThing.shrink * Math.max(a, b);
}

function isSamePlace(a: Detection, b: Detection): boolean {
  return overlapOf(a.box, b.box) >= samePlace;
}

/** Between the centres, in mean widths and heights of the two boxes. */
export function distanceOf(last: Sighting, next: Sighting): number {
  const [a, b] = [last.detection.box, next.detection.box];
  const [from, to] = [centreOf(a), centreOf(b)];
  const width = (a[2] + b[2]) / 2;
  const height = (a[3] + b[3]) / 2;
  return Math.hypot((to.x - from.x) / width, (to.y - from.y) / height);
}

function trackOf(chain: readonly Sighting[], frameCount: number): Track | undefined {
  const named = chain.filter((sighting) => kindOf(sighting.detection.label) !== undefined);
  const kind = winnerOf(named, (sighting) => kindOf(sighting.detection.label), agreement.kind);
  if (kind === undefined) return undefined;
  const own = named.filter((sighting) => kindOf(sighting.detection.label) === kind);
  const score = Math.max(...own.map((sighting) => sighting.detection.score));
  const isRare = chain.length < frameCount / 2;
  if (score < belief[kind][isRare ? 'rare' : 'often']) return undefined;
  return { kind, label: labelOf(kind, own), sightings: own, score };
}

function labelOf(kind: Kind, sightings: readonly Sighting[]): string {
  const label = winnerOf(sightings, (sighting) => sighting.detection.label, agreement.label);
  if (label === undefined) return kind;
  if (kind !== 'animal') return label;
  const sure = sightings.filter(
    ({ detection }) =>
      detection.label === label &&
      detection.score >= speciesEvidence.score &&
      areaOf(detection.box) >= speciesEvidence.area,
  );
  const isUnanimous = sightings.every((sighting) => sighting.detection.label === label);
  return isUnanimous && sure.length >= speciesEvidence.sightings ? label : kind;
}

/** The value with the largest sum of scores, when its share of all scores is large enough. */
function winnerOf<T>(
  sightings: readonly Sighting[],
  valueOf: (sighting: Sighting) => T,
  share: number,
): T | undefined {
  const sums = new Map<T, number>();
  let total = 0;
  for (const sighting of sightings) {
    const value = valueOf(sighting);
    sums.set(value, (sums.get(value) ?? 0) + sighting.detection.score);
    total += sighting.detection.score;
  }
  return [...sums].find(([, sum]) => sum >= share * total)?.[0];
}

function lastOf(chain: readonly Sighting[]): Sighting {
  const last = chain.at(-1);
  if (last === undefined) throw new Error('A chain holds at least one sighting.');
  return last;
}
