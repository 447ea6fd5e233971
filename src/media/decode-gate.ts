import type { DecodeMode } from '../core/camera-settings.ts';
import type { DecodeState } from '../core/camera.ts';
import { SizeHistogram, type KnownSizes } from './size-histogram.ts';

/** What the gate needs to know of a packet, in decoding order. */
export interface GatePacket {
  /** Epoch µs. */
  readonly timeUs: number;
  readonly isKeyframe: boolean;
  readonly sizeBytes: number;
}

/** What motion analysis said of a frame. */
export interface GateVerdict {
  /** Epoch µs, of the frame. */
  readonly timeUs: number;
  readonly isMotion: boolean;
  /** Nothing differs from the scene that could become motion. */
  readonly isCalm: boolean;
}

/** What a stream has proved so far, for its next connection. */
export interface DecodeProof {
  /** Of the last packet, epoch µs. */
  readonly untilUs: number;
  /** Between key frames; `undefined` when it was not known yet. */
  readonly intervalUs: number | undefined;
  readonly still: KnownSizes;
  readonly stillUs: number;
  readonly proofs: number;
  readonly penaltyUs: number;
  readonly distrustedUntilUs: number;
}

/** `hold`: not decoded unless the gate opens. `open`: decode what was held first, then this. */
export type GateDecision = 'decode' | 'hold' | 'open';

/** The hint is the mean size of the packets of so long. */
const hintUs = 200_000;
/** A size counts as one of the still scene when nothing moved so long before and after it. */
const stillMarginUs = 3_000_000;
/** Sizes of a still scene that must be known. */
const leastStillUs = 60_000_000;
const stillHalfLifeUs = 300_000_000;
/** Above nearly all sizes of the still scene, and then some: each needless opening costs seconds of decoding. */
const stillShare = 0.9995;
const margin = 1.25;
/** Motion begins when it comes after so long a calm. */
const calmBeforeUs = 5_000_000;
/** Long enough that a moment between two stretches was learnt, or left out, before the second began. */
const sameMotionUs = 2 * stillMarginUs + 6_000_000;
/** The hint must come so soon around the first moving frame; tracks are confirmed some frames after they began. */
const hintBeforeUs = 1_500_000;
const hintAfterUs = 400_000;
/** Beginnings of motion that the hint must have shown, in a row. */
const leastProofs = 3;
/** After the hint was silent when something began to move, everything is decoded for so long; doubling each time. */
const firstPenaltyUs = 600_000_000;
const longestPenaltyUs = 86_400_000_000;
/** Opened by the hint alone, it closes again when nothing moves for so long; after motion, for so long. */
const falseOpenUs = 2_000_000;
const motionOpenUs = 8_000_000;
/** Of key frames: nearer, the gate saves little; farther apart, too little is seen and held packets grow. */
const leastIntervalUs = 900_000;
const longestIntervalUs = 5_000_000;
/** Of the groups of pictures that need no decoding, one in so many is decoded all the same, to measure. */
const auditEvery = 16;
/** What is held at most; beyond it the gate opens. */
const heldLimit = 400;
/** A proof outlives a connection when the next one begins within so long: a scene changes meanwhile. */
const proofValidUs = 600_000_000;
/** Everything is decoded at first all the same: motion analysis learns its scene in the first six seconds. */
const resumeOpenUs = 10_000_000;
/** Key frames come as before when their distance has changed by no more than this, as a share. */
const intervalTolerance = 0.25;
/** Sizes below nearly all of the still scene's by this factor are those of another bit rate. */
const smallerFactor = 1.25;
/** Hints of the last seconds that wait for their verdicts: 30 s at 30 frames a second. */
const hintsKept = 900;

interface Hint {
  readonly timeUs: number;
  readonly sizeBytes: number;
}

/**
 * Decides which packets of a stream are decoded for motion analysis. In a still scene key frames suffice, when the sizes
 * of the coded frames between them tell that something begins to move. That is so only with variable bit rate and little
 * noise, so the stream must prove it here, against full decoding: every motion that began was shown by a jump of the
 * sizes in time, and the still scene's sizes stay below it. One in sixteen groups is decoded all the same; motion in one
 * whose sizes were silent ends the trust for ten minutes, and longer each time.
 */
export class DecodeGate {
  readonly #mode: DecodeMode;
  readonly #still = new SizeHistogram(stillHalfLifeUs);
  readonly #window: Hint[] = [];
  #isWindowFull = false;
  #windowBytes = 0;
  #hints: Hint[] = [];
  #stillUs = 0;
  #lastStillUs: number | undefined;
  /** Beginnings of motion that the hint showed in time, since the last that it did not. */
  #proofs = 0;
  #isClosed = false;
  #isAudit = false;
  #groups = 0;
  #held = 0;
  #openUntilUs = 0;
  /** The last stretch of motion; what follows after a short calm belongs to it. */
  #motion: { readonly fromUs: number; readonly untilUs: number } | undefined;
  #firstVerdictUs: number | undefined;
  /** First moving frame that is not judged yet. */
  #onsetUs: number | undefined;
  #lastKeyframeUs: number | undefined;
  #intervalUs: number | undefined;
  #penaltyUs = firstPenaltyUs;
  #distrustedUntilUs = 0;
  #nowUs = 0;
  /** Of the connection before, as long as this one has not shown that it is the same. */
  #resumed: { readonly intervalUs: number; readonly leastBytes: number } | undefined;
  /** Smallest hint of this connection. */
  #leastHint = Number.POSITIVE_INFINITY;

  constructor(mode: DecodeMode) {
    this.#mode = mode;
  }

  get state(): DecodeState {
    return this.#isClosed
      ? { mode: 'keyframes', reason: this.#mode === 'keyframes' ? 'set for this camera' : 'proved' }
      : { mode: 'full', reason: this.#whyFull() };
  }

  /** `undefined` when nothing needs proof. */
  get proof(): DecodeProof | undefined {
    if (this.#mode !== 'auto' || this.#nowUs === 0) return undefined;
    return {
      untilUs: this.#nowUs,
      intervalUs: this.#intervalUs ?? this.#resumed?.intervalUs,
      still: this.#still.known,
      stillUs: this.#stillUs,
      proofs: this.#proofs,
      penaltyUs: this.#penaltyUs,
      distrustedUntilUs: this.#distrustedUntilUs,
    };
  }

  /**
   * Goes on with what the same stream proved in the connection before. Called before the first packet. Everything is
   * decoded until the stream has shown that its key frames and sizes are what they were; when they are not, it proves
   * itself anew.
   *
   * @param nowUs epoch
   */
  resume(proof: DecodeProof, nowUs: number): void {
    // However long ago it was.
    this.#penaltyUs = proof.penaltyUs;
    this.#distrustedUntilUs = proof.distrustedUntilUs;
    const ageUs = nowUs - proof.untilUs;
    if (proof.intervalUs === undefined || ageUs < 0 || ageUs > proofValidUs) return;
    this.#still.restore(proof.still);
    this.#stillUs = proof.stillUs;
    this.#proofs = proof.proofs;
    this.#openUntilUs = nowUs + resumeOpenUs;
    this.#resumed = {
      intervalUs: proof.intervalUs,
      leastBytes: this.#still.quantile(1 - stillShare) / smallerFactor,
    };
  }

  /** Called for every packet, in decoding order. */
  admit(packet: GatePacket): GateDecision {
    this.#nowUs = packet.timeUs;
    if (this.#mode === 'full') return 'decode';
    if (packet.isKeyframe) return this.#admitKeyframe(packet);
    const isJump = this.#noteSize(packet) > this.#threshold();
    if (!this.#isClosed) {
      // What goes on stays open, whoever opened.
      if (isJump) this.#openUntilUs = Math.max(this.#openUntilUs, packet.timeUs + falseOpenUs);
      return 'decode';
    }
    if (this.#isAudit && !isJump) return 'decode';
    this.#held += 1;
    if (!isJump && this.#held <= heldLimit) return 'hold';
    return this.#open(falseOpenUs);
  }

  /** Opens when something may move in what was decoded; answers whether what is held is to be decoded now. */
  note(verdict: GateVerdict): boolean {
    if (this.#mode === 'full') return false;
    const { timeUs, isMotion, isCalm } = verdict;
    this.#firstVerdictUs ??= timeUs;
    if (isMotion) this.#noteMotion(timeUs);
    this.#judgeOnset();
    this.#learnStill(timeUs);
    if (isCalm) return false;
    this.#openUntilUs = Math.max(this.#openUntilUs, timeUs + (isMotion ? motionOpenUs : falseOpenUs));
    if (!this.#isClosed) return false;
    this.#open(isMotion ? motionOpenUs : falseOpenUs);
    return true;
  }

  /** Opens since something may move that was not seen; answers whether what is held is to be decoded now. */
  expectMotion(): boolean {
    if (this.#mode === 'full') return false;
    const isToRelease = this.#isClosed;
    this.#open(falseOpenUs);
    return isToRelease;
  }

  #admitKeyframe({ timeUs }: GatePacket): GateDecision {
    if (this.#lastKeyframeUs !== undefined) {
      const intervalUs = timeUs - this.#lastKeyframeUs;
      // The longest of the last ones counts: some cameras stretch their groups when nothing moves.
      this.#intervalUs = Math.max(intervalUs, (this.#intervalUs ?? 0) * 0.9);
    }
    this.#lastKeyframeUs = timeUs;
    this.#judgeResumed(timeUs);
    this.#held = 0;
    this.#isClosed = timeUs >= this.#openUntilUs && this.#isTrusted();
    if (this.#isClosed) {
      this.#groups += 1;
      this.#isAudit = this.#mode === 'auto' && this.#groups % auditEvery === 0;
    }
    return 'decode';
  }

  /** Once the first seconds are over: is it the stream that proved itself? */
  #judgeResumed(nowUs: number): void {
    const resumed = this.#resumed;
    if (resumed === undefined || this.#intervalUs === undefined || nowUs < this.#openUntilUs) return;
    this.#resumed = undefined;
    const ratio = this.#intervalUs / resumed.intervalUs;
    const isSame = Math.abs(ratio - 1) <= intervalTolerance && this.#leastHint >= resumed.leastBytes;
    if (isSame) return;
    this.#proofs = 0;
    this.#stillUs = 0;
    this.#lastStillUs = undefined;
    this.#still.clear();
  }

  #open(forUs: number): GateDecision {
    this.#isClosed = false;
    this.#isAudit = false;
    this.#held = 0;
    this.#openUntilUs = Math.max(this.#openUntilUs, this.#nowUs + forUs);
    return 'open';
  }

  /** @returns the hint: mean bytes of a packet over the last moments */
  #noteSize({ timeUs, sizeBytes }: GatePacket): number {
    this.#window.push({ timeUs, sizeBytes });
    this.#windowBytes += sizeBytes;
    for (let oldest = this.#window[0]; oldest !== undefined; oldest = this.#window[0]) {
      if (timeUs - oldest.timeUs < hintUs && oldest.timeUs <= timeUs) break;
      this.#window.shift();
      this.#isWindowFull = true;
      this.#windowBytes -= oldest.sizeBytes;
    }
    const hint = this.#windowBytes / Math.max(1, this.#window.length);
    if (this.#isWindowFull) this.#leastHint = Math.min(this.#leastHint, hint);
    this.#hints.push({ timeUs, sizeBytes: hint });
    if (this.#hints.length > hintsKept) this.#hints.shift();
    return hint;
  }

  /** Bytes; infinite as long as the still scene is not known. */
  #threshold(): number {
    const still = this.#still.quantile(stillShare);
    return still === 0 ? Number.POSITIVE_INFINITY : still * margin;
  }

  #noteMotion(timeUs: number): void {
    const calmSince = this.#motion?.untilUs ?? this.#firstVerdictUs ?? timeUs;
    if (timeUs - calmSince >= calmBeforeUs) this.#onsetUs ??= timeUs;
    const isSame = this.#motion !== undefined && timeUs - this.#motion.untilUs <= sameMotionUs;
    this.#motion = { fromUs: isSame ? (this.#motion?.fromUs ?? timeUs) : timeUs, untilUs: timeUs };
  }

  /** Once the hint has had its time: did it show the motion that began? */
  #judgeOnset(): void {
    const onsetUs = this.#onsetUs;
    if (onsetUs === undefined || this.#nowUs < onsetUs + hintAfterUs) return;
    this.#onsetUs = undefined;
    if (this.#stillUs < leastStillUs) return;
    const threshold = this.#threshold();
    const isShown = this.#hints.some(
      ({ timeUs, sizeBytes }) =>
        timeUs >= onsetUs - hintBeforeUs && timeUs <= onsetUs + hintAfterUs && sizeBytes > threshold,
    );
    if (isShown) this.#proofs = Math.min(leastProofs, this.#proofs + 1);
    else this.#distrust(onsetUs);
  }

  /** Takes the hints whose surroundings are known to have been still, drops the others. */
  #learnStill(verdictUs: number): void {
    const { fromUs, untilUs } = this.#motion ?? { fromUs: Number.POSITIVE_INFINITY, untilUs: 0 };
    const from = (this.#firstVerdictUs ?? verdictUs) + stillMarginUs;
    const isNear = (timeUs: number): boolean =>
      timeUs > fromUs - stillMarginUs && timeUs < untilUs + stillMarginUs;
    const known = verdictUs - stillMarginUs;
    const taken = this.#hints.filter(({ timeUs }) => timeUs <= known);
    for (const { timeUs, sizeBytes } of taken) {
      if (timeUs < from || isNear(timeUs)) continue;
      if (this.#lastStillUs !== undefined) {
        this.#stillUs += Math.min(1_000_000, Math.max(0, timeUs - this.#lastStillUs));
      }
      this.#lastStillUs = timeUs;
      this.#still.add(sizeBytes, timeUs);
    }
    if (taken.length > 0) this.#hints = this.#hints.filter(({ timeUs }) => timeUs > known);
  }

  #distrust(timeUs: number): void {
    this.#proofs = 0;
    this.#distrustedUntilUs = timeUs + this.#penaltyUs;
    this.#penaltyUs = Math.min(longestPenaltyUs, this.#penaltyUs * 2);
  }

  #isTrusted(): boolean {
    if (!this.#hasFittingInterval()) return false;
    if (this.#mode === 'keyframes') return true;
    return (
      this.#nowUs >= this.#distrustedUntilUs && this.#stillUs >= leastStillUs && this.#proofs >= leastProofs
    );
  }

  #hasFittingInterval(): boolean {
    const intervalUs = this.#intervalUs;
    return intervalUs !== undefined && intervalUs >= leastIntervalUs && intervalUs <= longestIntervalUs;
  }

  #whyFull(): string {
    if (this.#mode === 'full') return 'set for this camera';
    if (this.#intervalUs === undefined) return 'the distance of its key frames is not known yet';
    if (!this.#hasFittingInterval()) {
      return `its key frames come every ${(this.#intervalUs / 1e6).toFixed(1)} s, expected 1 to 5 s`;
    }
    if (this.#mode === 'keyframes') return 'something moves';
    if (this.#resumed !== undefined && this.#proofs >= leastProofs) return 'the connection is new';
    if (this.#nowUs < this.#distrustedUntilUs) {
      return 'the sizes of its coded frames did not show a motion that began';
    }
    if (this.#stillUs < leastStillUs) return 'measuring the still scene';
    if (this.#proofs < leastProofs) {
      return `the sizes of its coded frames showed ${this.#proofs} of ${leastProofs} motions so far`;
    }
    return 'something moves';
  }
}
