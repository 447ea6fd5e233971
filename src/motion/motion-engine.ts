import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';
import { siblingModule } from '../core/sibling-module.ts';
import type { MotionChannel, MotionEngine, MotionOptions } from './motion-detector.ts';
import { MotionThread } from './motion-thread.ts';

export interface MotionEngineOptions {
  /** How many threads the cameras share; one judges more than a thousand frames a second. Default 1. */
  readonly threads?: number;
  readonly log: Logger;
  readonly clock: Clock;
  /** What the threads run; only a test of their death has another one. */
  readonly workerModule?: URL;
}

/** Starts the threads; resolves once they run. */
export async function createMotionEngine(options: MotionEngineOptions): Promise<MotionEngine> {
  const { threads = 1, log, clock, workerModule = siblingModule(import.meta.url, 'motion-worker') } = options;
  const running = Array.from(
    { length: Math.max(1, threads) },
    () => new MotionThread({ module: workerModule, log, clock }),
  );
  const engine = new ThreadedMotionEngine(running);
  try {
    await Promise.all(running.map((thread) => thread.started));
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
  return engine;
}

class ThreadedMotionEngine implements MotionEngine {
  readonly #threads: readonly MotionThread[];
  #channelsMade = 0;

  constructor(threads: readonly MotionThread[]) {
    this.#threads = threads;
  }

  async openChannel(options: MotionOptions): Promise<MotionChannel> {
    const [thread] = this.#threads.toSorted((a, b) => a.channelCount - b.channelCount);
    if (thread === undefined) throw new Error('a motion engine has at least one thread');
    this.#channelsMade += 1;
    return await thread.openChannel(this.#channelsMade, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread[Symbol.asyncDispose]()));
  }
}
