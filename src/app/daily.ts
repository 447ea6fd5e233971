import type { Clock } from '../core/clock.ts';
import type { Stop } from '../core/stop.ts';
import { nextTimeOfDay, type TimeOfDay } from '../core/time-of-day.ts';

/** The clock on the wall may be set while we wait: it is looked at again and again. */
const lookEveryMs = 30_000;

export interface DailyWork {
  readonly at: TimeOfDay;
  /** When it was done last, epoch ms: what was missed while nothing ran is made up for. */
  readonly lastDoneAt: number;
  /** Deals with its own failures. */
  readonly run: () => Promise<void>;
}

/** Does the work once a day until it is stopped. */
export async function runDaily({ at, lastDoneAt, run }: DailyWork, clock: Clock, stop: Stop): Promise<void> {
  // A time that lies ahead is that of a clock which was wrong.
  let last = Math.min(lastDoneAt, clock.now());
  while (!stop.drain.aborted) {
    if (clock.now() >= nextTimeOfDay(at, last)) {
      await run();
      last = clock.now();
    }
    await clock.sleep(lookEveryMs, stop.drain).catch(() => {
      // The drain ends the wait.
    });
  }
}
