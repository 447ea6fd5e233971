/** An eighth of an octave: sizes that differ by less than 9 % fall together. */
const binsPerOctave = 8;
/** Up to 16 MB. */
const binCount = 24 * binsPerOctave;

/** What a histogram holds, to go on with elsewhere. */
export interface KnownSizes {
  readonly bins: Float64Array;
  readonly total: number;
  readonly lastUs: number | undefined;
}

/** How large coded pictures are, of the last minutes: older ones count less and less. */
export class SizeHistogram {
  readonly #bins = new Float64Array(binCount);
  readonly #halfLifeUs: number;
  #lastUs: number | undefined;
  #total = 0;

  constructor(halfLifeUs: number) {
    this.#halfLifeUs = halfLifeUs;
  }

  /** A copy of what is known. */
  get known(): KnownSizes {
    return { bins: this.#bins.slice(), total: this.#total, lastUs: this.#lastUs };
  }

  /** Takes the place of what is known. */
  restore({ bins, total, lastUs }: KnownSizes): void {
    this.#bins.set(bins);
    this.#total = total;
    this.#lastUs = lastUs;
  }

  clear(): void {
    this.#bins.fill(0);
    this.#total = 0;
    this.#lastUs = undefined;
  }

  /** @param timeUs not before that of the last one, else it counts as that */
  add(sizeBytes: number, timeUs: number): void {
    const passedUs = Math.max(0, timeUs - (this.#lastUs ?? timeUs));
    this.#lastUs = Math.max(timeUs, this.#lastUs ?? timeUs);
    if (passedUs > 0) {
      const keep = 0.5 ** (passedUs / this.#halfLifeUs);
      for (let bin = 0; bin < binCount; bin += 1) this.#bins[bin] = (this.#bins[bin] ?? 0) * keep;
      this.#total *= keep;
    }
    const bin = binOf(sizeBytes);
    this.#bins[bin] = (this.#bins[bin] ?? 0) + 1;
    this.#total += 1;
  }

  /** Bytes that a share of the sizes does not exceed, rounded up to a bin; 0 as long as there are none. */
  quantile(share: number): number {
    let left = this.#total * share;
    if (this.#total === 0) return 0;
    for (let bin = 0; bin < binCount; bin += 1) {
      left -= this.#bins[bin] ?? 0;
      if (left <= 0) return 2 ** ((bin + 1) / binsPerOctave);
    }
    return 2 ** (binCount / binsPerOctave);
  }
}

function binOf(sizeBytes: number): number {
  return Math.min(binCount - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, sizeBytes)) * binsPerOctave)));
}
