import { Worker } from 'node:worker_threads';
import type { Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import type { Detection } from '../core/event.ts';
import type { DetectionRequest } from '../core/object-detector.ts';
import { siblingModule } from '../core/sibling-module.ts';
import type { DetectorAnswer, DetectorRequest, DetectorWorkerData } from './detector-protocol.ts';

/** A request takes well under a second; a thread that takes this long hangs. */
const hangMs = 30_000;

/** A picture that waits, or is being looked at, for somebody. */
export interface DetectorTask {
  readonly request: DetectionRequest;
  readonly resolve: (detections: Detection[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Running {
  readonly id: number;
  readonly task: DetectorTask;
  readonly done: () => void;
  /** Aborted once there is an answer. */
  readonly guard: AbortController;
}

/** One worker thread, which may be started again after it has ended. Works on one request at a time. */
export class DetectorThread {
  readonly #data: DetectorWorkerData;
  readonly #clock: Clock;
  #worker: Worker | undefined;
  #isReady = false;
  #current: Running | undefined;
  #nextId = 0;
  #ended: Promise<Error> = Promise.resolve(new Error('The thread was never started.'));
  /** Whether the thread that runs now has answered a request: one that has not may never be able to. */
  hasAnswered = false;

  constructor(data: DetectorWorkerData, clock: Clock) {
    this.#data = data;
    this.#clock = clock;
  }

  get isAlive(): boolean {
    return this.#isReady;
  }

  get isFree(): boolean {
    return this.#isReady && this.#current === undefined;
  }

  /** Resolves with the cause when the thread that runs now is gone. */
  get ended(): Promise<Error> {
    return this.#ended;
  }

  async start(): Promise<void> {
    const worker = new Worker(siblingModule(import.meta.url, 'detector-worker'), {
      workerData: this.#data,
      name: 'detector',
    });
    this.#worker = worker;
    this.hasAnswered = false;
    let cause: Error | undefined;
    worker.once('error', (error) => {
      cause = error instanceof Error ? error : new Error(String(error));
    });
    this.#ended = new Promise((resolve) => {
      worker.once('exit', (code) => {
        this.#isReady = false;
        const error = cause ?? new Error(`The detector's thread ended with code ${code}.`);
        this.#settle((task) => {
          task.reject(
            this.#worker === undefined
              ? closedError()
              : new AppError(
                  'DETECTION_FAILED',
                  `The detector's thread died (${error.message}); it is started again.`,
                  { cause: error },
                ),
          );
        });
        resolve(error);
      });
    });
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (answer: DetectorAnswer) => {
        switch (answer.kind) {
          case 'ready':
            this.#isReady = true;
            resolve();
            return;
          case 'unavailable':
            reject(new AppError('MODEL_UNAVAILABLE', answer.message));
            return;
          case 'found':
          case 'failed':
            this.#take(answer);
        }
      });
      worker.once('exit', () => {
        reject(
          new AppError(
            'MODEL_UNAVAILABLE',
            `The detector's thread could not start: ${messageOf(cause ?? 'it ended')}.`,
            { cause },
          ),
        );
      });
    });
  }

  run(task: DetectorTask, done: () => void): void {
    const id = this.#nextId;
    this.#nextId += 1;
    const guard = new AbortController();
    this.#current = { id, task, done, guard };
    // Copied: the caller keeps its picture, and a view of a larger buffer would carry all of that along.
    const jpeg = new Uint8Array(task.request.jpeg);
    const request: DetectorRequest = { id, jpeg, focus: task.request.focus };
    this.#worker?.postMessage(request, [jpeg.buffer]);
    // Ends with the request, or ends the thread; neither rejects.
    void this.#endWhenItHangs(guard.signal);
  }

  async #endWhenItHangs(answered: AbortSignal): Promise<void> {
    try {
      await this.#clock.sleep(hangMs, answered);
    } catch {
      return;
    }
    await this.#worker?.terminate();
  }

  #take(answer: Extract<DetectorAnswer, { id: number }>): void {
    if (this.#current?.id !== answer.id) return;
    this.hasAnswered = true;
    this.#settle((task) => {
      if (answer.kind === 'found') task.resolve([...answer.detections]);
      else task.reject(new AppError(answer.code, answer.message));
    });
  }

  #settle(end: (task: DetectorTask) => void): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    current.guard.abort();
    end(current.task);
    current.done();
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

export function closedError(): AppError {
  return new AppError('SHUTTING_DOWN', 'The detector is closed.');
}
