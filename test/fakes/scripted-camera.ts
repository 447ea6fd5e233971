import { CameraLostError, type CameraSource } from '../../src/core/camera-source.ts';
import type { CameraCause } from '../../src/core/camera.ts';
import type { Clock } from '../../src/core/clock.ts';
import { AppError, isAbort } from '../../src/core/errors.ts';
import type { AnalysisFrame } from '../../src/core/frame.ts';
import type { PicturePrint } from '../../src/core/picture-print.ts';
import type { MotionEngine } from '../../src/motion/motion-detector.ts';
import { noVideo } from './no-video.ts';

/** How one connection goes: frames once a second for so long, then what ends it, or nothing any more. */
export interface ScriptedConnection {
  readonly seconds: number;
  readonly end: CameraCause | 'silence';
  /** Of the key picture that comes with each frame. */
  readonly print?: () => PicturePrint;
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
  { seconds, end, print }: ScriptedConnection,
  signal: AbortSignal,
): AsyncGenerator<AnalysisFrame, void, undefined> {
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
    yield {
      sequence,
      capturedAt: clock.now(),
      mediaTimeMs: sequence * 1000,
      width: 8,
      height: 8,
      gray: new Uint8Array(64),
      ...(print === undefined ? {} : { keyPrint: print() }),
    };
  }
  if (end === 'silence') await waited(Number.MAX_SAFE_INTEGER);
  else throw new CameraLostError(end, `it ended: ${end}`);
}

/** Sees nothing move. */
export const stillMotionEngine: MotionEngine = {
  openChannel: () =>
    Promise.resolve({
      detect: ({ capturedAt, mediaTimeMs }) =>
        Promise.resolve({
          capturedAt,
          mediaTimeMs,
          isMotion: false,
          score: 0,
          regions: [],
          zones: [],
          reason: 'quiet',
          quality: 0,
        }),
      prime: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
