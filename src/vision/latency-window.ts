const capacity = 100;

/** The last 100 durations, ms. */
export class LatencyWindow {
  #values: number[] = [];

  get count(): number {
    return this.#values.length;
  }

  add(ms: number): void {
    this.#values = [...this.#values.slice(1 - capacity), ms];
  }

  /**
   * @param share 0..1
   * @returns the nearest rank; `null` when there is none yet
   */
  percentile(share: number): number | null {
    const sorted = this.#values.toSorted((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
  }
}
