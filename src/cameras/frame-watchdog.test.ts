import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import type { AnalysedFrame } from '../core/frame.ts';
import { watchFrames } from './frame-watchdog.ts';

/** A connection whose frames come when the test says so. */
class Connection {
  #waiting: ((frame: AnalysedFrame | undefined) => void) | undefined;

  async *open(signal: AbortSignal): AsyncGenerator<AnalysedFrame, void, undefined> {
    signal.addEventListener('abort', () => this.#waiting?.(undefined));
    while (!signal.aborted) {
      const frame = await new Promise<AnalysedFrame | undefined>((resolve) => {
        this.#waiting = resolve;
      });
      if (frame === undefined) return;
      yield frame;
    }
  }

  send(): void {
    this.#waiting?.({
      sequence: 0,
      capturedAt: 0,
      mediaTimeMs: 0,
      width: 1,
      height: 1,
    });
  }
}

interface Watched {
  readonly clock: FakeClock;
  readonly connection: Connection;
  readonly stop: AbortController;
  readonly frames: AsyncGenerator<AnalysedFrame, void, undefined>;
}

function watched(): Watched {
  const clock = new FakeClock();
  const connection = new Connection();
  const stop = new AbortController();
  const frames = watchFrames((signal) => connection.open(signal), {
    clock,
    message: 'no picture',
    signal: stop.signal,
  });
  return { clock, connection, stop, frames };
}

/** Takes the next frame, which is sent `afterMs` from now; answers the cause when the connection is lost before. */
async function takeAfter({ clock, connection, frames }: Watched, afterMs: number): Promise<unknown> {
  const next = frames.next().then(
    ({ done }) => (done === true ? 'end' : 'frame'),
    (error: unknown) => (error as { cameraCause: string }).cameraCause,
  );
  await clock.advance(afterMs);
  connection.send();
  return next;
}

test('a connection without a frame for twelve seconds is given up, though nobody else complains', async () => {
  const parts = watched();
  expect(await takeAfter(parts, 1_000)).toBe('frame');
  for (let count = 0; count < 5; count += 1) expect(await takeAfter(parts, 11_000)).toBe('frame');
  expect(await takeAfter(parts, 14_000)).toBe('no_frames');
  expect(parts.clock.sleeperCount).toBe(0);
});

test('the first frame may take three quarters of a minute, and no longer', async () => {
  expect(await takeAfter(watched(), 44_000)).toBe('frame');
  expect(await takeAfter(watched(), 47_000)).toBe('no_frames');
});

test('what the reader does with a frame is not taken for silence', async () => {
  const parts = watched();
  await takeAfter(parts, 0);
  await parts.clock.advance(60_000);
  expect(await takeAfter(parts, 5_000)).toBe('frame');
});

test('a stop ends it without a complaint', async () => {
  const parts = watched();
  await takeAfter(parts, 0);
  const next = parts.frames.next();
  parts.stop.abort();
  expect(await next).toEqual({ done: true, value: undefined });
  expect(parts.clock.sleeperCount).toBe(0);
});

test('a reader that leaves takes the watch with it', async () => {
  const parts = watched();
  await takeAfter(parts, 0);
  await parts.frames.return();
  expect(parts.clock.sleeperCount).toBe(0);
});
