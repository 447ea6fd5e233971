import { printCells, type PicturePrint } from '../core/picture-print.ts';

/** A picture that stands still for so long is frozen … */
const stillMs = 60_000;
/** … or for twice as long as it was seen to stand still and go on by itself, but never longer than this. */
const longestStillMs = 600_000;
/** Key pictures that the stillness must span: two of them may be equal by chance. */
const leastPictures = 3;
/** A cell's liveliness follows what it does with this time constant. */
const livelinessMs = 120_000;
/** A cell of which the noise is known: after 43 s of changing at every key picture, or 72 s of every second time. */
const livelyFrom = 0.3;
/** Share of all cells that must be lively, or nothing is said. */
const leastLively = 0.25;
/** Share of the lively cells that may change meanwhile: a clock in the picture goes on when the sensor hangs. */
const clockShare = 0.06;
/** After a new connection the encoder may code the same picture in another way at first. */
const settlingPictures = 2;
/** Between two attempts to wake a frozen camera by a new connection; doubling. */
const firstRetryMs = 60_000;
const longestRetryMs = 1_800_000;

/**
 * Tells a camera that hangs, and goes on to send its last picture, from one that sees nothing move. It compares key
 * pictures with each other, to the bit: between them H.264 and H.265 copy what is still ("skip"), so that even a healthy
 * camera sends equal pictures for as long as its key frames are apart; but every key picture is coded anew, with the
 * noise that the sensor has at that moment. (A still scene with noise of ±6 levels in H.264 at crf 45: 78 % of the analysed
 * frames equal the one before, and 85–94 % of the cells differ from key picture to key picture.) And it judges only cells that were seen to have noise before: a screen that
 * is filmed by no sensor, a rendered picture, the black of night and what is painted over are never called frozen, nor
 * is a stream without key frames. So a camera can be judged about a minute after it was first seen.
 *
 * It outlives connections: one that comes back with the same picture is still frozen.
 */
export class FrozenWatch {
  readonly #random: () => number;
  readonly #lively = new Float32Array(printCells);
  readonly #hasChanged = new Uint8Array(printCells);
  #previous: PicturePrint | undefined;
  #previousAt = 0;
  /** Of the present stillness. */
  #stillSince = 0;
  #pictures = 0;
  #picturesOfConnection = 0;
  #wasStillInConnection = false;
  #patienceMs = stillMs;
  #retries = 0;
  #retryAt: number | undefined;

  /** @param random 0 ≤ value < 1 */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** True from the moment it is found until a picture differs. */
  get isFrozen(): boolean {
    return this.#retryAt !== undefined;
  }

  /** Monotonic ms: when a new connection is worth trying; `undefined` while the camera is not frozen. */
  get retryAt(): number | undefined {
    return this.#retryAt;
  }

  /** A new connection has been made. */
  connected(): void {
    this.#picturesOfConnection = 0;
    this.#wasStillInConnection = false;
    if (!this.isFrozen) this.#previous = undefined;
  }

  /** It was away altogether, or somebody wants it judged anew: what is known of its noise stays. */
  forget(): void {
    this.#retryAt = undefined;
    this.#retries = 0;
  }

  /**
   * @param print of the next key picture
   * @param at monotonic ms
   * @returns whether the camera is to be connected to anew now
   */
  note(print: PicturePrint, at: number): boolean {
    const previous = this.#previous;
    const sinceMs = at - this.#previousAt;
    this.#previous = print;
    this.#previousAt = at;
    this.#picturesOfConnection += 1;
    if (previous === undefined) {
      this.#beginStillness(at);
      return false;
    }
    if (this.isFrozen && this.#picturesOfConnection <= settlingPictures) {
      this.#hasChanged.fill(0);
      return this.#isRetryDue(at);
    }
    if (!this.#isStill(previous, print)) {
      this.#endStillness(at);
      this.#learn(previous, print, sinceMs);
      return false;
    }
    this.#pictures += 1;
    this.#wasStillInConnection = true;
    const isFound =
      !this.isFrozen && at - this.#stillSince >= this.#patienceMs && this.#pictures >= leastPictures;
    if (isFound) this.#retryAt = at;
    return this.#isRetryDue(at);
  }

  #isStill(previous: PicturePrint, print: PicturePrint): boolean {
    let judged = 0;
    let changed = 0;
    for (let cell = 0; cell < printCells; cell += 1) {
      if ((this.#lively[cell] ?? 0) < livelyFrom) continue;
      if (print[cell] !== previous[cell]) this.#hasChanged[cell] = 1;
      else if (print[cell] === 0) continue;
      judged += 1;
      changed += this.#hasChanged[cell] ?? 0;
    }
    return judged >= leastLively * printCells && changed <= clockShare * judged;
  }

  #beginStillness(at: number): void {
    this.#stillSince = at;
    this.#pictures = 1;
    this.#hasChanged.fill(0);
  }

  #endStillness(at: number): void {
    if (this.#wasStillInConnection) {
      // It went on by itself, without a new connection: the camera hung for a while, or this stillness was its own.
      this.#patienceMs = Math.min(longestStillMs, Math.max(this.#patienceMs, 2 * (at - this.#stillSince)));
      if (this.isFrozen) this.#lively.fill(0);
    }
    this.#wasStillInConnection = false;
    this.#retryAt = undefined;
    this.#retries = 0;
    this.#beginStillness(at);
  }

  #learn(previous: PicturePrint, print: PicturePrint, sinceMs: number): void {
    const weight = 1 - Math.exp(-sinceMs / livelinessMs);
    for (let cell = 0; cell < printCells; cell += 1) {
      const isChange = print[cell] !== previous[cell] ? 1 : 0;
      const lively = this.#lively[cell] ?? 0;
      this.#lively[cell] = lively + weight * (isChange - lively);
    }
  }

  #isRetryDue(at: number): boolean {
    if (this.#retryAt === undefined || at < this.#retryAt) return false;
    const waitMs = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(this.#retries, 10));
    this.#retries += 1;
    this.#retryAt = at + waitMs * (0.5 + this.#random() / 2);
    return true;
  }
}
