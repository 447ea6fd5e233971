/** What the queue holds; it frees what it drops. */
export interface QueuedPacket {
  readonly packet: { free(): void };
  /** Epoch µs. */
  readonly timeUs: number;
  readonly isKeyframe: boolean;
}

/** The most that a live stream may be behind before its decoder skips to a key frame. */
const liveSpanUs = 2_000_000;

/** And that many packets, should the times make no sense. */
const liveLimit = 256;

/** Packets that may wait when nothing is dropped: enough to keep the decoder busy. */
const losslessLimit = 16;

export type QueuePolicy = 'drop_late' | 'lossless';

/**
 * Packets between the reader and the decoder of one stream, one of each. `lossless`: at the bound the reader waits.
 * `drop_late`: when more than two seconds (or 256 packets) wait, those before the newest key frame are dropped, or all of them when
 * none is waiting, and the decoder goes on at the next key frame.
 */
export class PacketQueue<T extends QueuedPacket> {
  readonly #policy: QueuePolicy;
  readonly #onDropped: (count: number) => void;
  #items: T[] = [];
  #isClosed = false;
  #isAbandoned = false;
  #isSkipping = false;
  #wakeReader: (() => void) | undefined;
  #wakeDecoder: (() => void) | undefined;

  constructor(policy: QueuePolicy, onDropped: (count: number) => void) {
    this.#policy = policy;
    this.#onDropped = onDropped;
  }

  /** What was taken last need not be finished either. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** Takes the packet over. Resolves when the next one may come. */
  async put(item: T): Promise<void> {
    if (this.#isClosed) {
      item.packet.free();
      return;
    }
    if (this.#policy === 'drop_late') this.#dropLate(item);
    if (this.#isSkipping && !item.isKeyframe) {
      item.packet.free();
      this.#onDropped(1);
      return;
    }
    this.#isSkipping = false;
    this.#items.push(item);
    this.#wakeDecoder?.();
    while (this.#policy === 'lossless' && this.#items.length >= losslessLimit && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
  }

  /** The next packet, which the caller frees; `undefined` once the queue is closed and empty. */
  async take(): Promise<T | undefined> {
    while (this.#items.length === 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#wakeDecoder = resolve;
      });
    }
    const item = this.#items.shift();
    this.#wakeReader?.();
    return item;
  }

  /** No more will come; what waits is still handed out. */
  close(): void {
    this.#isClosed = true;
    this.#wakeReader?.();
    this.#wakeDecoder?.();
  }

  /** Drops what waits, too. */
  abandon(): void {
    this.close();
    this.#isAbandoned = true;
    for (const { packet } of this.#items) packet.free();
    this.#items = [];
  }

  #dropLate(newest: T): void {
    const oldest = this.#items[0];
    if (oldest === undefined) return;
    const isLate = newest.timeUs - oldest.timeUs > liveSpanUs || this.#items.length >= liveLimit;
    if (!isLate) return;
    const keyframe = newest.isKeyframe
      ? this.#items.length
      : this.#items.findLastIndex(({ isKeyframe }, index) => isKeyframe && index > 0);
    this.#isSkipping = keyframe === -1;
    const dropped = this.#items.splice(0, keyframe === -1 ? this.#items.length : keyframe);
    for (const { packet } of dropped) packet.free();
    this.#onDropped(dropped.length);
  }
}
