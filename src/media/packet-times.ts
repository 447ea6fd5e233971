import { AV_NOPTS_VALUE } from 'node-av/constants';
import type { Packet } from 'node-av/lib';
import type { StreamRequest } from '../core/camera-source.ts';
import type { Clock } from '../core/clock.ts';
import { ArrivalClock, LiveClock, RecordingClock, SegmentClock, type PacketClock } from './packet-clock.ts';
import type { InputFacts } from './packet-input.ts';

/** Assumed of recordings that say nothing. */
const defaultFrameUs = 40_000;

/** When the pictures of one stream were taken, and when what is played is due. */
export class PacketTimes {
  readonly #request: StreamRequest;
  readonly #clock: Clock;
  #packetClock: PacketClock | undefined;
  /** Of the first packet: epoch µs, and monotonic ms. */
  #startUs = 0;
  #startedAt = 0;

  constructor(request: StreamRequest, clock: Clock) {
    this.#request = request;
    this.#clock = clock;
  }

  /** Gives the packet the time at which its picture was taken, in epoch µs, which its frame will carry too. */
  stamp(packet: Packet, facts: InputFacts): number {
    const { tickUs } = facts;
    const { pts, dts } = packet;
    const known = pts === AV_NOPTS_VALUE ? dts : pts;
    const ptsUs = known === AV_NOPTS_VALUE ? undefined : Number(known) * tickUs;
    const nowUs = this.#clock.now() * 1000;
    this.#packetClock ??= this.#begin(nowUs, facts);
    const timeUs = Math.round(this.#packetClock.timeOf(ptsUs, nowUs));
    packet.pts = BigInt(timeUs);
    packet.dts =
      pts === AV_NOPTS_VALUE || dts === AV_NOPTS_VALUE
        ? AV_NOPTS_VALUE
        : BigInt(timeUs - Math.round(Number(pts - dts) * tickUs));
    return timeUs;
  }

  /** How long until the moment at which a packet is to be seen, where packets come earlier than that; 0 if it is now. */
  waitMs(timeUs: number): number {
    const aheadMs = this.#aheadMs(timeUs);
    // A timer is not more exact than that.
    return aheadMs > 1 ? aheadMs : 0;
  }

  /** A recording begins again at its start. */
  restart(): void {
    if (this.#packetClock instanceof RecordingClock) this.#packetClock.restart();
  }

  #aheadMs(timeUs: number): number {
    const { protocol, pacing } = this.#request;
    if (protocol === 'hls') return timeUs / 1000 - this.#clock.now();
    const isPlayed = protocol === 'file' || protocol === 'synthetic';
    if (!isPlayed || pacing === 'fastest') return 0;
    return this.#startedAt + (timeUs - this.#startUs) / 1000 - this.#clock.monotonic();
  }

  #begin(nowUs: number, { framesPerSecond }: InputFacts): PacketClock {
    this.#startUs = nowUs;
    this.#startedAt = this.#clock.monotonic();
    const { protocol } = this.#request;
    if (protocol === 'rtsp' || protocol === 'usb') return new LiveClock();
    if (protocol === 'http_mjpeg' || protocol === 'http_snapshot') return new ArrivalClock();
    if (protocol === 'hls') return new SegmentClock();
    return new RecordingClock(nowUs, framesPerSecond === null ? defaultFrameUs : 1_000_000 / framesPerSecond);
  }
}
