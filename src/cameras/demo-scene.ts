import { Worker } from 'node:worker_threads';
import { siblingModule } from '../core/sibling-module.ts';
import { demoFramesPerSecond, demoPasses, demoSeconds, demoView, type DemoPass } from './demo-frames.ts';

/** The footage of the demo camera: a street on which cars, a bus, people and a dog pass. */
export interface DemoScene {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly seconds: number;
  /** What is to be seen when; nothing moves between. */
  readonly truth: readonly DemoPass[];
  /**
   * RGB24 pictures, the same at every call, painted in a thread that ends with the reading.
   *
   * @param every 1 (the default) for all pictures, n for only the first of each n
   */
  frames(every?: number): AsyncIterable<Uint8Array>;
}

/** Needs no files and no network: everything is computed. */
export function renderDemoScene(): DemoScene {
  return {
    width: demoView.width,
    height: demoView.height,
    framesPerSecond: demoFramesPerSecond,
    seconds: demoSeconds,
    truth: demoPasses(),
    frames: readFrames,
  };
}

/** Pictures that may be painted ahead of the reader: 1.5 MB each. */
const paintedAhead = 2;

type Answer = Uint8Array | null;

async function* readFrames(every = 1): AsyncGenerator<Uint8Array, void> {
  const worker = new Worker(siblingModule(import.meta.url, 'demo-scene-worker'), { workerData: every });
  const waiting: PromiseWithResolvers<Answer>[] = [];
  let failure: Error | undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    for (const answer of waiting.splice(0)) answer.reject(failure);
  };
  worker.on('message', (picture: Answer) => waiting.shift()?.resolve(picture));
  worker.on('error', fail);
  worker.on('exit', (code) => {
    fail(new Error(`the thread that paints the demo scene ended early with code ${code}`));
  });
  const ask = (): Promise<Answer> => {
    const answer = Promise.withResolvers<Answer>();
    // Whoever reads on sees the failure; one that nobody waits for any more is no second failure.
    answer.promise.catch(() => undefined);
    if (failure === undefined) {
      waiting.push(answer);
      worker.postMessage('next', []);
    } else answer.reject(failure);
    return answer.promise;
  };
  try {
    const asked = Array.from({ length: paintedAhead }, ask);
    for (;;) {
      const picture = await asked.shift();
      if (picture === undefined || picture === null) return;
      asked.push(ask());
      yield picture;
    }
  } finally {
    await worker.terminate();
  }
}
