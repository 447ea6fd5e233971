import type { VedetteEvent } from './event.ts';
import {
  maxMargin,
  type GuardMargin,
  type GuardUnit,
  type MotionEvidence,
  type MotionGuard,
  type SubjectPath,
} from './motion-evidence.ts';

/** A way shorter than this share of the picture's width is no way. */
const leastWay = 0.015;
/** Distance from beginning to end, as a share of the way, from which on it leads somewhere. */
const leastDirectness = 0.4;

const guardTitles: Readonly<Record<MotionGuard, string>> = {
  small: 'size',
  weak: 'contrast',
  light: 'change of light',
  texture: 'texture',
  brief: 'persistence',
  clutter: 'rain, snow or insects',
  fast: 'speed',
  flicker: 'swinging',
  in_place: 'distance',
  back_and_forth: 'straightness',
  patchy: 'gaps',
  still: 'standing still',
  whole_picture: 'change of the whole picture',
  outside_zones: 'zones',
};

/** In sentences, why this event is there: what moved, and what might have called it nothing. */
export function explainEvent(
  event: Pick<VedetteEvent, 'source' | 'motion' | 'endedAt'>,
  evidence: MotionEvidence | undefined,
): string {
  if (event.source === 'api') return 'It was handed in through the API: no motion was analysed.';
  if (event.source === 'manual') return 'Somebody asked for it: no motion was analysed.';
  const isByCamera = event.motion?.reason === 'camera';
  const said = isByCamera ? 'The camera itself said that something moves. ' : '';
  if (evidence === undefined) {
    return `${said}What moved was not kept: the event is older than that is done.`;
  }
  return `${said}${explainMotion(evidence, event.endedAt === null)}`;
}

/** @param isOpen the episode goes on */
export function explainMotion(evidence: MotionEvidence, isOpen = false): string {
  const { path, guards, samples, isComplete, decode } = evidence;
  const parts = [path === null ? nothingFollowed : sentenceOf(path, evidence)];
  const [nearest] = guards;
  if (nearest !== undefined) {
    parts.push(`Nearest guard: ${explainGuard(nearest)}.`);
  }
  if (!isComplete && isOpen) parts.push('It goes on: this is how it began.');
  if (!isComplete && !isOpen) {
    const seconds = (samples.at(-1)?.atMs ?? 0) / 1000;
    parts.push(
      `Only its first ${seconds.toFixed(1)} s are known: the service was ended before the motion was.`,
    );
  }
  if (decode === 'keyframes') {
    parts.push('While nothing moves only key frames are decoded: it may have begun earlier.');
  }
  return parts.join(' ');
}

const nothingFollowed = 'In its pictures nothing was found that moves like a subject.';

function sentenceOf(path: SubjectPath, evidence: MotionEvidence): string {
  const zones = [...new Set(evidence.samples.flatMap((sample) => sample.zones))];
  const where = zones.length === 0 ? '' : `, in ${zones.length === 1 ? 'zone' : 'zones'} ${zones.join(', ')}`;
  return (
    `Something of ${percent(path.area)} of the picture ${wayOf(path, evidence)} in ${path.seconds.toFixed(1)} s${where}; ` +
    `found in ${path.framesFound} of ${path.framesFollowed} frames.`
  );
}

function wayOf({ points, length }: SubjectPath, { heat }: MotionEvidence): string {
  const [from, to] = [points[0], points.at(-1)];
  if (length < leastWay || from === undefined || to === undefined) return 'moved in its place';
  const across = to.x - from.x;
  // As a share of the width, as the length is.
  const down = ((to.y - from.y) * heat.rows) / heat.columns;
  const how = `moved ${percent(length)} of the picture's width`;
  if (Math.hypot(across, down) < leastDirectness * length) return `${how}, there and back,`;
  return `${how} ${directionOf(across, down)}`;
}

function directionOf(across: number, down: number): string {
  const sideways = across > 0 ? 'to the right' : 'to the left';
  const upright = down > 0 ? 'down' : 'up';
  if (Math.abs(across) > 2.4 * Math.abs(down)) return sideways;
  if (Math.abs(down) > 2.4 * Math.abs(across)) return upright;
  return `${upright} and ${sideways}`;
}

/** How far it was from being called nothing by one guard: `size, 2.0 times the smallest subject` and the like. */
export function explainGuard(guard: GuardMargin): string {
  return `${guardTitles[guard.name]}, ${standings[guard.name](guard)}`;
}

const standings: Readonly<Record<MotionGuard, (guard: GuardMargin) => string>> = {
  small: ({ margin }) => `${times(margin)} times the smallest subject`,
  weak: ({ margin }) => `${times(margin)} times what it must differ by`,
  light: ({ value, limit }) => `the scene shows through ${percent(value)} of it (at most ${percent(limit)})`,
  texture: ({ margin }) => `its cells lie ${times(margin)} times as dense as they must`,
  brief: ({ value, limit }) => `found in ${framesOf(value)} (at least ${limit})`,
  clutter: ({ value, limit }) => `found in ${framesOf(value)} (at least ${limit} among so much of its size)`,
  fast: ({ value, limit }) =>
    `found in ${framesOf(value)} (at least ${limit} where it is so fast for its size)`,
  flicker: ({ value, limit, unit }) => swingingOf(value, limit, unit),
  in_place: ({ value, limit, unit }) =>
    unit === 'growth'
      ? `it grew by ${percent(value)} of the picture's width (at least ${percent(limit)})`
      : `it came ${percent(value)} of the picture's width away (at least ${percent(limit)})`,
  back_and_forth: ({ value, limit }) =>
    `its way is ${percent(value)} longer than straight (at most ${percent(limit)})`,
  patchy: ({ value, limit }) => `missing in ${percent(value)} of the frames (at most ${percent(limit)})`,
  still: ({ value, limit }) => `${percent(value)} of the picture changes in it (at least ${percent(limit)})`,
  whole_picture: ({ value }) => `${percent(value)} of what is taken for one`,
  outside_zones: ({ value, limit }) =>
    `${percent(value)} of the picture lies in them (at least ${percent(limit)})`,
};

function swingingOf(value: number, limit: number, unit: GuardUnit): string {
  if (unit === 'frames') return `found in ${framesOf(value)} (at least ${limit} where things swing)`;
  if (unit === 'changes')
    return `its place changes ${value.toFixed(2)} times a second (at most ${limit.toFixed(2)})`;
  return `it came ${percent(value)} of the picture's width away (at least ${percent(limit)} where things swing)`;
}

function framesOf(count: number): string {
  return count === 1 ? '1 frame' : `${count} frames`;
}

/** `1.2 %`; of small shares two digits. */
export function percent(share: number): string {
  const value = share * 100;
  const digits = value >= 10 || value === 0 ? 0 : value >= 0.1 ? 1 : 2;
  return `${value.toFixed(digits)} %`;
}

function times(margin: number): string {
  if (margin >= maxMargin) return `more than ${maxMargin}`;
  return margin >= 10 ? margin.toFixed(0) : margin.toFixed(1);
}
