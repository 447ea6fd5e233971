const setBackUs = 1_000_000;

/**
 * Thins a stream out to a frame rate. It lets through the frame nearest to each due time, so that 12.5 frames per
 * second become an even 5 on average and a jittery 5 stays whole.
 */
export class FrameGate {
  readonly #intervalUs: number;
  #dueUs: number | undefined;
  #previousUs: number | undefined;

  /** @param frameRate frames per second that are wanted */
  constructor(frameRate: number) {
    this.#intervalUs = 1_000_000 / frameRate;
  }

  /**
   * @param timeUs of the frame. One that is not later than the one before is not let through, unless it is earlier by
   *   more than a second: then the clock was set back and begins anew.
   */
  admits(timeUs: number): boolean {
    const spacingUs = this.#previousUs === undefined ? 0 : timeUs - this.#previousUs;
    if (this.#previousUs !== undefined && spacingUs <= 0) {
      if (spacingUs > -setBackUs) return false;
      this.#dueUs = undefined;
    }
    this.#previousUs = timeUs;
    if (this.#dueUs === undefined) {
      this.#dueUs = timeUs + this.#intervalUs;
      return true;
    }
    // The next frame is expected as far away as the last one was: when that would be nearer, this one is too early.
    const toleranceUs = Math.min(spacingUs, this.#intervalUs) / 2;
    if (timeUs < this.#dueUs - toleranceUs) return false;
    // After a gap the missed frames are not made up for.
    this.#dueUs = Math.max(this.#dueUs + this.#intervalUs, timeUs + this.#intervalUs / 2);
    return true;
  }
}
