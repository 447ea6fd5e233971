import { Worker } from 'node:worker_threads';
import type { Clock } from '../core/clock.ts';
import { AppError, isAbort, messageOf } from '../core/errors.ts';
import type { AnalysisFrame } from '../core/frame.ts';
import type { Logger } from '../core/log.ts';
import type { MotionSample } from '../core/motion.ts';
import type { MotionChannel, MotionOptions } from './motion-detector.ts';
import type { MotionAnswer, MotionRequest } from './motion-protocol.ts';

export interface MotionThreadOptions {
  readonly module: URL;
  readonly log: Logger;
  readonly clock: Clock;
}

interface Call {
  readonly channel: number;
  resolve(answer: MotionAnswer): void;
  reject(error: AppError): void;
}

/** Calls of one channel that wait for their answer; one is normal, more mean that the thread lags. */
const maxCallsPerChannel = 8;
/** Between the death of a thread and its successor, doubling while successors die within a minute. */
const firstRestartDelayMs = 50;
const maxRestartDelayMs = 10_000;
const healthyAfterMs = 60_000;

type RequestOf<T> = T extends { readonly call: number } ? Omit<T, 'call'> : never;

/** One motion thread and its successors: when it dies, another one takes its channels, which warm up again. */
export class MotionThread implements AsyncDisposable {
  /** Resolves once the first thread runs; rejects when it can't be started. */
  readonly started: Promise<void>;
  readonly #options: MotionThreadOptions;
  readonly #calls = new Map<number, Call>();
  readonly #waiting = new Map<number, number>();
  readonly #channels = new Map<number, MotionOptions>();
  readonly #stop = new AbortController();
  #worker: Worker | undefined;
  #startedAt = 0;
  #callsMade = 0;
  #restartDelayMs = firstRestartDelayMs;
  #restart: Promise<void> = Promise.resolve();

  constructor(options: MotionThreadOptions) {
    this.#options = options;
    this.started = this.#start();
  }

  get channelCount(): number {
    return this.#channels.size;
  }

  async openChannel(channel: number, options: MotionOptions): Promise<MotionChannel> {
    await this.#call({ kind: 'open', channel, options }, []);
    this.#channels.set(channel, options);
    return new ThreadChannel(
      (frame) => this.#detect(channel, frame),
      (frames) => this.#prime(channel, frames),
      () => {
        this.#channels.delete(channel);
        this.#worker?.postMessage({ kind: 'close', channel } satisfies MotionRequest);
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    const worker = this.#worker;
    this.#worker = undefined;
    this.#rejectAll(shuttingDown());
    await worker?.terminate();
    await this.#restart;
  }

  async #detect(channel: number, frame: AnalysisFrame): Promise<MotionSample> {
    const { gray } = frame;
    // A view of a larger buffer can't be moved without taking its neighbours along.
    const own = gray.byteLength === gray.buffer.byteLength ? gray : gray.slice();
    const answer = await this.#call({ kind: 'detect', channel, frame: { ...frame, gray: own } }, [
      own.buffer,
    ]);
    if (answer.kind !== 'sample') throw new Error(`a detect call was answered with ${answer.kind}`);
    return answer.sample;
  }

  async #prime(channel: number, frames: readonly AnalysisFrame[]): Promise<void> {
    await this.#call({ kind: 'prime', channel, frames }, []);
  }

  async #call(request: RequestOf<MotionRequest>, transfer: readonly ArrayBuffer[]): Promise<MotionAnswer> {
    if (this.#stop.signal.aborted) throw shuttingDown();
    const worker = this.#worker;
    if (worker === undefined)
      throw threadLost('the motion thread is being replaced; the channel will warm up again');
    const waiting = this.#waiting.get(request.channel) ?? 0;
    if (waiting >= maxCallsPerChannel) {
      throw threadLost(
        `${waiting} frames wait for motion analysis already, at most ${maxCallsPerChannel} may: leave this one out`,
      );
    }
    this.#waiting.set(request.channel, waiting + 1);
    this.#callsMade += 1;
    const call = this.#callsMade;
    try {
      return await new Promise<MotionAnswer>((resolve, reject) => {
        this.#calls.set(call, { channel: request.channel, resolve, reject });
        worker.postMessage({ ...request, call }, transfer);
      });
    } finally {
      this.#calls.delete(call);
      const left = (this.#waiting.get(request.channel) ?? 1) - 1;
      if (left > 0) this.#waiting.set(request.channel, left);
      else this.#waiting.delete(request.channel);
    }
  }

  async #start(): Promise<void> {
    const worker = new Worker(this.#options.module);
    this.#worker = worker;
    this.#startedAt = this.#options.clock.monotonic();
    let cause: unknown;
    worker.on('message', (answer: MotionAnswer) => {
      const call = this.#calls.get(answer.call);
      if (call === undefined) return;
      if (answer.kind === 'failed')
        call.reject(new AppError('INTERNAL', `motion analysis failed: ${answer.message}`));
      else call.resolve(answer);
    });
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', (code) => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#onLost(code, cause);
    });
    await new Promise<void>((resolve, reject) => {
      worker.once('online', resolve);
      worker.once('exit', (code) => {
        reject(threadLost(`a motion thread ended with code ${code} before it ran: ${messageOf(cause)}`));
      });
    });
  }

  #onLost(code: number, cause: unknown): void {
    const { log, clock } = this.#options;
    log.error(
      { code, channels: this.#channels.size, cause: messageOf(cause) },
      'motion thread died, starting another',
    );
    this.#rejectAll(
      threadLost(
        `the motion thread died (code ${code}); another one is started and the channel warms up again`,
      ),
    );
    if (clock.monotonic() - this.#startedAt > healthyAfterMs) this.#restartDelayMs = firstRestartDelayMs;
    const delayMs = this.#restartDelayMs;
    this.#restartDelayMs = Math.min(maxRestartDelayMs, delayMs * 2);
    this.#restart = this.#startAgain(delayMs);
  }

  async #startAgain(delayMs: number): Promise<void> {
    try {
      await this.#options.clock.sleep(delayMs, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      const starting = this.#start();
      for (const [channel, options] of this.#channels) {
        this.#worker?.postMessage({ kind: 'open', call: 0, channel, options } satisfies MotionRequest);
      }
      await starting;
    } catch (error) {
      // A successor that dies early is reported and replaced by its own exit.
      if (!isAbort(error) && !(error instanceof AppError)) throw error;
    }
  }

  #rejectAll(error: AppError): void {
    for (const call of this.#calls.values()) call.reject(error);
    this.#calls.clear();
  }
}

class ThreadChannel implements MotionChannel {
  readonly #detect: (frame: AnalysisFrame) => Promise<MotionSample>;
  readonly #prime: (frames: readonly AnalysisFrame[]) => Promise<void>;
  readonly #close: () => void;
  #isClosed = false;

  constructor(
    detect: (frame: AnalysisFrame) => Promise<MotionSample>,
    prime: (frames: readonly AnalysisFrame[]) => Promise<void>,
    close: () => void,
  ) {
    this.#detect = detect;
    this.#prime = prime;
    this.#close = close;
  }

  async detect(frame: AnalysisFrame): Promise<MotionSample> {
    this.#assertOpen();
    return await this.#detect(frame);
  }

  async prime(frames: readonly AnalysisFrame[]): Promise<void> {
    this.#assertOpen();
    await this.#prime(frames);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#close();
  }

  #assertOpen(): void {
    if (this.#isClosed)
      throw new AppError('SHUTTING_DOWN', 'this motion channel is closed: open another one', {
        isRetryable: false,
      });
  }
}

function threadLost(message: string): AppError {
  return new AppError('MOTION_UNAVAILABLE', message);
}

function shuttingDown(): AppError {
  return new AppError('SHUTTING_DOWN', 'the motion engine has been closed');
}
