import type { PictureCondition, PictureState } from '../core/camera.ts';
import type { Polygon } from '../core/camera-settings.ts';
import { lookCells, maskedLookCells, type PictureLook } from '../core/picture-look.ts';

/** A condition counts when it has held for so long: who walks close past, headlights and an infrared switch are over by then. */
const holdMs = 30_000;
/** The picture is clear again when it has been so for so long. */
const clearMs = 10_000;
/** From a healthy picture to a covered one: a hand or a spray can is faster, dusk, fog and snow are slower. */
const suddenMs = 15_000;
/** The scene is learnt with this time constant, so that dusk and fog become part of it … */
const learningMs = 600_000;
/** … faster at first; before so much of it was seen, nothing is said. */
const warmUpMs = 60_000;
const doubtMs = 5_000;
/** A picture that is neither like the scene nor clearly covered for so long is the new scene. */
const unsureMs = 300_000;
/** After a longer pause in the pictures, what is different has not become so from one moment to the next. */
const longestPauseMs = 600_000;

/** Levels; below this a cell is black. */
const black = 20;
/** Share of black cells in a picture that shows nothing: a lamp or a lit window leaves less. */
const allBlack = 0.97;
/** Levels: a cell with so much fine structure shows something sharp. */
const detailed = 1;
/** Share of such cells that a scene needs to be judged, and that a covered one has at most. */
const leastDetailed = 0.15;
/** A cell has lost its structure when less than this share of it is left. */
const lostBelow = 0.3;
/** Share of lost cells of a covered or blurred picture, and of a healthy one at most. */
const lostShare = 0.7;
const healthyShare = 0.3;
/**
 * Correlation of the cells' brightness with the scene, contrast and fine structure as shares of the scene's. On clips of
 * real cameras a blurred picture had 0.92–1, 0.93–1.07 and 0.01–0.19; a lamp that goes out, fog and glare take contrast
 * too (0.14–0.48); behind cloth, paint or a hand the correlation was −0.14–0.70.
 */
const blurred = { leastCorrelation: 0.85, leastContrast: 0.8, mostDetail: 0.25 };
const coveredCorrelation = 0.75;

/** Share of the picture that must be left by privacy masks: of less nothing is said. */
const leastVisible = 0.125;

type Verdict = PictureCondition | 'unsure';

/**
 * Tells from looks at the picture, about one a second, whether the lens is free. It compares with a scene that is learnt
 * slowly, and says `covered` or `defocused` only of what came suddenly and holds: conditions are to be believed. `dark`
 * is said of any picture that stays black, sudden or not, with that difference. Nothing is said of scenes without structure.
 *
 * What privacy masks hide is black in every picture and counts for nothing.
 *
 * It outlives connections: a camera that was covered while it was lost is found so when it comes back.
 */
export class LensWatch {
  /** Indices of the cells that no mask touches. */
  readonly #visible: readonly number[];
  readonly #means = new Float32Array(lookCells);
  readonly #details = new Float32Array(lookCells);
  #learntMs = 0;
  #state: PictureState | null = null;
  #lastAt: number | undefined;
  /** Time that was looked at, without pauses, ms. */
  #seenMs = 0;
  /** On the same scale: the last healthy look. */
  #healthyAt = Number.NEGATIVE_INFINITY;
  #verdict: Verdict = 'clear';
  /** Of the present verdict, on both scales. */
  #verdictSince = 0;
  #verdictFrom = 0;
  #isSudden = false;
  /** When the verdict was last found again. */
  #saidAt = 0;

  /** @param masks privacy masks of the camera */
  constructor(masks: readonly Polygon[] = []) {
    this.#visible = [...maskedLookCells(masks)].flatMap((isMasked, cell) => (isMasked === 1 ? [] : [cell]));
  }

  /** `null` until the scene is known. */
  get state(): PictureState | null {
    return this.#state;
  }

  /**
   * @param at epoch ms, going up
   * @returns the state when its condition has changed
   */
  note(look: PictureLook, at: number): PictureState | undefined {
    const sinceMs = this.#lastAt === undefined ? 0 : Math.max(0, at - this.#lastAt);
    if (sinceMs > longestPauseMs) this.#healthyAt = Number.NEGATIVE_INFINITY;
    this.#lastAt = at;
    this.#seenMs += Math.min(sinceMs, 5_000);
    const verdict = this.#judge(look);
    if (verdict === this.#verdict) this.#saidAt = this.#seenMs;
    else {
      // A few looks that say nothing do not break off what was said before.
      const isDoubt = verdict === 'unsure' && this.#verdict !== 'clear';
      if (isDoubt && this.#seenMs - this.#saidAt <= doubtMs) return undefined;
      this.#verdict = verdict;
      this.#saidAt = this.#seenMs;
      this.#verdictSince = this.#seenMs;
      this.#verdictFrom = at;
      this.#isSudden = this.#seenMs - this.#healthyAt <= suddenMs;
    }
    const heldMs = this.#seenMs - this.#verdictSince;
    this.#learnFrom(look, heldMs, Math.min(sinceMs, 5_000));
    return this.#conclude(heldMs, at);
  }

  #conclude(heldMs: number, at: number): PictureState | undefined {
    const before = this.#state?.condition;
    // Whatever it is that is seen again, it is not black.
    const isLit = before === 'dark' && this.#verdict === 'unsure';
    const verdict = isLit ? 'clear' : this.#verdict;
    if (verdict === 'unsure') return undefined;
    if (verdict === 'clear') {
      if (before === undefined) {
        if (this.#learntMs < warmUpMs) return undefined;
        return this.#become({ condition: 'clear', since: at, isSudden: false });
      }
      if (before === 'clear' || heldMs < clearMs) return undefined;
      return this.#become({ condition: 'clear', since: this.#verdictFrom, isSudden: false });
    }
    if (before === verdict || heldMs < holdMs) return undefined;
    if (verdict !== 'dark' && !this.#isSudden) return undefined;
    return this.#become({ condition: verdict, since: this.#verdictFrom, isSudden: this.#isSudden });
  }

  #become(state: PictureState): PictureState {
    this.#state = state;
    return state;
  }

  #judge({ means, details }: PictureLook): Verdict {
    const visible = this.#visible;
    if (visible.length < leastVisible * lookCells) return 'clear';
    if (shareOf(means, visible, (mean) => mean < black) >= allBlack) return 'dark';
    if (this.#learntMs < warmUpMs) return 'clear';
    let known = 0;
    let lost = 0;
    let detailNow = 0;
    let detailUsual = 0;
    for (const cell of visible) {
      const usual = this.#details[cell] ?? 0;
      const now = details[cell] ?? 0;
      detailNow += now;
      detailUsual += usual;
      if (usual < detailed) continue;
      known += 1;
      if (now < lostBelow * usual) lost += 1;
    }
    if (known < leastDetailed * visible.length) return 'clear';
    if (lost < healthyShare * known) this.#healthyAt = this.#seenMs;
    const sharpNow = shareOf(details, visible, (detail) => detail >= detailed);
    if (lost < lostShare * known) return this.#isLike(sharpNow, known, lost) ? 'clear' : 'unsure';
    const { correlation, contrast } = compare(means, this.#means, visible);
    const isBlurred =
      correlation >= blurred.leastCorrelation &&
      contrast >= blurred.leastContrast &&
      detailNow <= blurred.mostDetail * detailUsual;
    if (isBlurred) return 'defocused';
    const isBlackish = shareOf(means, visible, (mean) => mean < black) >= 0.5;
    const isCovered = sharpNow <= leastDetailed && correlation < coveredCorrelation && !isBlackish;
    return isCovered ? 'covered' : 'unsure';
  }

  /** While something is wrong, only a picture with most of its structure, or with as much elsewhere, is clear. */
  #isLike(sharpNow: number, known: number, lost: number): boolean {
    const condition = this.#state?.condition;
    if (condition !== 'covered' && condition !== 'defocused') return true;
    return lost < 0.5 * known || sharpNow >= Math.max(leastDetailed, (0.5 * known) / this.#visible.length);
  }

  #learnFrom({ means, details }: PictureLook, heldMs: number, sinceMs: number): void {
    const condition = this.#state?.condition ?? 'clear';
    const isUsual = this.#verdict === 'clear' && condition === 'clear';
    const isNewScene =
      this.#verdict === 'unsure' ? heldMs > unsureMs : this.#verdict !== 'dark' && !this.#isSudden;
    if (!isUsual && !(isNewScene && condition === 'clear')) return;
    this.#learntMs += sinceMs;
    const weight = this.#learntMs === 0 ? 1 : sinceMs / Math.min(learningMs, this.#learntMs);
    for (let cell = 0; cell < lookCells; cell += 1) {
      const mean = this.#means[cell] ?? 0;
      const detail = this.#details[cell] ?? 0;
      this.#means[cell] = mean + weight * ((means[cell] ?? 0) - mean);
      this.#details[cell] = detail + weight * ((details[cell] ?? 0) - detail);
    }
  }
}

/** @param cells indices of those that count */
function shareOf(values: Float32Array, cells: readonly number[], is: (value: number) => boolean): number {
  let count = 0;
  for (const cell of cells) if (is(values[cell] ?? 0)) count += 1;
  return count / cells.length;
}

/** Pearson's correlation of two pictures' cells, and the contrast of the first as a share of the second's. */
function compare(
  now: Float32Array,
  usual: Float32Array,
  cells: readonly number[],
): { readonly correlation: number; readonly contrast: number } {
  const count = cells.length;
  let sumNow = 0;
  let sumUsual = 0;
  for (const cell of cells) {
    sumNow += now[cell] ?? 0;
    sumUsual += usual[cell] ?? 0;
  }
  let squaresNow = 0;
  let squaresUsual = 0;
  let products = 0;
  for (const cell of cells) {
    const a = (now[cell] ?? 0) - sumNow / count;
    const b = (usual[cell] ?? 0) - sumUsual / count;
    squaresNow += a * a;
    squaresUsual += b * b;
    products += a * b;
  }
  const size = Math.sqrt(squaresNow * squaresUsual);
  return {
    correlation: size === 0 ? 0 : products / size,
    contrast: squaresUsual === 0 ? 0 : Math.sqrt(squaresNow / squaresUsual),
  };
}
