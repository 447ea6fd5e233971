import { parentPort } from 'node:worker_threads';
import { messageOf } from '../core/errors.ts';
import type { MotionDetector } from './motion-detector.ts';
import type { MotionAnswer, MotionRequest } from './motion-protocol.ts';
import { createMotionDetector } from './scene-detector.ts';

/** The body of a motion thread: one detector for each channel, calls answered in the order in which they come. */
const detectors = new Map<number, MotionDetector>();

function answer(request: MotionRequest): MotionAnswer | undefined {
  switch (request.kind) {
    case 'open':
      detectors.set(request.channel, createMotionDetector(request.options));
      return { call: request.call, kind: 'done' };
    case 'detect':
      return {
        call: request.call,
        kind: 'sample',
        sample: detectorOf(request.channel).detect(request.frame),
      };
    case 'prime':
      detectorOf(request.channel).prime(request.frames);
      return { call: request.call, kind: 'done' };
    case 'close':
      detectors.delete(request.channel);
      break;
  }
  return undefined;
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
