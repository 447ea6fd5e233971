/** Ticks of MP4 files in a second, as is usual for video. */
export const muxTicksPerSecond = 90_000;

/** Decoding times grow by at least this much, also where the times of a stream jump back. */
const leastStep = muxTicksPerSecond / 1000;

const usualStep = muxTicksPerSecond / 25;
const longestDuration = muxTicksPerSecond;

/** The duration of a picture is not known until the next one comes; it is taken for the longest of so many before it. */
const stepsLookedAt = 30;

/** In ticks, from the first packet. */
export interface MuxTime {
  readonly pts: bigint;
  /** Always greater than that of the packet before, and never greater than `pts`. */
  readonly dts: bigint;
  /** An upper estimate: too short a one would be a gap, at which players wait for a key frame. */
  readonly duration: bigint;
}

/** Gives the packets of one file or live view their times. */
export class MuxClock {
  #originUs: number | undefined;
  #lastDts = -leastStep;
  #steps: number[] = [];

  /**
   * For packets in decoding order.
   *
   * @param ptsUs when it is shown, on any clock
   * @param dtsUs when it is decoded, on the same clock; `undefined` when the stream does not say
   */
  next(ptsUs: number, dtsUs: number | undefined): MuxTime {
    const wantedUs = Math.min(ptsUs, dtsUs ?? ptsUs);
    const isFirst = this.#originUs === undefined;
    const originUs = (this.#originUs ??= wantedUs);
    const dts = Math.max(toTicks(wantedUs - originUs), this.#lastDts + leastStep);
    if (!isFirst) this.#steps.push(Math.min(dts - this.#lastDts, longestDuration));
    if (this.#steps.length > stepsLookedAt) this.#steps.shift();
    this.#lastDts = dts;
    const pts = Math.max(toTicks(ptsUs - originUs), dts);
    const duration = this.#steps.length === 0 ? usualStep : Math.max(...this.#steps);
    return { pts: BigInt(pts), dts: BigInt(dts), duration: BigInt(duration) };
  }
}

function toTicks(us: number): number {
  return Math.round((us * muxTicksPerSecond) / 1_000_000);
}
