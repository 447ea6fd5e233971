import type { Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { ObjectDetector } from '../core/object-detector.ts';

const retryMs = 60_000;

export interface EmbeddedEye extends ObjectDetector {
  /** Resolves once the model is loaded; rejects only when the signal aborts. */
  ready(signal: AbortSignal): Promise<void>;
  /** Why there is no model yet; `null` once it is loaded. */
  readonly problem: string | null;
}

/**
 * The object detector, loaded in the background: the first start fetches its model, and a machine without network keeps
 * its events until the files are there.
 */
export function loadEmbeddedEye(
  load: () => Promise<ObjectDetector>,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): EmbeddedEye {
  const closing = new AbortController();
  let detector: ObjectDetector | undefined;
  let problem: string | null = 'the model is being loaded';
  const loading = (async () => {
    while (!closing.signal.aborted) {
      try {
        detector = await load();
        problem = null;
        log.info({ model: detector.model }, 'object detector ready');
        return;
      } catch (error) {
        problem = messageOf(error);
        log.error(
          { error: problem, retryInMs: retryMs },
          'the object detector could not be loaded; events wait for it',
        );
        await clock.sleep(retryMs, closing.signal).catch(() => {
          // Closing ends the wait.
        });
      }
    }
  })();
  return {
    get model() {
      return detector?.model ?? 'loading';
    },
    get problem() {
      return problem;
    },
    async ready(signal) {
      const aborted = Promise.withResolvers<never>();
      const onAbort = (): void => {
        aborted.reject(signal.reason);
      };
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        await Promise.race([loading, aborted.promise]);
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
    async detect(request, signal) {
      if (detector === undefined)
        throw new AppError('MODEL_UNAVAILABLE', problem ?? 'the model is not loaded');
      return detector.detect(request, signal);
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await loading;
      await detector?.[Symbol.asyncDispose]();
    },
  };
}
