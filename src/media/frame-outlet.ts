import type { AnalysisFrame } from '../core/frame.ts';

export type OutletPolicy = 'newest_wins' | 'lossless';

/**
 * Frames on their way to the reader in the other process: at most `window` unacknowledged ones. Beyond that,
 * `newest_wins` keeps only the latest, which takes the place of an older one; `lossless` makes the caller wait.
 */
export class FrameOutlet {
  readonly #window: number;
  readonly #policy: OutletPolicy;
  readonly #send: (frame: AnalysisFrame) => void;
  readonly #onDropped: () => void;
  #underWay = 0;
  #latest: AnalysisFrame | undefined;
  #wake: (() => void) | undefined;
  #isClosed = false;

  constructor(
    window: number,
    policy: OutletPolicy,
    send: (frame: AnalysisFrame) => void,
    onDropped: () => void,
  ) {
    this.#window = window;
    this.#policy = policy;
    this.#send = send;
    this.#onDropped = onDropped;
  }

  async put(frame: AnalysisFrame): Promise<void> {
    while (this.#policy === 'lossless' && this.#underWay >= this.#window && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#isClosed) return;
    if (this.#underWay < this.#window) {
      this.#underWay += 1;
      this.#send(frame);
      return;
    }
    if (this.#latest !== undefined) this.#onDropped();
    this.#latest = frame;
  }

  acknowledge(): void {
    this.#underWay = Math.max(0, this.#underWay - 1);
    const latest = this.#latest;
    if (latest !== undefined && !this.#isClosed) {
      this.#latest = undefined;
      this.#underWay += 1;
      this.#send(latest);
    }
    this.#wake?.();
  }

  close(): void {
    this.#isClosed = true;
    this.#latest = undefined;
    this.#wake?.();
  }
}
