/** What the ring needs to know of a packet; it frees those that leave it. */
export interface RingPacket {
  free(): void;
}

export interface RingEntry<P extends RingPacket> {
  readonly packet: P;
  /** Of its picture, epoch µs. */
  readonly timeUs: number;
  readonly isKeyframe: boolean;
  /** What it takes in memory. */
  readonly sizeBytes: number;
}

/** Packets that a decoder may want after that of a frame before it hands the frame out (H.264 and H.265 allow 16). */
const reorderLimit = 17;

/**
 * The packets of the last seconds, in decoding order, always from a key frame on: at least `spanMs` in whole groups
 * of pictures, as far as they fit into `maxBytes`. At the bound the oldest group goes; a single group that is larger
 * than the bound goes too, and the ring waits for the next key frame.
 */
export class PacketRing<P extends RingPacket> {
  readonly #spanUs: number;
  readonly #maxBytes: number;
  readonly #onEvicted: (count: number) => void;
  #entries: RingEntry<P>[] = [];
  #sizeBytes = 0;

  /** @param onEvicted called with the number of packets that left only because the bytes did not suffice */
  constructor(spanMs: number, maxBytes: number, onEvicted: (count: number) => void) {
    this.#spanUs = spanMs * 1000;
    this.#maxBytes = maxBytes;
    this.#onEvicted = onEvicted;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get entries(): readonly RingEntry<P>[] {
    return this.#entries;
  }

  /** Takes the packet over. */
  push(entry: RingEntry<P>): void {
    if (this.#entries.length === 0 && !entry.isKeyframe) {
      entry.packet.free();
      return;
    }
    this.#entries.push(entry);
    this.#sizeBytes += entry.sizeBytes;
    if (entry.isKeyframe) this.#dropOutlived(entry.timeUs);
    while (this.#sizeBytes > this.#maxBytes) this.#onEvicted(this.#dropOldestGroup());
  }

  /**
   * The packets from which the pictures at these times can be decoded, still owned by the ring: from the key frame
   * before the earliest of them on. `undefined` when one of them is no longer kept or not yet.
   *
   * @param timesUs epoch
   * @param toleranceUs how far the nearest packet may be from a time
   */
  find(timesUs: readonly number[], toleranceUs: number): RingSpan<P> | undefined {
    const wanted: RingEntry<P>[] = [];
    for (const timeUs of timesUs) {
      const nearest = this.#nearest(timeUs);
      if (nearest === undefined || Math.abs(nearest.timeUs - timeUs) > toleranceUs) return undefined;
      wanted.push(nearest);
    }
    const indexes = wanted.map((entry) => this.#entries.indexOf(entry));
    const start = Math.min(...indexes.map((index) => keyframeBefore(this.#entries, index)));
    const end = Math.max(...indexes) + 1 + reorderLimit;
    return { entries: this.#entries.slice(start, end), wantedUs: wanted.map((entry) => entry.timeUs) };
  }

  clear(): void {
    for (const { packet } of this.#entries) packet.free();
    this.#entries = [];
    this.#sizeBytes = 0;
  }

  #nearest(timeUs: number): RingEntry<P> | undefined {
    let nearest: RingEntry<P> | undefined;
    for (const entry of this.#entries) {
      if (nearest === undefined || Math.abs(entry.timeUs - timeUs) < Math.abs(nearest.timeUs - timeUs)) {
        nearest = entry;
      }
    }
    return nearest;
  }

  /** Drops groups as long as the following ones cover the span without them. */
  #dropOutlived(nowUs: number): void {
    for (;;) {
      const next = this.#entries.findIndex((entry, index) => index > 0 && entry.isKeyframe);
      const nextKeyframe = this.#entries[next];
      if (nextKeyframe === undefined || nextKeyframe.timeUs > nowUs - this.#spanUs) return;
      this.#dropOldestGroup();
    }
  }

  #dropOldestGroup(): number {
    const next = this.#entries.findIndex((entry, index) => index > 0 && entry.isKeyframe);
    const gone = this.#entries.splice(0, next === -1 ? this.#entries.length : next);
    for (const { packet, sizeBytes } of gone) {
      this.#sizeBytes -= sizeBytes;
      packet.free();
    }
    return gone.length;
  }
}

/**
 * Where decoding has to begin for the picture of a packet: the last key frame that is shown before it. A picture
 * that is shown before the key frame which it follows ("leading", in open groups) needs the group before, too.
 */
export function keyframeBefore(entries: readonly RingEntry<RingPacket>[], target: number): number {
  const timeUs = entries[target]?.timeUs ?? 0;
  const isStart = (entry: RingEntry<RingPacket>, index: number): boolean =>
    index <= target && entry.isKeyframe;
  const shownBefore = entries.findLastIndex(
    (entry, index) => isStart(entry, index) && entry.timeUs <= timeUs,
  );
  return shownBefore === -1 ? entries.findLastIndex(isStart) : shownBefore;
}

export interface RingSpan<P extends RingPacket> {
  /** In decoding order, from a key frame on. */
  readonly entries: readonly RingEntry<P>[];
  /** Times of the packets that were found, in the order asked for, epoch µs. */
  readonly wantedUs: readonly number[];
}
