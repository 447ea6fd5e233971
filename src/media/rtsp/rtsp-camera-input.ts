import type { CodecParameters, Packet } from 'node-av/lib';
import type { InputFacts, PacketInput } from '../packet-input.ts';
import { NotReadableHereError, type RtspInput } from './rtsp-input.ts';

/** A camera that speaks RTSP: read here, and by FFmpeg where it sends in a way that only FFmpeg knows. */
export class RtspCameraInput implements PacketInput {
  readonly #own: RtspInput;
  readonly #makeOther: () => PacketInput;
  #input: PacketInput;
  #isInterrupted = false;

  constructor(own: RtspInput, makeOther: () => PacketInput) {
    this.#own = own;
    this.#makeOther = makeOther;
    this.#input = own;
  }

  async open(): Promise<void> {
    try {
      await this.#own.open();
    } catch (error) {
      if (!(error instanceof NotReadableHereError)) throw error;
      await this.#own.close();
      this.#input = this.#makeOther();
      if (this.#isInterrupted) this.#input.interrupt();
      await this.#input.open();
    }
  }

  async read(): Promise<Packet | undefined> {
    return await this.#input.read();
  }

  copyParameters(): CodecParameters {
    return this.#input.copyParameters();
  }

  get codecId(): number {
    return this.#input.codecId;
  }

  get facts(): InputFacts {
    return this.#input.facts;
  }

  interrupt(): void {
    this.#isInterrupted = true;
    this.#input.interrupt();
  }

  async close(): Promise<void> {
    await this.#input.close();
  }
}
