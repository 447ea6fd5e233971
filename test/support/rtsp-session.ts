import { randomInt } from 'node:crypto';
import { createRandom } from './render-clip.ts';
import { packetiseJpeg } from './rtp-jpeg.ts';
import { packetise, rtcpSenderReport, rtpPacket } from './rtp-packetiser.ts';
import { payloadType, type RtspFault, type RtspStream } from './rtsp-stream.ts';

/** The way to one client; either TCP, interleaved, or a pair of UDP sockets. */
export interface RtpTransport {
  /** How the server answers SETUP. */
  readonly description: string;
  /** Bytes that wait because the client does not read. */
  readonly waitingBytes: number;
  sendRtp(packet: Buffer): void;
  sendRtcp(packet: Buffer): void;
  close(): void;
}

/** What the session does to the connection that controls it. */
export interface SessionControl {
  reset(): void;
  close(): void;
}

const reportEveryMs = 5_000;
/** A client that is this far behind is left out of the next frame, as a camera with a full buffer would do. */
const maxWaitingBytes = 4 * 1024 * 1024;
/** Later than this (the process was stopped), and what was missed is left out. */
const maxLateMs = 1_000;

/** Sends one stream to one client, in real time, round and round, with times that go on. */
export class RtspSession {
  readonly id = String(randomInt(10_000_000, 99_999_999));
  readonly stream: RtspStream;
  readonly transport: RtpTransport;
  readonly #control: SessionControl;
  readonly #ssrc = randomInt(0xffff_ffff);
  readonly #firstTimestamp = randomInt(0xffff_ffff);
  readonly #random = createRandom(7);
  #sequence = randomInt(0xffff);
  #clip;
  #index = 0;
  /** What of the session's time passed before the clip's present round began, ms. */
  #roundStartMs = 0;
  /** `performance.now()` at the session's time 0. */
  #anchor = 0;
  #timer: NodeJS.Timeout | undefined;
  #isPlaying = false;
  #hasStarted = false;
  #packets = 0;
  #octets = 0;
  #lastReportAt = -Infinity;
  #fault: RtspFault | null = null;
  #faultSince = 0;
  #faultPackets = 0;

  constructor(stream: RtspStream, transport: RtpTransport, control: SessionControl) {
    this.stream = stream;
    this.transport = transport;
    this.#control = control;
    this.#clip = stream.clip;
  }

  /**
   * Makes ready; `start` follows once the answer has gone out.
   *
   * @returns what the answer to PLAY says of the first packet
   */
  play(): { readonly sequence: number; readonly timestamp: number } {
    if (!this.#isPlaying) {
      this.#isPlaying = true;
      this.#clip = this.stream.clip;
      this.#index = this.stream.firstIndex();
      const fromMs = this.#clip.packets[this.#index]?.dtsMs ?? 0;
      this.#roundStartMs = -fromMs;
      const { stats } = this.stream;
      stats.playing += 1;
      stats.plays += 1;
      stats.lastPlayFromMs = fromMs;
    }
    return { sequence: this.#sequence, timestamp: this.#timestampAt(0) };
  }

  start(): void {
    if (!this.#isPlaying || this.#hasStarted) return;
    this.#hasStarted = true;
    this.#anchor = performance.now();
    this.stream.stats.lastPlayAt = Date.now();
    this.#tick();
  }

  /** Looks at the stream's fault and clip now instead of with the next frame. */
  wake(): void {
    if (this.#hasStarted) this.#tick();
  }

  close(): void {
    clearTimeout(this.#timer);
    if (this.#isPlaying) this.stream.stats.playing -= 1;
    this.#isPlaying = false;
    this.transport.close();
  }

  #tick(): void {
    clearTimeout(this.#timer);
    if (!this.#isPlaying) return;
    this.#followClip();
    this.#followFault();
    let dueInMs = this.#dueInMs();
    while (this.#isPlaying && dueInMs <= 0) {
      if (dueInMs > -maxLateMs) this.#sendFrame();
      this.#advance();
      dueInMs = this.#dueInMs();
    }
    if (!this.#isPlaying) return;
    this.#timer = setTimeout(() => {
      this.#tick();
    }, dueInMs);
  }

  #dueInMs(): number {
    const dtsMs = this.#clip.packets[this.#index]?.dtsMs ?? 0;
    return this.#anchor + this.#roundStartMs + dtsMs - performance.now();
  }

  #advance(): void {
    this.#index += 1;
    if (this.#index < this.#clip.packets.length) return;
    this.#index = 0;
    this.#roundStartMs += this.#clip.durationMs;
  }

  /** A new clip begins where the next frame of the old one would have been. */
  #followClip(): void {
    if (this.stream.clip === this.#clip) return;
    this.#roundStartMs += this.#clip.packets[this.#index]?.dtsMs ?? 0;
    this.#clip = this.stream.clip;
    this.#index = 0;
  }

  #followFault(): void {
    const { fault } = this.stream;
    if (fault !== this.#fault) {
      this.#fault = fault;
      this.#faultSince = performance.now();
      this.#faultPackets = 0;
    }
    if (fault?.kind === 'reset' && this.#faultPackets >= (fault.afterPackets ?? 0)) {
      this.#control.reset();
    } else if (
      fault?.kind === 'close' &&
      performance.now() - this.#faultSince >= (fault.afterSeconds ?? 0) * 1_000
    ) {
      this.#control.close();
    }
  }

  #sendFrame(): void {
    const { stream, transport } = this;
    const shown = this.#clip.packets[this.#index];
    if (shown === undefined) return;
    if (transport.waitingBytes > maxWaitingBytes) {
      stream.stats.framesDropped += 1;
      return;
    }
    const timestamp = this.#timestampAt(this.#clockMs(this.#roundStartMs + shown.ptsMs));
    const sent =
      this.#fault?.kind === 'freeze' ? (this.#clip.packets.find(({ isKey }) => isKey) ?? shown) : shown;
    this.#reportWhenDue(timestamp);
    const payloads = stream.codec === 'mjpeg' ? packetiseJpeg(sent.data) : packetise(sent.data, stream.codec);
    for (const [index, payload] of payloads.entries()) {
      this.#sendPayload(payload, timestamp, index === payloads.length - 1);
    }
    stream.stats.framesSent += 1;
  }

  #sendPayload(payload: Buffer, timestamp: number, isMarked: boolean): void {
    const fault = this.#fault;
    if (fault?.kind === 'stall' && this.#faultPackets >= (fault.afterPackets ?? 0)) return;
    if (fault?.kind === 'reset' && this.#faultPackets >= (fault.afterPackets ?? 0)) {
      this.#control.reset();
      return;
    }
    const sequence = this.#sequence;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#faultPackets += 1;
    if (fault?.kind === 'lose' && this.#random() < fault.share) return;
    const isHit = fault?.kind === 'damage' && this.#random() < fault.share;
    const body = isHit ? damage(payload, fault, this.#random) : payload;
    const header = { payloadType, isMarked, sequence, timestamp, ssrc: this.#ssrc };
    this.transport.sendRtp(rtpPacket(header, body));
    this.#packets += 1;
    this.#octets += body.length;
    this.stream.stats.packetsSent += 1;
  }

  #reportWhenDue(timestamp: number): void {
    const now = performance.now();
    if (now - this.#lastReportAt < reportEveryMs || this.#fault?.kind === 'stall') return;
    this.#lastReportAt = now;
    this.transport.sendRtcp(
      rtcpSenderReport({
        ssrc: this.#ssrc,
        at: Date.now(),
        timestamp,
        packets: this.#packets,
        octets: this.#octets,
      }),
    );
  }

  /** What the camera takes the time to be. */
  #clockMs(ms: number): number {
    if (this.#fault?.kind !== 'clock') return ms;
    return this.#fault.shiftMs === 'still' ? 0 : ms + this.#fault.shiftMs;
  }

  #timestampAt(ms: number): number {
    return (this.#firstTimestamp + Math.round(ms * 90)) >>> 0;
  }
}

function damage(
  payload: Buffer,
  { how, everyBytes = 100 }: Extract<RtspFault, { kind: 'damage' }>,
  random: () => number,
): Buffer {
  if (how === 'truncate') return payload.subarray(0, Math.ceil(payload.length / 2));
  const damaged = Buffer.from(payload);
  for (let count = 1 + Math.floor(payload.length / everyBytes); count > 0; count -= 1) {
    const at = Math.floor(random() * damaged.length);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  }
  return damaged;
}
