import type { MotionWord } from './motion-topics.ts';

/**
 * How long "moving" is believed without being said again: cameras say it once, and some never take it back. Longer than
 * nearly every true stretch of motion, and short enough that a forgotten "still" costs little.
 */
export const longestBeliefMs = 60_000;
/** Of a moment that has no end of its own. */
export const pulseMs = 5000;
/** Rules and regions of one camera; beyond that the one that was heard of first gives way. */
const maxDetectors = 64;

/** Whether anything moves, by what the detectors of one camera last said. */
export class MotionMemory {
  /** Until when each detector's motion is believed, ms. */
  readonly #until = new Map<string, number>();

  /** @param at ms of a clock that never jumps */
  note({ detector, state }: MotionWord, at: number): void {
    this.#until.delete(detector);
    if (state === 'still') return;
    this.#until.set(detector, at + (state === 'pulse' ? pulseMs : longestBeliefMs));
    const [first] = this.#until.keys();
    if (this.#until.size > maxDetectors && first !== undefined) this.#until.delete(first);
  }

  isMoving(at: number): boolean {
    for (const until of this.#until.values()) if (at < until) return true;
    return false;
  }

  /** Nothing is known any more. */
  forget(): void {
    this.#until.clear();
  }
}
