import type { Clock } from '../core/clock.ts';
import type { AnalysedFrame } from '../core/frame.ts';

export type OutletPolicy = 'newest_wins' | 'lossless';

/** Frames that nobody waits for go together with the answer to a ping, or when they have waited for so long. */
const longestWaitMs = 1_000;
/** Sooner than this they are not worth a message. */
const leastWaitMs = 600;
/** What the reader has no time for is dropped when it is older than the newest by so much. */
const staleMs = 500;

export interface FrameOutletOptions {
  /** Messages that may be unacknowledged. */
  readonly window: number;
  readonly policy: OutletPolicy;
  readonly clock: Clock;
  readonly send: (frames: readonly AnalysedFrame[]) => void;
  readonly onDropped: () => void;
}

/**
 * Frames on their way to the reader in the other process. Urgent ones are sent at once, with those that waited before
 * them; the others are gathered, since each message wakes the reader. At most `window` messages are unacknowledged: beyond
 * that, `newest_wins` keeps those of the last half second, and `lossless`, which gathers nothing, makes the caller wait.
 */
export class FrameOutlet {
  readonly #options: FrameOutletOptions;
  #underWay = 0;
  #waiting: AnalysedFrame[] = [];
  /** Monotonic ms, of the first that waits. */
  #waitingSince = 0;
  #isUrgent = false;
  #wake: (() => void) | undefined;
  #isClosed = false;

  constructor(options: FrameOutletOptions) {
    this.#options = options;
  }

  async put(frame: AnalysedFrame, isUrgent: boolean): Promise<void> {
    const { policy, clock } = this.#options;
    const isLossless = policy === 'lossless';
    while (this.#mustWait) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#isClosed) return;
    const now = clock.monotonic();
    if (this.#waiting.length === 0) this.#waitingSince = now;
    this.#waiting.push(frame);
    if (isUrgent || isLossless || now - this.#waitingSince >= longestWaitMs) this.#isUrgent = true;
    if (this.#isUrgent) this.#send();
    this.#dropStale(frame.capturedAt);
  }

  get #mustWait(): boolean {
    return this.#options.policy === 'lossless' && this.#isFull && !this.#isClosed;
  }

  get #isFull(): boolean {
    return this.#underWay >= this.#options.window;
  }

  /** One message was taken. */
  acknowledge(): void {
    this.#underWay = Math.max(0, this.#underWay - 1);
    if (this.#isUrgent) this.#send();
    this.#wake?.();
  }

  /** Called at each ping: the reader is about to be woken anyway. */
  tick(): void {
    const waitedMs = this.#options.clock.monotonic() - this.#waitingSince;
    if (this.#waiting.length > 0 && waitedMs >= leastWaitMs) this.#send();
  }

  /** Sends what waits, however many messages are under way: nothing comes after it. */
  finish(): void {
    this.#underWay = 0;
    this.#send();
  }

  /** Drops what waits. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#wake?.();
  }

  #send(): void {
    if (this.#isFull || this.#waiting.length === 0 || this.#isClosed) return;
    this.#underWay += 1;
    this.#isUrgent = false;
    this.#options.send(this.#waiting.splice(0));
  }

  #dropStale(newestAt: number): void {
    if (!this.#isFull) return;
    while (newestAt - (this.#waiting[0]?.capturedAt ?? newestAt) > staleMs) {
      this.#waiting.shift();
      this.#options.onDropped();
    }
  }
}
