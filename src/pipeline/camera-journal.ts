import type { CameraCause } from '../core/camera.ts';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';

/** Changes of state are summarised over this time when there are too many. */
const windowMs = 600_000;
/** Changes that have a line of their own within it: three times down and up again … */
const linesPerWindow = 6;
/** … and fewer when there were too many in the window before. */
const linesWhileFlapping = 2;
/** The same failure is mentioned again after so many attempts, then after twice as many, and so on. */
const firstReminder = 10;

export interface Loss {
  readonly cause: CameraCause;
  /** Without secrets. */
  readonly message: string;
  readonly retryInMs: number;
}

/** What is written to the log about one camera: a line for each change of state, and summaries of what repeats. */
export class CameraJournal {
  readonly #clock: Clock;
  readonly #log: Logger;
  #windowStart: number | undefined;
  #allowed = linesPerWindow;
  #written = 0;
  /** Changes without a line of their own, by what they were changes to. */
  #withheld = new Map<string, number>();
  #isUp = false;
  #reminderAt = firstReminder;

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = clock;
    this.#log = log;
  }

  cameUp(details: Readonly<Record<string, unknown>>): void {
    this.#isUp = true;
    this.#reminderAt = firstReminder;
    if (this.#takeLine('up')) this.#log.info(details, 'camera up');
  }

  /** It is down since now, or down for another cause than before. */
  wentDown({ cause, message, retryInMs }: Loss): void {
    if (this.#isUp) this.#reminderAt = firstReminder;
    this.#isUp = false;
    if (this.#takeLine(cause)) {
      this.#log.warn({ cause, message, retryInMs: Math.round(retryInMs) }, 'camera down');
    }
  }

  /** Another attempt has failed in the same way. */
  stayedDown({ cause, message }: Loss, attempts: number, since: number): void {
    if (attempts < this.#reminderAt) return;
    this.#reminderAt = attempts * 2;
    this.#log.warn({ cause, message, attempts, since: new Date(since).toISOString() }, 'camera still down');
  }

  /** To be called every few seconds: says what was withheld once its time is over. */
  attend(): void {
    if (this.#windowStart === undefined || this.#clock.monotonic() - this.#windowStart < windowMs) return;
    const isFlapping = this.#withheld.size > 0;
    if (isFlapping) {
      this.#log.warn(
        {
          changes: [...this.#withheld.values()].reduce((sum, count) => sum + count, 0),
          to: Object.fromEntries(this.#withheld),
          minutes: windowMs / 60_000,
          now: this.#isUp ? 'up' : 'down',
        },
        'camera kept changing its state',
      );
    }
    this.#windowStart = undefined;
    this.#allowed = isFlapping ? linesWhileFlapping : linesPerWindow;
    this.#written = 0;
    this.#withheld = new Map();
  }

  #takeLine(change: string): boolean {
    this.attend();
    this.#windowStart ??= this.#clock.monotonic();
    if (this.#written < this.#allowed) {
      this.#written += 1;
      return true;
    }
    this.#withheld.set(change, (this.#withheld.get(change) ?? 0) + 1);
    return false;
  }
}
