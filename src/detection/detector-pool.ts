import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Detection } from '../core/event.ts';
import type { Logger } from '../core/log.ts';
import type { DetectionRequest } from '../core/object-detector.ts';
import type { DetectorWorkerData } from './detector-protocol.ts';
import { closedError, DetectorThread, type DetectorTask } from './detector-thread.ts';

export interface DetectorPoolOptions {
  readonly workerData: DetectorWorkerData;
  readonly threads: number;
  /** Requests that may wait; a further one is refused and counted. */
  readonly maxWaiting: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface DetectorCounts {
  /** Requests that wait for a thread. */
  readonly waiting: number;
  /** Requests that were refused because too many were waiting. */
  readonly refused: number;
  /** Threads that died or hung and were started anew. */
  readonly restarts: number;
}

/** Waits before a thread that died is started again: doubled up to the longest as long as it dies before its first answer. */
const restartMs = { first: 500, longest: 30_000 };

/** Worker threads with a model each, and one bounded line of requests before them. */
export class DetectorPool implements AsyncDisposable {
  readonly #options: DetectorPoolOptions;
  readonly #waiting: DetectorTask[] = [];
  readonly #closed = new AbortController();
  readonly #threads: DetectorThread[];
  #refused = 0;
  #restarts = 0;

  constructor(options: DetectorPoolOptions) {
    this.#options = options;
    this.#threads = Array.from(
      { length: options.threads },
      () => new DetectorThread(options.workerData, options.clock),
    );
  }

  /** @throws AppError `MODEL_UNAVAILABLE` when the model can't be loaded */
  async start(): Promise<void> {
    await Promise.all(this.#threads.map(async (thread) => await thread.start()));
    for (const thread of this.#threads) {
      // Runs until the pool is closed, and ends without an error then.
      void this.#keepAlive(thread);
    }
  }

  get counts(): DetectorCounts {
    return { waiting: this.#waiting.length, refused: this.#refused, restarts: this.#restarts };
  }

  async detect(request: DetectionRequest, signal: AbortSignal): Promise<Detection[]> {
    signal.throwIfAborted();
    if (this.#closed.signal.aborted) throw closedError();
    if (this.#waiting.length >= this.#options.maxWaiting) {
      this.#refused += 1;
      const message = `The detector has ${this.#waiting.length} pictures waiting, more than it takes. Try again later.`;
      throw new AppError('DETECTION_FAILED', message);
    }
    return await new Promise<Detection[]>((resolve, reject) => {
      const onAbort = () => {
        const index = this.#waiting.indexOf(task);
        if (index !== -1) this.#waiting.splice(index, 1);
        // A thread that works on it already finishes; nobody waits for its answer then.
        reject(signal.reason);
      };
      const settle =
        <T>(end: (value: T) => void) =>
        (value: T) => {
          signal.removeEventListener('abort', onAbort);
          end(value);
        };
      const task: DetectorTask = { request, resolve: settle(resolve), reject: settle(reject) };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(task);
      this.#assign();
    });
  }

  #assign(): void {
    for (const thread of this.#threads) {
      if (!thread.isFree) continue;
      const task = this.#waiting.shift();
      if (task === undefined) return;
      thread.run(task, () => {
        this.#assign();
      });
    }
  }

  async #keepAlive(thread: DetectorThread): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#closed;
    let pauseMs = restartMs.first;
    let cause: unknown = await thread.ended;
    while (!signal.aborted) {
      this.#restarts += 1;
      log.error(
        { stage: 'detection', err: cause, retry_in_ms: pauseMs },
        'detector thread ended, starting another',
      );
      try {
        await clock.sleep(pauseMs, signal);
        if (signal.aborted) return;
        await thread.start();
        this.#assign();
        cause = await thread.ended;
        pauseMs = thread.hasAnswered ? restartMs.first : Math.min(restartMs.longest, pauseMs * 2);
      } catch (error) {
        if (signal.aborted) return;
        // Without a model nothing that waits can be answered, by this thread at least.
        if (!this.#threads.some((other) => other.isAlive)) this.#rejectWaiting(error);
        cause = error;
        pauseMs = Math.min(restartMs.longest, pauseMs * 2);
      }
    }
  }

  #rejectWaiting(error: unknown): void {
    for (const task of this.#waiting.splice(0)) task.reject(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    this.#rejectWaiting(closedError());
    await Promise.all(this.#threads.map(async (thread) => await thread.stop()));
  }
}
