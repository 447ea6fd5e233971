import { AppError, isAbort, messageOf } from '../core/errors.ts';
import type { Description, Detection } from '../core/event.ts';
import type { ObjectDetector } from '../core/object-detector.ts';
import { actionsOf, sentenceOf } from './sentence.ts';
import { subjectsOf } from './subjects.ts';
import { buildTracks, type SeenFrame } from './tracks.ts';
import type { DescribeFrame, DescribeInput, VisionProvider } from './vision-provider.ts';

export interface LocalDescriberOptions {
  /** Not owned: whoever made it closes it. */
  readonly detector: ObjectDetector;
  /** `local` unless given. */
  readonly name?: string;
}

/** The port's limit; further frames are not looked at. */
const maxFrames = 6;
const longestTitle = 80;

/**
 * Describes an event from what the object detector recognises, on this machine alone. It says what moves, how many
 * of it and, when sure, where to; what only stands in the background is among the detections but not the objects.
 *
 * `objects` are the words of the sentence: `person`, `car`, `bus`, …; `vehicle` when the detector is not of one mind,
 * and `animal` unless it is very sure of the species.
 */
export function createLocalDescriber({ detector, name = 'local' }: LocalDescriberOptions): VisionProvider {
  return {
    name,
    describe: async (input, signal) => ({ ...(await describe(detector, input, signal)), provider: name }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function describe(
  detector: ObjectDetector,
  input: DescribeInput,
  signal: AbortSignal,
): Promise<Omit<Description, 'provider'>> {
  const frames = await lookAt(detector, input, signal);
  const subjects = subjectsOf(buildTracks(frames), frames);
  const best = Math.max(...subjects.map((subject) => subject.score));
  const isMotionKnown = frames.some((frame) => frame.regions !== undefined);
  const text = sentenceOf(subjects, isMotionKnown);
  return {
    text,
    title: titleOf(text),
    confidence: subjects.length === 0 ? null : Math.round(best * 100),
    objects: [...new Set(subjects.flatMap(({ labels, carried }) => labels.concat(carried)))],
    actions: actionsOf(subjects),
    // What it does not recognise may well be of interest: it never says that there is nothing.
    isNothingOfInterest: false,
    detections: detectionsOf(frames, input.bestCapturedAt),
    model: detector.model,
    costUsd: 0,
    usage: null,
  };
}

/** The first sentence. */
function titleOf(text: string): string {
  const first = (text.split('. ')[0] ?? text).replace(/\.$/, '');
  return first.length <= longestTitle ? first : `${first.slice(0, longestTitle - 1)}…`;
}

/** One unreadable picture among several costs only itself. */
async function lookAt(
  detector: ObjectDetector,
  input: DescribeInput,
  signal: AbortSignal,
): Promise<SeenFrame[]> {
  const seen: SeenFrame[] = [];
  let failure: unknown;
  for (const frame of input.frames.slice(0, maxFrames)) {
    const regions = regionsOf(frame, input);
    try {
      const focus = (regions ?? []).map((region) => region.box);
      const detections = await detector.detect({ jpeg: frame.jpeg, focus }, signal);
      seen.push({ capturedAt: frame.capturedAt, detections, regions });
    } catch (error) {
      if (isAbort(error) || signal.aborted) throw error;
      failure = error;
    }
  }
  if (seen.length > 0) return seen;
  const cause = failure ?? new Error('the event has no pictures');
  throw new AppError('DESCRIBE_FAILED', `No picture of the event could be looked at: ${messageOf(cause)}`, {
    cause,
    isRetryable: cause instanceof AppError && cause.isRetryable,
  });
}

/**
 * What moved in a frame; when the frame does not know, what opened the event. `undefined` when nobody knows for any
 * frame: then everything in the pictures may be what the event is about.
 */
function regionsOf(frame: DescribeFrame, input: DescribeInput): SeenFrame['regions'] {
  if (frame.regions.length > 0) return frame.regions;
  const opening = input.motion?.regions ?? [];
  const isKnown = opening.length > 0 || input.frames.some(({ regions }) => regions.length > 0);
  return isKnown ? opening : undefined;
}

/** Boxes fit one picture only: the one that stands for the event, else the one in which the most was recognised. */
function detectionsOf(
  frames: readonly SeenFrame[],
  bestCapturedAt: number | undefined,
): readonly Detection[] {
  const best = frames.find((frame) => frame.capturedAt === bestCapturedAt);
  const richest = frames.toSorted((a, b) => scoreSum(b) - scoreSum(a))[0];
  return (best ?? richest)?.detections ?? [];
}

function scoreSum(frame: SeenFrame): number {
  return frame.detections.reduce((sum, detection) => sum + detection.score, 0);
}
