import type { CameraCause, CameraState, PictureCondition } from '../core/camera.ts';

/** A camera that came back is well again when it has streamed for so long. */
const steadyMs = 30_000;
/** A camera is told lost at most once in so long, and a condition likewise; what happens between is in the next words. */
const leastBetweenMs = 600_000;

export interface NewsOptions {
  /** A camera that was away for so long is told lost, ms; `null`: it never is. */
  readonly lostAfterMs: number | null;
  /** Conditions of the picture that are told. */
  readonly conditions: readonly Exclude<PictureCondition, 'clear'>[];
}

/** Something that a person wants to know of a camera. Times are epoch ms. */
export type CameraNews =
  | {
      readonly type: 'camera.lost';
      readonly cause: CameraCause | null;
      readonly message: string | null;
      readonly since: number;
      /** Connections lost since the last news of the kind; 1 is this one. */
      readonly losses: number;
    }
  | {
      readonly type: 'camera.recovered';
      readonly since: number;
      readonly lostSince: number;
      readonly losses: number;
    }
  | {
      readonly type: 'camera.condition_changed';
      readonly condition: PictureCondition;
      readonly previous: PictureCondition;
      readonly since: number;
    };

/**
 * Decides what of a camera's states is news. A camera that comes and goes is lost until it has streamed for half a
 * minute, so that flapping makes one pair of news at most every ten minutes.
 *
 * A condition that came slowly (night, without infrared light) is no news; nor is one that is over before it may be told.
 */
export class CameraNewsDesk {
  readonly #options: NewsOptions;
  #isUp: boolean | undefined;
  #upSince = 0;
  /** Of the present trouble. */
  #lostSince: number | undefined;
  #losses = 0;
  #isToldLost: boolean;
  #lostToldAt = Number.NEGATIVE_INFINITY;
  #toldCondition: PictureCondition = 'clear';
  #conditionToldAt = Number.NEGATIVE_INFINITY;

  /** @param isToldLost the last that was told of it, by an earlier run, is that it is lost */
  constructor(options: NewsOptions, isToldLost = false) {
    this.#options = options;
    this.#isToldLost = isToldLost;
  }

  /**
   * To be called at every look, every few seconds, and whenever the state changes.
   *
   * @param now epoch ms
   */
  note(state: CameraState, now: number): CameraNews[] {
    return [...this.#noteConnection(state, now), ...this.#noteCondition(state, now)];
  }

  #noteConnection(state: CameraState, now: number): CameraNews[] {
    const { status, cause, message } = state;
    if (status === 'disabled') return [];
    const isUp = status === 'streaming';
    if (isUp && this.#isUp !== true) this.#upSince = now;
    if (!isUp && this.#isUp !== false) {
      this.#lostSince ??= now;
      this.#losses += 1;
    }
    this.#isUp = isUp;
    const isSteady = isUp && now - this.#upSince >= steadyMs;
    if (isSteady && this.#isToldLost) {
      const news: CameraNews = {
        type: 'camera.recovered',
        since: this.#upSince,
        lostSince: this.#lostSince ?? this.#upSince,
        losses: this.#losses,
      };
      this.#isToldLost = false;
      this.#losses = 0;
      this.#lostSince = undefined;
      return [news];
    }
    if (isSteady) this.#lostSince = undefined;
    const { lostAfterMs } = this.#options;
    const isNews =
      !isUp &&
      !this.#isToldLost &&
      this.#lostSince !== undefined &&
      lostAfterMs !== null &&
      now - this.#lostSince >= lostAfterMs &&
      now - this.#lostToldAt >= leastBetweenMs;
    if (!isNews || this.#lostSince === undefined) return [];
    this.#isToldLost = true;
    this.#lostToldAt = now;
    return [{ type: 'camera.lost', cause, message, since: this.#lostSince, losses: this.#losses }];
  }

  #noteCondition({ picture }: CameraState, now: number): CameraNews[] {
    if (picture === null) return [];
    const isTold =
      picture.condition === 'clear' ||
      (picture.isSudden && this.#options.conditions.includes(picture.condition));
    const condition = isTold ? picture.condition : 'clear';
    const previous = this.#toldCondition;
    if (condition === previous || now - this.#conditionToldAt < leastBetweenMs) return [];
    this.#toldCondition = condition;
    this.#conditionToldAt = now;
    return [{ type: 'camera.condition_changed', condition, previous, since: picture.since }];
  }
}
