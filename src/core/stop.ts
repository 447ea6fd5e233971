/**
 * How a loop is asked to end. `drain`: take nothing new, finish what is held. `abort`: let go of what is held too;
 * it stays stored for the next start. An aborted `abort` implies an aborted `drain`.
 */
export interface Stop {
  readonly drain: AbortSignal;
  readonly abort: AbortSignal;
}

export interface StopController extends Stop {
  requestDrain(): void;
  requestAbort(): void;
}

export function createStop(): StopController {
  const drain = new AbortController();
  const abort = new AbortController();
  return {
    drain: drain.signal,
    abort: abort.signal,
    requestDrain: () => {
      drain.abort();
    },
    requestAbort: () => {
      drain.abort();
      abort.abort();
    },
  };
}
