import type { CodecParameters, Frame, Packet } from 'node-av/lib';
import type { StreamRequest } from '../core/camera-source.ts';
import type { Clock } from '../core/clock.ts';
import type { AnalysisFrame } from '../core/frame.ts';
import { printPicture, type PicturePrint } from '../core/picture-print.ts';
import { FrameGate } from './frame-gate.ts';
import { GrayScaler } from './gray-scaler.ts';
import type { HostCounter } from './host-protocol.ts';
import type { PacketQueue } from './packet-queue.ts';
import { VideoDecoder } from './video-decoder.ts';

/** A damaged stream waits for its next key frame, but not longer than this: some have none for minutes. */
const keyframeWaitUs = 3_000_000;

/** Frames with concealed damage look like motion; they are left out as long as whole ones come within this time. */
const damageToleranceUs = 1_000_000;

/** Pictures up to this size take about half a millisecond. */
const quickPixels = 640 * 480;

export interface AnalysisItem {
  readonly packet: Packet;
  /** Epoch µs; the packet carries it too. */
  readonly timeUs: number;
  readonly isKeyframe: boolean;
}

/** What is learnt of the stream from its pictures. */
export interface DecodedFacts {
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  /** Of the stream itself; `null` when it says nothing. */
  readonly framesPerSecond: number | null;
}

export interface FrameAnalyserOptions {
  readonly clock: Clock;
  readonly queue: Pick<PacketQueue<AnalysisItem>, 'take' | 'isAbandoned'>;
  /** `undefined`: every packet becomes a frame. */
  readonly frameRate: number | undefined;
  /** Blackened in every frame. */
  readonly masks: StreamRequest['masks'];
  /** Whether frames carry the prints of key pictures. */
  readonly hasPrints: boolean;
  readonly count: (counter: HostCounter, by: number) => void;
  /** Called before the first frame, and when the size changes in the middle of the stream. */
  readonly onFacts: (facts: DecodedFacts) => void;
  /** Waited for. `mediaTimeMs` counts from the first frame. */
  readonly onFrame: (frame: AnalysisFrame) => Promise<void>;
  /** Called after each packet. */
  readonly onProgress: () => void;
}

/** Decodes the packets of one stream and makes small gray frames of them, as many as are wanted. */
export class FrameAnalyser {
  readonly #options: FrameAnalyserOptions;
  readonly #gate: FrameGate | undefined;
  #facts: DecodedFacts | undefined;
  #frameCount = 0;
  #firstCapturedAt: number | undefined;
  #lastWholeUs = 0;
  #decodingSince: number | undefined;
  #lastFrameAt: number;
  #hasErrors = false;
  /** Of a key picture that no frame was sent with yet. */
  #keyPrint: PicturePrint | undefined;
  #hasWhole = false;
  #damagedSince: number | undefined;

  constructor(options: FrameAnalyserOptions) {
    this.#options = options;
    this.#gate = options.frameRate === undefined ? undefined : new FrameGate(options.frameRate);
    this.#lastFrameAt = options.clock.monotonic();
  }

  /** Of the picture that was decoded last; `undefined` before the first one. */
  get facts(): DecodedFacts | undefined {
    return this.#facts;
  }

  /** Frames that were handed out. */
  get frameCount(): number {
    return this.#frameCount;
  }

  /** Monotonic; `undefined` while no call to the decoder is under way. */
  get decodingSince(): number | undefined {
    return this.#decodingSince;
  }

  /** Monotonic: when the last packet gave a picture, wanted or not. */
  get lastFrameAt(): number {
    return this.#lastFrameAt;
  }

  /** Whether there ever was a picture, wanted or not. */
  get hasPictures(): boolean {
    return this.#facts !== undefined;
  }

  /** Monotonic: since when every picture has been damaged; `undefined` when the last one was whole. */
  get damagedSince(): number | undefined {
    return this.#damagedSince;
  }

  /** Whether there ever was a picture without damage. */
  get hasWhole(): boolean {
    return this.#hasWhole;
  }

  /** Whether something could not be decoded since. */
  get hasErrors(): boolean {
    return this.#hasErrors;
  }

  /**
   * Returns when the queue is closed and everything in it was decoded.
   *
   * @returns false when there is no decoder for this stream
   */
  async run(parameters: CodecParameters): Promise<boolean> {
    const decoder = await VideoDecoder.open(parameters, { skipLoopFilter: true });
    if (decoder === undefined) return false;
    using scaler = new GrayScaler(this.#options.masks);
    try {
      await this.#decodeAll(decoder, scaler);
      return true;
    } finally {
      decoder.free();
    }
  }

  async #decodeAll(decoder: VideoDecoder, scaler: GrayScaler): Promise<void> {
    const { clock, queue, count, onProgress } = this.#options;
    const show = async (frame: Frame, timeUs: number): Promise<void> => {
      this.#decodingSince = undefined;
      await this.#show(frame, timeUs, scaler, decoder);
    };
    let keyframeAwaitedUs: number | undefined;
    this.#lastFrameAt = clock.monotonic();
    for (;;) {
      const item = await queue.take();
      if (item === undefined) break;
      using packet = item.packet;
      const waitedUs = item.timeUs - (keyframeAwaitedUs ?? item.timeUs);
      if (item.isKeyframe || waitedUs > keyframeWaitUs) keyframeAwaitedUs = undefined;
      if (keyframeAwaitedUs !== undefined) {
        count('packetsSkipped', 1);
        continue;
      }
      this.#decodingSince = clock.monotonic();
      const isDecoded = await decoder.decode(packet, show);
      this.#decodingSince = undefined;
      if (!isDecoded) {
        this.#hasErrors = true;
        count('packetsCorrupt', 1);
        keyframeAwaitedUs = item.timeUs;
      }
      onProgress();
    }
    if (!queue.isAbandoned) await decoder.decode(null, show);
  }

  async #show(frame: Frame, timeUs: number, scaler: GrayScaler, decoder: VideoDecoder): Promise<void> {
    const { clock, queue, count, onFrame } = this.#options;
    if (queue.isAbandoned) return;
    if (frame.decodeErrorFlags === 0) {
      this.#lastWholeUs = timeUs;
      this.#hasWhole = true;
      this.#damagedSince = undefined;
    } else {
      this.#damagedSince ??= clock.monotonic();
      count('packetsCorrupt', 1);
      if (Math.abs(timeUs - this.#lastWholeUs) < damageToleranceUs) return;
    }
    const { width, height } = frame;
    const isWanted = this.#gate === undefined || this.#gate.admits(timeUs);
    const isPrinted = this.#options.hasPrints && frame.keyFrame === 1 && frame.decodeErrorFlags === 0;
    const picture = isWanted || isPrinted ? scaler.scale(frame) : undefined;
    if (picture === undefined && (isWanted || isPrinted)) {
      count('packetsCorrupt', 1);
      this.#hasErrors = true;
      return;
    }
    this.#lastFrameAt = clock.monotonic();
    this.#hasErrors = false;
    this.#learn(width, height, decoder);
    if (picture === undefined) return;
    if (isPrinted) this.#keyPrint = printPicture(picture);
    if (!isWanted) return;
    const capturedAt = Math.round(timeUs / 1000);
    this.#firstCapturedAt ??= capturedAt;
    const sequence = this.#frameCount;
    this.#frameCount += 1;
    const mediaTimeMs = capturedAt - this.#firstCapturedAt;
    const keyPrint = this.#keyPrint;
    this.#keyPrint = undefined;
    await onFrame({
      sequence,
      capturedAt,
      mediaTimeMs,
      ...picture,
      ...(keyPrint === undefined ? {} : { keyPrint }),
    });
    // A slow reader is not the stream's fault.
    this.#lastFrameAt = clock.monotonic();
  }

  #learn(width: number, height: number, decoder: VideoDecoder): void {
    if (this.#facts?.width === width && this.#facts.height === height) return;
    const { codecName: codec, framesPerSecond } = decoder;
    this.#facts = { codec, width, height, framesPerSecond };
    decoder.isQuick = width * height <= quickPixels;
    this.#options.onFacts(this.#facts);
  }
}
