import { CameraLostError, type CameraSource } from '../../src/core/camera-source.ts';
import type { CameraCause } from '../../src/core/camera.ts';
import type { Clock } from '../../src/core/clock.ts';
import { AppError, isAbort } from '../../src/core/errors.ts';
import type { AnalysedFrame } from '../../src/core/frame.ts';
import type { MotionSample } from '../../src/core/motion.ts';
import type { PicturePrint } from '../../src/core/picture-print.ts';
import { noVideo } from './no-video.ts';

/** How one connection goes: frames once a second in which nothing moves, for so long, then what ends it, or nothing any more. */
export interface ScriptedConnection {
  readonly seconds: number;
  readonly end: CameraCause | 'silence';
  /** Of the key picture that comes with each frame. */
  readonly print?: () => PicturePrint;
  /** Whether motion analysis fails on a frame, by its number. */
  readonly failsAt?: (sequence: number) => boolean;
}

/** Each connection to this camera goes as the test says at that moment. */
export function createScriptedSource(clock: Clock, connect: () => ScriptedConnection): CameraSource {
  return {
    info: undefined,
    pictureStream: undefined,
    masks: [],
    open: (signal) => play(clock, connect(), signal),
    pictures: () =>
      Promise.reject(new AppError('PICTURE_GONE', 'a scripted camera has no pictures in full resolution')),
    ...noVideo,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function* play(
  clock: Clock,
  { seconds, end, print, failsAt }: ScriptedConnection,
  signal: AbortSignal,
): AsyncGenerator<AnalysedFrame, void, undefined> {
  const waited = async (ms: number): Promise<boolean> => {
    try {
      await clock.sleep(ms, signal);
      return true;
    } catch (error) {
      if (isAbort(error)) return false;
      throw error;
    }
  };
  for (let sequence = 0; sequence < seconds; sequence += 1) {
    if (!(await waited(1000))) return;
    const at = { capturedAt: clock.now(), mediaTimeMs: sequence * 1000 };
    yield {
      sequence,
      ...at,
      width: 8,
      height: 8,
      ...(failsAt?.(sequence) === true ? { failure: 'no memory' } : { sample: stillSample(at) }),
      ...(print === undefined ? {} : { keyPrint: print() }),
    };
  }
  if (end === 'silence') await waited(Number.MAX_SAFE_INTEGER);
  else throw new CameraLostError(end, `it ended: ${end}`);
}

function stillSample(at: Pick<MotionSample, 'capturedAt' | 'mediaTimeMs'>): MotionSample {
  return { ...at, isMotion: false, score: 0, regions: [], zones: [], reason: 'quiet', quality: 0 };
}
