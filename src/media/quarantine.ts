import type { Clock } from '../core/clock.ts';

/** So long after it was last suspected, a camera is trusted again. */
const trustedAfterMs = 600_000;

/** From so much suspicion on, a camera is decoded in a process of its own. */
const isolatedFrom = 2;

interface Suspicion {
  readonly points: number;
  /** Monotonic ms. */
  readonly at: number;
  /** Suspected of the same loss. */
  readonly others: ReadonlySet<string>;
}

/**
 * Remembers which cameras were there when decoder processes were lost, so that a stream which crashes its decoder takes
 * others with it twice at most. Who is the only suspect is isolated at once, who was one of several with the second
 * loss. One that then loses its own process is the culprit: the others are trusted again.
 */
export class Quarantine {
  readonly #clock: Clock;
  readonly #suspicions = new Map<string, Suspicion>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether this camera is to have a process of its own. */
  isIsolated(cameraId: string): boolean {
    return this.#pointsOf(cameraId) >= isolatedFrom;
  }

  /**
   * A process was lost.
   *
   * @param suspects cameras of which one may be the cause
   * @param isProof the only suspect had the process to itself
   * @returns those that are isolated from now on
   */
  noteLoss(suspects: ReadonlySet<string>, isProof: boolean): string[] {
    for (const cameraId of this.#suspicions.keys()) {
      if (this.#pointsOf(cameraId) === 0) this.#suspicions.delete(cameraId);
    }
    if (isProof) {
      for (const culprit of suspects) {
        for (const other of this.#suspicions.get(culprit)?.others ?? []) this.#suspicions.delete(other);
      }
    }
    const added: string[] = [];
    for (const cameraId of suspects) {
      const before = this.#pointsOf(cameraId);
      const points = Math.min(isolatedFrom, before + (suspects.size === 1 ? isolatedFrom : 1));
      const others = new Set(suspects);
      others.delete(cameraId);
      this.#suspicions.set(cameraId, { points, at: this.#clock.monotonic(), others });
      if (points >= isolatedFrom && before < isolatedFrom) added.push(cameraId);
    }
    return added;
  }

  #pointsOf(cameraId: string): number {
    const suspicion = this.#suspicions.get(cameraId);
    const isForgotten = suspicion === undefined || this.#clock.monotonic() - suspicion.at >= trustedAfterMs;
    return isForgotten ? 0 : suspicion.points;
  }
}
