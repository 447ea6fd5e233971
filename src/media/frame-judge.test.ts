import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { frameOf, walker, yard, type View } from '../../test/support/gray-views.ts';
import type { MotionRequest, StreamRequest } from '../core/camera-source.ts';
import type { AnalysedFrame } from '../core/frame.ts';
import type { MotionDetector, MotionOptions } from '../motion/motion-detector.ts';
import { createMotionDetector } from '../motion/scene-detector.ts';
import type { GateVerdict } from './decode-gate.ts';
import { DetectorShelf } from './detector-shelf.ts';
import { FrameJudge } from './frame-judge.ts';

const request: StreamRequest = {
  name: 'yard',
  cameraId: 'yard',
  purpose: 'analysis',
  protocol: 'rtsp',
  url: 'rtsp://192.168.1.20/',
  username: null,
  password: null,
  transport: 'tcp',
  masks: [],
  frameRate: 5,
  pacing: 'realtime',
  decode: 'auto',
  isLooping: false,
  motion: { sensitivity: 'medium', zones: [] },
};

/** Somebody comes in after so long and crosses the picture. */
const comesAfter = 12;
const passing = walker(comesAfter, 40, 24, 60, 200);

interface Rig {
  readonly judge: FrameJudge;
  readonly messages: (readonly AnalysedFrame[])[];
  readonly verdicts: GateVerdict[];
  readonly expectations: () => number;
  /** Judges the frames from second to second; each message is taken by a reader who watches closely unless told not to. */
  readonly play: (view: View, from: number, to: number, isClose?: boolean) => Promise<void>;
}

function rigOf(change: Partial<StreamRequest> = {}, create = createMotionDetector): Rig {
  const clock = new FakeClock();
  const messages: (readonly AnalysedFrame[])[] = [];
  const verdicts: GateVerdict[] = [];
  let expectations = 0;
  const judge: FrameJudge = new FrameJudge({
    id: 1,
    request: { ...request, ...change },
    isLossless: change.pacing === 'fastest',
    shelf: new DetectorShelf(clock, create),
    clock,
    send: (message) => {
      if (message.kind !== 'frames') return;
      messages.push(message.frames);
      // The reader of a recording takes them one by one.
      if (change.pacing === 'fastest') {
        queueMicrotask(() => {
          judge.acknowledge(true);
        });
      }
    },
    count: () => undefined,
    packets: {
      note: (verdict) => void verdicts.push(verdict),
      expectMotion: () => {
        expectations += 1;
      },
    },
  });
  return {
    judge,
    messages,
    verdicts,
    expectations: () => expectations,
    async play(view, from, to, isClose = true) {
      for (let sequence = from * 5; sequence < to * 5; sequence += 1) {
        await clock.advance(200);
        await judge.push(frameOf(view, sequence));
        if (messages.length > 0) judge.acknowledge(isClose);
      }
    },
  };
}

/** Fails on the fourth frame. */
function failing(options: MotionOptions): MotionDetector {
  const detector = createMotionDetector(options);
  return {
    prime: (frames) => {
      detector.prime(frames);
    },
    detect: (frame) => {
      if (frame.sequence === 3) throw new Error('no memory');
      return detector.detect(frame);
    },
  };
}

test('a still scene is told of about once a second, without pictures', async () => {
  const { messages, verdicts, play } = rigOf();
  await play(yard, 0, 12);
  // The first one at once: then the camera is seen.
  expect(messages[0]).toHaveLength(1);
  expect(messages.length).toBeLessThanOrEqual(12);
  expect(messages.flat().every(({ gray }) => gray === undefined)).toBe(true);
  expect(verdicts).toHaveLength(60);
  expect(verdicts.every(({ isCalm }) => isCalm)).toBe(true);
});

test('what moves is told of frame by frame, with its pictures, and so is what comes right after it', async () => {
  const { messages, verdicts, play } = rigOf();
  await play(passing, 0, comesAfter);
  messages.length = 0;
  await play(passing, comesAfter, comesAfter + 6);
  const first = messages.findIndex((frames) => frames.some(({ sample }) => sample?.isMotion === true));
  expect(first).toBeGreaterThanOrEqual(0);
  const since = messages.slice(first);
  // The first moving frame brings along what waited before it.
  expect(since.slice(1).every((frames) => frames.length === 1)).toBe(true);
  expect(since.length).toBeGreaterThan(20);
  for (const { sample, gray } of messages.flat()) expect(gray !== undefined).toBe(sample?.isMotion);
  expect(verdicts.some(({ isMotion }) => isMotion)).toBe(true);
});

test('what moves is told of as a still scene is while nobody would make an event of it', async () => {
  const { messages, play } = rigOf();
  await play(passing, 0, comesAfter, false);
  messages.length = 0;
  await play(passing, comesAfter, comesAfter + 6, false);
  const frames = messages.flat();
  expect(frames.some(({ sample }) => sample?.isMotion === true)).toBe(true);
  expect(frames.some(({ gray }) => gray !== undefined)).toBe(false);
  expect(messages.length).toBeLessThanOrEqual(6);
});

test('while the camera says that something moves, all is told at once and nothing counts as calm', async () => {
  const { judge, messages, verdicts, expectations, play } = rigOf();
  await play(yard, 0, 10);
  judge.expectMotion(true);
  expect(expectations()).toBe(1);
  messages.length = 0;
  verdicts.length = 0;
  await play(yard, 10, 12);
  expect(messages.slice(1).every((frames) => frames.length === 1)).toBe(true);
  expect(messages.flat().at(-1)).toHaveProperty('gray');
  expect(verdicts.some(({ isCalm }) => isCalm)).toBe(false);
  judge.expectMotion(false);
  await play(yard, 12, 13);
  expect(verdicts.at(-1)?.isCalm).toBe(true);
  expect(expectations()).toBe(1);
});

test('a frame on which the detector fails says so, and the next one is judged', async () => {
  const { judge, messages, verdicts, play } = rigOf({}, failing);
  await play(yard, 0, 2);
  judge.flush();
  const frames = messages.flat();
  expect(frames).toHaveLength(10);
  expect(frames.filter(({ sample }) => sample === undefined)).toMatchObject([
    { sequence: 3, failure: 'no memory' },
  ]);
  expect(verdicts).toHaveLength(9);
});

test('a recording is judged from its first frame on, once its scene is known', async () => {
  const motion: MotionRequest = { sensitivity: 'medium', zones: [], learnFirstMs: 6_000 };
  const { judge, messages, play } = rigOf({ protocol: 'file', pacing: 'fastest', motion });
  await play(yard, 0, 6);
  expect(messages).toEqual([]);
  await play(yard, 6, 7);
  const reasons = messages.flat().map(({ sample }) => sample?.reason);
  expect(reasons).toEqual(reasons.map(() => 'quiet'));
  expect(reasons).toHaveLength(35);
  judge.close();
});

test('a recording that is shorter than what the scene is learnt from is judged at its end', async () => {
  const motion: MotionRequest = { sensitivity: 'medium', zones: [], learnFirstMs: 6_000 };
  const { judge, messages, play } = rigOf({ protocol: 'file', pacing: 'fastest', motion });
  await play(yard, 0, 1);
  expect(messages).toEqual([]);
  await judge.finish();
  expect(messages.flat().map(({ sample }) => sample?.reason)).toEqual(
    Array.from({ length: 5 }, () => 'quiet'),
  );
});

test('frames of a stream that is not judged all come at once, with their pictures', async () => {
  const { motion, ...unjudged } = request;
  expect(motion).toBeDefined();
  const clock = new FakeClock();
  const messages: (readonly AnalysedFrame[])[] = [];
  const judge = new FrameJudge({
    id: 1,
    request: unjudged,
    isLossless: false,
    shelf: new DetectorShelf(clock, createMotionDetector),
    clock,
    send: (message) => {
      if (message.kind === 'frames') messages.push(message.frames);
    },
    count: () => undefined,
    packets: undefined,
  });
  const frame = frameOf(yard, 0);
  await judge.push(frame);
  // The pixels are overwritten by those of the next frame.
  const seen = frame.gray.slice();
  frame.gray.fill(0);
  expect(messages.flat()[0]?.gray).toEqual(seen);
});
