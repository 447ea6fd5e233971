/** Who watches something, and the work that is done for them: it runs as long as there is somebody. */
export class WhileWatched<Viewer> {
  readonly #work: (signal: AbortSignal) => Promise<void>;
  #viewers = new Set<Viewer>();
  #stop: AbortController | undefined;
  #ended: Promise<void> = Promise.resolve();

  /** @param work returns soon after the signal has aborted, and never rejects; it never runs twice at a time */
  constructor(work: (signal: AbortSignal) => Promise<void>) {
    this.#work = work;
  }

  get viewers(): ReadonlySet<Viewer> {
    return this.#viewers;
  }

  add(viewer: Viewer): void {
    this.#viewers.add(viewer);
    if (this.#stop !== undefined) return;
    const stop = new AbortController();
    this.#stop = stop;
    const before = this.#ended;
    this.#ended = (async () => {
      await before;
      await this.#work(stop.signal);
    })();
  }

  remove(viewer: Viewer): void {
    if (this.#viewers.delete(viewer) && this.#viewers.size === 0) this.#end();
  }

  /** Answers who was there. */
  removeAll(): ReadonlySet<Viewer> {
    const gone = this.#viewers;
    this.#viewers = new Set();
    this.#end();
    return gone;
  }

  /** Resolves when the work that has been ended is over. */
  async settle(): Promise<void> {
    await this.#ended;
  }

  #end(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }
}
