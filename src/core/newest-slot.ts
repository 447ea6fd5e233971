/**
 * Holds at most one value for a slow reader: a newer one takes the place of an unread older one, which is counted.
 * The bound of everything that may lag behind a live camera.
 */
export class NewestSlot<T> {
  #value: { readonly item: T } | undefined;
  #wake: (() => void) | undefined;
  #isClosed = false;
  #replacedCount = 0;

  /** How many values were never read. */
  get replacedCount(): number {
    return this.#replacedCount;
  }

  put(item: T): void {
    if (this.#isClosed) return;
    if (this.#value !== undefined) this.#replacedCount += 1;
    this.#value = { item };
    this.#wake?.();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  /** The next value, or `undefined` once the slot is closed and empty. One reader only. */
  async take(): Promise<T | undefined> {
    while (this.#value === undefined && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    const held = this.#value;
    this.#value = undefined;
    return held?.item;
  }
}
