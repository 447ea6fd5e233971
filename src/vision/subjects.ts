import { intersectionArea } from '../core/geometry.ts';
import { isCarried, type Kind } from './kinds.ts';
import { movementOf, type Movement } from './movement.ts';
import { distanceOf, type SeenFrame, type Sighting, type Track } from './tracks.ts';

/** Things of one label that an event is about. */
export interface Subject {
  readonly kind: Kind;
  readonly label: string;
  /** The label, and what else it stands for when things of one kind were not all told apart: `vehicle`, `car`. */
  readonly labels: readonly string[];
  /** The largest number seen at once. */
  readonly count: number;
  /** Of its best sighting, 0..1. */
  readonly score: number;
  /** Only when all of them move alike and none was lost from sight. */
  readonly movement: Movement | undefined;
  /** Labels of what the only one carries. */
  readonly carried: readonly string[];
}

const order: readonly Kind[] = ['person', 'vehicle', 'animal'];
/** Share of a carried thing that lies in its person's box. */
const carriedInside = 0.6;
const carriedScore = 0.5;
/** Widths or heights of its own box. */
const movedBy = 0.5;

/** What moves, in the order in which it is mentioned. Things that only stand in the background are not among it. */
export function subjectsOf(tracks: readonly Track[], frames: readonly SeenFrame[]): Subject[] {
  const moving = tracks.filter(
    (track) => track.sightings.some((sighting) => sighting.isInMotion) || hasMoved(track),
  );
  return order.flatMap((kind) => subjectsOfKind(kind, moving, frames));
}

/**
 * Someone who is elsewhere than before has moved, whether or not motion was seen there. Not so for vehicles: of a row
 * of parked ones now this is recognised, now that.
 */
function hasMoved({ kind, sightings }: Track): boolean {
  const [first, last] = [sightings[0], sightings.at(-1)];
  if (kind === 'vehicle' || first === undefined || last === undefined) return false;
  return distanceOf(first, last) >= movedBy;
}

function subjectsOfKind(kind: Kind, moving: readonly Track[], frames: readonly SeenFrame[]): Subject[] {
  const tracks = moving.filter((track) => track.kind === kind);
  const fullest = fullestFrame(tracks, frames.length);
  // The labels are those of the frame that shows most of them: tracks that were never seen together may be one thing.
  const present = tracks.filter((track) => isSeenIn(track, fullest));
  const labels = [...new Set(present.map((track) => track.label))];
  const movement = (own: readonly Track[]) =>
    present.length === tracks.length ? sharedMovement(own) : undefined;
  if (labels.length > 1 && labels.includes(kind)) {
    // "Two cars and a vehicle" would claim that the vehicle is no car.
    const all = [kind, ...labels.filter((label) => label !== kind).toSorted()];
    return [{ ...subjectOf(kind, kind, present, frames, movement(present)), labels: all }];
  }
  return labels
    .map((label) => {
      const own = present.filter((track) => track.label === label);
      return subjectOf(kind, label, own, frames, movement(own));
    })
    .toSorted((a, b) => b.count - a.count || b.score - a.score);
}

function subjectOf(
  kind: Kind,
  label: string,
  tracks: readonly Track[],
  frames: readonly SeenFrame[],
  movement: Movement | undefined,
): Subject {
  const [first] = tracks;
  const isOnePerson = kind === 'person' && tracks.length === 1 && first !== undefined;
  return {
    kind,
    label,
    labels: [label],
    count: tracks.length,
    score: Math.max(...tracks.map((track) => track.score)),
    movement,
    carried: isOnePerson ? carriedBy(first, frames) : [],
  };
}

/** Index of the frame that shows the most tracks, the surest among equals. */
function fullestFrame(tracks: readonly Track[], frameCount: number): number {
  const rank = (frame: number) =>
    tracks.reduce((sum, track) => {
      const sighting = sightingIn(track, frame);
      // A sighting counts for more than any score, which is at most 1.
      return sighting === undefined ? sum : sum + 10 + sighting.detection.score;
    }, 0);
  return (
    Array.from({ length: frameCount }, (_, frame) => frame).toSorted((a, b) => rank(b) - rank(a))[0] ?? 0
  );
}

function sightingIn(track: Track, frame: number): Sighting | undefined {
  return track.sightings.find((sighting) => sighting.frame === frame);
}

function isSeenIn(track: Track, frame: number): boolean {
  return sightingIn(track, frame) !== undefined;
}

function sharedMovement(tracks: readonly Track[]): Movement | undefined {
  const movements = new Set(tracks.map(movementOf));
  const [movement] = movements;
  return movements.size === 1 ? movement : undefined;
}

function carriedBy(person: Track, frames: readonly SeenFrame[]): string[] {
  const labels = person.sightings.flatMap(({ frame, detection: { box } }) =>
    (frames[frame]?.detections ?? [])
      .filter((item) => isCarried(item.label) && item.score >= carriedScore)
      .filter((item) => intersectionArea(item.box, box) >= carriedInside * item.box[2] * item.box[3])
      .map((item) => item.label),
  );
  // Bags are taken for each other, and parts of the scenery for bags: one, and only when it stays what it is.
  const [label] = labels;
  const isSteady = new Set(labels).size === 1 && (labels.length > 1 || frames.length === 1);
  return label !== undefined && isSteady ? [label] : [];
}
