import { Worker } from 'node:worker_threads';
import type { Camera } from '../core/camera.ts';
import type { Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import { siblingModule } from '../core/sibling-module.ts';
import { tuningDays, type CameraTuning } from '../core/tuning.ts';
import type { EventPlace, EventStore } from '../store/event-store.ts';
import type { TuningAnswer, TuningRequest } from './tuning-worker.ts';

const dayMs = 86_400_000;
/** The newest of a busy week. */
const maxEvents = 3_000;
/** Of before it was packed it has up to 24 KB each: what crosses to the thread at once is copied in a few milliseconds. */
const pageSize = 100;
/** Questions that wait or are worked on; one after the other. */
const maxWaiting = 10;

export interface TuningDeskContext {
  readonly events: Pick<EventStore, 'motion'>;
  readonly clock: Clock;
}

export interface TuningDesk {
  /**
   * What would have kept the false motion of the last week away, and at what cost.
   *
   * @throws AppError `RATE_LIMITED` when ten questions wait already
   */
  propose(camera: Camera): Promise<CameraTuning>;
}

export function createTuningDesk(context: TuningDeskContext): TuningDesk {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    async propose(camera) {
      if (waiting >= maxWaiting)
        throw new AppError('RATE_LIMITED', `${maxWaiting} such questions wait already. Ask again later.`);
      waiting += 1;
      // Whoever asked before has its own answer, or its own error.
      const answer = last.catch(() => undefined).then(() => proposeOnce(camera, context));
      last = answer;
      try {
        return await answer;
      } finally {
        waiting -= 1;
      }
    },
  };
}

async function proposeOnce(camera: Camera, { events, clock }: TuningDeskContext): Promise<CameraTuning> {
  const since = clock.now() - tuningDays * dayMs;
  await using thread = new TuningThread();
  let count = 0;
  let after: EventPlace | undefined;
  do {
    const limit = Math.min(pageSize, maxEvents - count);
    const rows = await events.motion({
      cameraId: camera.id,
      startTime: since,
      limit,
      ...(after === undefined ? {} : { after }),
    });
    await thread.ask({ kind: 'events', rows });
    count += rows.length;
    after = rows.length < limit ? undefined : rows.at(-1);
  } while (after !== undefined && count < maxEvents);
  const { motionSensitivity, zones, labels } = camera;
  const answer = await thread.ask({ kind: 'propose', settings: { motionSensitivity, zones, labels } });
  if (answer.kind !== 'proposed') throw new Error(`the thread that proposes answered with ${answer.kind}`);
  return { ...answer.report, since };
}

/** One question at a time: it holds no more than it works on. */
class TuningThread implements AsyncDisposable {
  readonly #worker = new Worker(siblingModule(import.meta.url, 'tuning-worker'), {
    name: 'tuning',
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  });
  #waiting: PromiseWithResolvers<TuningAnswer> | undefined;
  #lost: AppError | undefined;

  constructor() {
    this.#worker.on('message', (answer: TuningAnswer) => {
      this.#waiting?.resolve(answer);
    });
    this.#worker.on('error', (error) => {
      this.#lose(
        new AppError('INTERNAL', `The thread that proposes was lost: ${messageOf(error)}`, { cause: error }),
      );
    });
    this.#worker.on('exit', (code) => {
      this.#lose(new AppError('INTERNAL', `The thread that proposes ended with code ${code}.`));
    });
  }

  ask(request: TuningRequest): Promise<TuningAnswer> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    this.#waiting = Promise.withResolvers<TuningAnswer>();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#worker.postMessage(request);
    return this.#waiting.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #lose(error: AppError): void {
    this.#lost ??= error;
    this.#waiting?.reject(error);
  }
}
