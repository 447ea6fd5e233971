import { CameraLostError } from '../core/camera-source.ts';
import type { Clock } from '../core/clock.ts';
import { isAbort } from '../core/errors.ts';
import type { AnalysedFrame } from '../core/frame.ts';

/**
 * The decoder process says by itself, and with a better cause, when a stream is silent for 10 s; this is for when it
 * does not, so it leaves it two seconds more.
 */
const silentMs = 12_000;
/** The first frame waits for the connection (10 s) and, between two key frames, for the next one (30 s). */
const firstFrameMs = 45_000;
const lookEveryMs = 1_000;

export interface FrameWatchdogOptions {
  readonly clock: Clock;
  /** What is said of a camera that sends no frame. */
  readonly message: string;
  readonly signal: AbortSignal;
}

/**
 * Hands the frames of a connection on, and gives it up when none comes for too long, whatever stands between the camera
 * and here. The time that the reader takes for a frame is not counted.
 *
 * @param open called once, with a signal that ends the connection
 * @throws CameraLostError `no_frames`, beside what the connection throws
 */
export async function* watchFrames(
  open: (signal: AbortSignal) => AsyncIterable<AnalysedFrame>,
  { clock, message, signal }: FrameWatchdogOptions,
): AsyncGenerator<AnalysedFrame, void, undefined> {
  const silence = new AbortController();
  const done = new AbortController();
  let limitMs = firstFrameMs;
  let waitingSince: number | undefined = clock.monotonic();
  const watch = async (): Promise<void> => {
    try {
      while (!silence.signal.aborted) {
        await clock.sleep(lookEveryMs, done.signal);
        const isLate = waitingSince !== undefined && clock.monotonic() - waitingSince > limitMs;
        if (isLate) silence.abort();
      }
    } catch (error) {
      if (!isAbort(error)) throw error;
    }
  };
  const watching = watch();
  try {
    for await (const frame of open(AbortSignal.any([signal, silence.signal]))) {
      waitingSince = undefined;
      limitMs = silentMs;
      yield frame;
      waitingSince = clock.monotonic();
    }
  } finally {
    done.abort();
    await watching;
  }
  if (silence.signal.aborted && !signal.aborted) throw new CameraLostError('no_frames', message);
}
