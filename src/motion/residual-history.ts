/** Apart in time, ms: at 5 fps every frame is kept. */
const spacingMs = 150;
const depth = 3;

/** What differed from the scene about 0.6 s ago: against it, even what moves slowly has moved on. */
export class ResidualHistory {
  readonly #slots: readonly Float32Array[];
  #next = 0;
  #lastTime = Number.NEGATIVE_INFINITY;

  constructor(cellCount: number) {
    this.#slots = Array.from({ length: depth }, () => new Float32Array(cellCount));
  }

  get oldest(): Float32Array {
    return this.#slots[this.#next] ?? new Float32Array(0);
  }

  clear(): void {
    for (const slot of this.#slots) slot.fill(0);
    this.#lastTime = Number.NEGATIVE_INFINITY;
  }

  push(residual: Float32Array, time: number): void {
    if (time >= this.#lastTime && time - this.#lastTime < spacingMs) return;
    this.#slots[this.#next]?.set(residual);
    this.#next = (this.#next + 1) % depth;
    this.#lastTime = time;
  }
}
