import { parentPort } from 'node:worker_threads';
import { messageOf } from '../core/errors.ts';
import type { PictureLook } from '../core/picture-look.ts';
import type { MotionDetector } from './motion-detector.ts';
import type { MotionAnswer, MotionRequest } from './motion-protocol.ts';
import { measureLook } from './picture-look.ts';
import { createMotionDetector } from './scene-detector.ts';

/** The body of a motion thread: one detector for each channel, calls answered in the order in which they come. */
const detectors = new Map<number, MotionDetector>();

/** What a picture looks like changes slowly. */
const lookEveryMs = 1_000;
const lookedAt = new Map<number, number>();

function answer(request: MotionRequest): MotionAnswer | undefined {
  switch (request.kind) {
    case 'open':
      detectors.set(request.channel, createMotionDetector(request.options));
      return { call: request.call, kind: 'done' };
    case 'detect':
      return {
        call: request.call,
        kind: 'sample',
        sample: { ...detectorOf(request.channel).detect(request.frame), ...lookAt(request) },
      };
    case 'prime':
      detectorOf(request.channel).prime(request.frames);
      return { call: request.call, kind: 'done' };
    case 'close':
      detectors.delete(request.channel);
      lookedAt.delete(request.channel);
      break;
  }
  return undefined;
}

function lookAt({ channel, frame }: MotionRequest & { readonly kind: 'detect' }): { look?: PictureLook } {
  const sinceMs = frame.capturedAt - (lookedAt.get(channel) ?? Number.NEGATIVE_INFINITY);
  // The clock may be set back.
  if (sinceMs >= 0 && sinceMs < lookEveryMs) return {};
  lookedAt.set(channel, frame.capturedAt);
  return { look: measureLook(frame) };
}

function detectorOf(channel: number): MotionDetector {
  const detector = detectors.get(channel);
  if (detector === undefined) throw new Error(`motion channel ${channel} is not open in this thread`);
  return detector;
}

parentPort?.on('message', (request: MotionRequest) => {
  let reply: MotionAnswer | undefined;
  try {
    reply = answer(request);
  } catch (error) {
    // One camera's broken frame is answered as such and must not end the other cameras' thread.
    if (request.kind !== 'close') reply = { call: request.call, kind: 'failed', message: messageOf(error) };
  }
  if (reply !== undefined) parentPort?.postMessage(reply, []);
});
