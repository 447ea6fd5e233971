import type { DecodeGate, GateVerdict } from './decode-gate.ts';
import type { PacketQueue, QueuedPacket } from './packet-queue.ts';

/** What the gate decides by. */
export interface GatedPacket extends QueuedPacket {
  readonly packet: { readonly size: number; free(): void };
}

/**
 * The packets of a queue that are to be decoded. Those that the gate holds back wait here, since the last key frame, and
 * follow in their order when it opens; with the next key frame they are freed. The gate bounds how many wait.
 */
export class GatedPackets<T extends GatedPacket> {
  readonly #queue: PacketQueue<T>;
  readonly #gate: DecodeGate;
  #held: T[] = [];
  #ready: T[] = [];

  constructor(queue: PacketQueue<T>, gate: DecodeGate) {
    this.#queue = queue;
    this.#gate = gate;
  }

  get isAbandoned(): boolean {
    return this.#queue.isAbandoned;
  }

  /** As of the queue. */
  async take(): Promise<T | undefined> {
    for (;;) {
      const ready = this.#ready.shift();
      if (ready !== undefined) return ready;
      const item = await this.#queue.take();
      if (item === undefined) {
        this.#free();
        return undefined;
      }
      this.#sort(item);
    }
  }

  note(verdict: GateVerdict): void {
    if (this.#gate.note(verdict)) this.#release();
  }

  /** Something may move that is not seen yet. */
  expectMotion(): void {
    if (this.#gate.expectMotion()) this.#release();
  }

  #sort(item: T): void {
    const decision = this.#gate.admit({
      timeUs: item.timeUs,
      isKeyframe: item.isKeyframe,
      sizeBytes: item.packet.size,
    });
    if (decision === 'hold') {
      this.#held.push(item);
      return;
    }
    if (decision === 'open') this.#release();
    else if (item.isKeyframe) this.#free();
    this.#ready.push(item);
  }

  #release(): void {
    this.#ready.push(...this.#held.splice(0));
  }

  #free(): void {
    for (const { packet } of this.#held.splice(0)) packet.free();
  }
}
