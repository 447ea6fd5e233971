import type { CodecParameters, Packet } from 'node-av/lib';
import type { Clock } from '../core/clock.ts';
import type { DecodedFacts } from './frame-analyser.ts';
import { codecNameOf, VideoDecoder } from './video-decoder.ts';

/** Decoding a key frame of 1080p takes some 20 ms: once a minute it costs nothing, and a changed size is seen. */
const lookEveryMs = 60_000;

export interface KeyframeWatchOptions {
  readonly clock: Clock;
  readonly parameters: CodecParameters;
  /** Called when the stream is first seen, and when its size has changed. */
  readonly onFacts: (facts: DecodedFacts) => void;
}

/** Learns what a stream is whose packets are only kept, from a key frame at its start and one every minute. */
export class KeyframeWatch {
  readonly #options: KeyframeWatchOptions;
  #facts: DecodedFacts | undefined;
  #lookedAt: number | undefined;
  #goodAt: number;
  #decodingSince: number | undefined;

  constructor(options: KeyframeWatchOptions) {
    this.#options = options;
    this.#goodAt = options.clock.monotonic();
  }

  /** Monotonic; `undefined` while no call to the decoder is under way. */
  get decodingSince(): number | undefined {
    return this.#decodingSince;
  }

  /** Whether the last key frame that was looked at could not be decoded. */
  get hasErrors(): boolean {
    return this.#lookedAt !== undefined && this.#lookedAt > this.#goodAt;
  }

  /** Of the key frame that was looked at last; `undefined` before the first one. */
  get facts(): DecodedFacts | undefined {
    return this.#facts;
  }

  get hasPictures(): boolean {
    return this.#facts !== undefined;
  }

  /** Monotonic: when a key frame could last be decoded; now, as long as there is no reason for doubt. */
  get lastFrameAt(): number {
    const isGood = this.hasPictures && !this.hasErrors;
    return isGood ? this.#options.clock.monotonic() : this.#goodAt;
  }

  /**
   * @param packet of a key frame
   * @returns false when there is no decoder for this stream
   */
  async look(packet: Packet): Promise<boolean> {
    const { clock, parameters } = this.#options;
    const now = clock.monotonic();
    const isGood = this.hasPictures && !this.hasErrors;
    if (isGood && now - this.#goodAt < lookEveryMs) return true;
    const decoder = await VideoDecoder.open(parameters, { skipLoopFilter: true });
    if (decoder === undefined) return false;
    this.#lookedAt = now;
    this.#decodingSince = now;
    try {
      for (const next of [packet, null]) {
        await decoder.decode(next, ({ width, height }) => {
          this.#goodAt = clock.monotonic();
          const framesPerSecond = decoder.framesPerSecond;
          this.#learn({ codec: codecNameOf(parameters), width, height, framesPerSecond });
          return Promise.resolve();
        });
      }
    } finally {
      this.#decodingSince = undefined;
      decoder.free();
    }
    return true;
  }

  #learn(facts: DecodedFacts): void {
    if (this.#facts?.width === facts.width && this.#facts.height === facts.height) return;
    this.#facts = facts;
    this.#options.onFacts(facts);
  }
}
