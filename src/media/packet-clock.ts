/** When a packet's picture was taken, for packets in decoding order. All times in microseconds. */
export interface PacketClock {
  /**
   * @param ptsUs presentation time on the stream's own clock; `undefined` when the packet carries none
   * @param arrivalUs wall clock, epoch
   * @returns epoch
   */
  timeOf(ptsUs: number | undefined, arrivalUs: number): number;
}

/** For sources whose time stamps are made up, such as MJPEG over HTTP: when it arrived, always increasing. */
export class ArrivalClock implements PacketClock {
  #lastUs = 0;

  timeOf(_ptsUs: number | undefined, arrivalUs: number): number {
    this.#lastUs = Math.max(arrivalUs, this.#lastUs + 1000);
    return this.#lastUs;
  }
}

/** A jump of the camera's clock by more than this is followed at once. */
const jumpUs = 2_000_000;
/** The parts of one picture bear the same time, and do not take so long. */
const standstillUs = 200_000;

/**
 * For live streams: the camera's clock gives the even spacing, the wall clock the time of day. The offset between
 * them is that of the packet that was delayed least: the network can only delay. It may grow by at most a thousandth
 * of the time that passes, which is more than the clocks of cameras drift (quartz: some 100 ppm) and far less than
 * jitter would move it. While the camera's clock stands still, the time of arrival is taken.
 */
export class LiveClock implements PacketClock {
  #offsetUs: number | undefined;
  #ptsUs: number | undefined;
  /** When the first packet with this time stamp came. */
  #ptsSinceUs = 0;
  #previousArrivalUs = 0;
  #lastUs = 0;

  timeOf(ptsUs: number | undefined, arrivalUs: number): number {
    if (ptsUs !== this.#ptsUs) {
      this.#ptsUs = ptsUs;
      this.#ptsSinceUs = arrivalUs;
    }
    // The first packets of an RTSP stream may have no time stamp yet.
    if (ptsUs === undefined || arrivalUs - this.#ptsSinceUs > standstillUs) {
      // What it says when it goes on has nothing to do with what it said before.
      if (ptsUs !== undefined) this.#offsetUs = undefined;
      this.#lastUs = Math.max(arrivalUs, this.#lastUs + 1000);
      return this.#lastUs;
    }
    const offsetUs = arrivalUs - ptsUs;
    const kept = this.#offsetUs;
    if (kept === undefined || Math.abs(offsetUs - kept) > jumpUs) {
      this.#offsetUs = offsetUs;
    } else if (offsetUs < kept) {
      this.#offsetUs = offsetUs;
    } else {
      const driftUs = Math.max(0, arrivalUs - this.#previousArrivalUs) / 1000;
      this.#offsetUs = Math.min(offsetUs, kept + driftUs);
    }
    this.#previousArrivalUs = arrivalUs;
    this.#lastUs = ptsUs + this.#offsetUs;
    return this.#lastUs;
  }
}

/** What comes later than this is late for good. */
const latenessUs = 1_000_000;
/** No segment is longer. */
const segmentUs = 30_000_000;

/**
 * For live streams that come in segments, many seconds at once (HLS): when a packet is to be shown so that all of them
 * follow each other evenly, behind the moment at which the first one came. What comes too late moves all that follows, so
 * that the delay becomes as large as it must be, and grows no more. Where the time stamps begin anew, the next picture
 * follows the last one as the last one followed the one before.
 */
export class SegmentClock implements PacketClock {
  #offsetUs: number | undefined;
  #previousPtsUs = 0;
  #stepUs = 0;
  #lastUs = 0;

  timeOf(ptsUs: number | undefined, arrivalUs: number): number {
    if (ptsUs === undefined) {
      this.#lastUs = Math.max(arrivalUs, this.#lastUs + 1000);
      return this.#lastUs;
    }
    this.#offsetUs ??= arrivalUs - ptsUs;
    const aheadUs = ptsUs + this.#offsetUs - arrivalUs;
    if (aheadUs < -latenessUs || aheadUs > segmentUs) {
      this.#offsetUs = Math.max(arrivalUs, this.#lastUs + this.#stepUs) - ptsUs;
    }
    const stepUs = ptsUs - this.#previousPtsUs;
    if (stepUs > 0 && stepUs < latenessUs) this.#stepUs = stepUs;
    this.#previousPtsUs = ptsUs;
    this.#lastUs = ptsUs + this.#offsetUs;
    return this.#lastUs;
  }
}

/** For recordings: the recording's clock, begun at `startUs`. A further pass follows the one before without a gap. */
export class RecordingClock implements PacketClock {
  readonly #startUs: number;
  readonly #frameUs: number;
  /** Where the current pass begins. */
  #passUs: number;
  #firstPtsUs: number | undefined;
  #lastUs: number;
  #isFirst = true;

  /** @param frameUs what one frame lasts, for recordings without time stamps and between passes */
  constructor(startUs: number, frameUs: number) {
    this.#startUs = startUs;
    this.#frameUs = frameUs;
    this.#passUs = startUs;
    this.#lastUs = startUs;
  }

  timeOf(ptsUs: number | undefined): number {
    let timeUs: number;
    if (ptsUs === undefined) {
      timeUs = this.#isFirst ? this.#passUs : this.#lastUs + this.#frameUs;
    } else {
      this.#firstPtsUs ??= ptsUs;
      // Recordings that were joined carelessly begin their time anew in the middle.
      if (this.#passUs + ptsUs - this.#firstPtsUs < this.#lastUs - jumpUs) {
        this.restart();
        this.#firstPtsUs = ptsUs;
      }
      timeUs = this.#passUs + ptsUs - this.#firstPtsUs;
    }
    this.#isFirst = false;
    // In decoding order a B-frame comes after a later one: the latest time is where a pass ends.
    this.#lastUs = ptsUs === undefined ? timeUs : Math.max(this.#lastUs, timeUs);
    return timeUs;
  }

  /** The recording begins anew. */
  restart(): void {
    this.#passUs = this.#isFirst ? this.#startUs : this.#lastUs + this.#frameUs;
    this.#lastUs = this.#passUs;
    this.#firstPtsUs = undefined;
    this.#isFirst = true;
  }
}
