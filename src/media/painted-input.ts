import { AV_CODEC_ID_H264, AVERROR_EXIT } from 'node-av/constants';
import { CodecParameters, type Packet } from 'node-av/lib';
import { Worker } from 'node:worker_threads';
import type { CaptureMode, StreamRequest } from '../core/camera-source.ts';
import { lost, lostBy, type StreamLost } from './camera-cause.ts';
import type { InputFacts, PacketInput } from './packet-input.ts';
import { VideoEncoder } from './video-encoder.ts';

/** Of one round of the scene; one that is larger begins again there. */
const rememberedBytes = 32 * 1024 * 1024;

const keyframeSeconds = 2;
const quality = 26;

type Painting = Uint8Array<ArrayBuffer> | null;

/**
 * A scene that a thread paints, picture by picture, coded as H.264 so that all that follows is as with any camera. The
 * thread answers each message with a picture in RGB24, and with `null` when the scene is over; then it begins again, from
 * the coded packets of the first round.
 */
export class PaintedInput implements PacketInput {
  readonly codecId = AV_CODEC_ID_H264;
  readonly facts: InputFacts;
  readonly #request: StreamRequest;
  readonly #encoder: VideoEncoder;
  readonly #interrupted = new AbortController();
  #painter: Worker | undefined;
  /** Asked for ahead, so that it is painted while the one before is coded. */
  #next: Promise<Painting> | undefined;
  /** In order; those before `#at` were read. */
  #packets: Packet[] = [];
  #at = 0;
  /** Of the present round. */
  #startTick = 0n;
  #sizeBytes = 0;
  #isWhole = false;

  constructor(request: StreamRequest) {
    const { width, height, framesPerSecond } = modeOf(request.capture);
    this.#request = request;
    this.#encoder = new VideoEncoder({
      codec: 'h264',
      width,
      height,
      framesPerSecond,
      pixels: 'rgb24',
      keyframeInterval: framesPerSecond * keyframeSeconds,
      bitRate: null,
      crf: quality,
      hasGlobalHeader: true,
    });
    const tickUs = (this.#encoder.timeBase.num * 1_000_000) / this.#encoder.timeBase.den;
    this.facts = { tickUs, framesPerSecond, durationMs: null };
  }

  async open(): Promise<void> {
    this.#encoder.open();
    await this.#paint();
  }

  async read(): Promise<Packet> {
    while (!this.#isWhole && this.#at === this.#packets.length) await this.#paint();
    if (this.#at === this.#packets.length) {
      this.#at = 0;
      this.#startTick += BigInt(this.#packets.length);
    }
    const next = this.#packets[this.#at];
    const packet = next?.clone();
    if (packet == null) throw new Error('no memory for a packet');
    packet.pts += this.#startTick;
    packet.dts += this.#startTick;
    this.#at += 1;
    return packet;
  }

  copyParameters(): CodecParameters {
    const parameters = new CodecParameters();
    parameters.alloc();
    this.#encoder.describe(parameters);
    return parameters;
  }

  interrupt(): void {
    this.#interrupted.abort();
  }

  async close(): Promise<void> {
    await this.#painter?.terminate();
    for (const packet of this.#packets) packet.free();
    this.#packets = [];
    this.#encoder[Symbol.dispose]();
  }

  /** Has one picture painted and coded; the encoder may hold packets back. */
  async #paint(): Promise<void> {
    const painting = await (this.#next ?? this.#ask());
    const isLast = painting === null || this.#sizeBytes > rememberedBytes;
    this.#next = isLast ? undefined : this.#ask();
    // Whoever reads on sees the failure; one that nobody waits for any more is none.
    this.#next?.catch(() => undefined);
    this.#encoder.encode(isLast ? null : Buffer.from(painting.buffer), (packet) => {
      const kept = packet.clone();
      if (kept === null) throw new Error('no memory for a packet');
      kept.streamIndex = 0;
      this.#packets.push(kept);
      this.#sizeBytes += kept.size;
    });
    if (!isLast) return;
    this.#isWhole = true;
    await this.#painter?.terminate();
  }

  async #ask(): Promise<Painting> {
    const { signal } = this.#interrupted;
    this.#painter ??= new Worker(new URL(this.#request.url), { workerData: 1 });
    const painter = this.#painter;
    const { promise, resolve, reject } = Promise.withResolvers<Painting>();
    const onFailure = (error: unknown): void => {
      reject(this.#failure(error));
    };
    const onAbort = (): void => {
      reject(lostBy(AVERROR_EXIT, this.#request));
    };
    painter.once('message', resolve);
    painter.once('error', onFailure);
    painter.once('exit', onFailure);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else painter.postMessage('next', []);
    try {
      return await promise;
    } finally {
      painter.off('message', resolve);
      painter.off('error', onFailure);
      painter.off('exit', onFailure);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #failure(error: unknown): StreamLost {
    const detail = error instanceof Error ? error.message : `exit code ${String(error)}`;
    return lost('unknown', this.#request, `the thread that paints ended: ${detail}`);
  }
}

function modeOf(capture: CaptureMode | undefined): {
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
} {
  if (capture?.size == null || capture.framesPerSecond === null) {
    throw new Error('a painted scene needs a size and a frame rate');
  }
  return { ...capture.size, framesPerSecond: capture.framesPerSecond };
}
