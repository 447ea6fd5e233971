import { AV_NOPTS_VALUE, AVERROR_EAGAIN, AVERROR_EOF } from 'node-av/constants';
import {
  avGetCodecName,
  Codec,
  CodecContext,
  Dictionary,
  Frame,
  Rational,
  type CodecParameters,
  type Packet,
} from 'node-av/lib';

/** Packets carry epoch µs as their time stamps, and so do the frames that come of them. */
const microseconds = new Rational(1, 1_000_000);

export interface VideoDecoderOptions {
  /** Leaves the loop filter out: 13 % cheaper for 1080p H.264 and good enough for motion, not for pictures. */
  readonly skipLoopFilter: boolean;
}

/** One decoder with one owner on one thread: no two calls at a time, no call after `free`. */
export class VideoDecoder {
  readonly #context: CodecContext;
  readonly #frame = new Frame();
  readonly codecName: string;
  /**
   * Whether a picture is decoded in so little time that the way to another thread and back costs more, and that nothing
   * is held up by it. Such pictures are decoded right here.
   */
  isQuick = false;

  private constructor(context: CodecContext, codecName: string) {
    this.#context = context;
    this.codecName = codecName;
    this.#frame.alloc();
  }

  /** @returns `undefined` when there is no decoder for this codec */
  static async open(
    parameters: CodecParameters,
    options: VideoDecoderOptions,
  ): Promise<VideoDecoder | undefined> {
    const codec = Codec.findDecoder(parameters.codecId);
    if (codec === null) return undefined;
    const context = new CodecContext();
    context.allocContext3(codec);
    context.parametersToContext(parameters);
    context.pktTimebase = microseconds;
    // More threads cost 10–15 % more CPU, and many cameras share a small machine.
    context.threadCount = 1;
    using settings = Dictionary.fromObject(options.skipLoopFilter ? { skip_loop_filter: 'all' } : {});
    const opened = await context.open2(codec, settings);
    if (opened < 0) {
      context.freeContext();
      return undefined;
    }
    return new VideoDecoder(context, codecNameOf(parameters));
  }

  /** What the stream itself declares, once something was decoded. */
  get framesPerSecond(): number | null {
    const { num, den } = this.#context.framerate;
    return den > 0 && num > 0 && num / den <= 240 ? num / den : null;
  }

  /**
   * @param packet `null`: no more will come, hand out what is held back
   * @param onFrame the frame is valid until the promise resolves
   * @returns false when the packet could not be decoded
   */
  async decode(
    packet: Packet | null,
    onFrame: (frame: Frame, timeUs: number) => Promise<void>,
  ): Promise<boolean> {
    const sent = this.isQuick ? this.#context.sendPacketSync(packet) : await this.#context.sendPacket(packet);
    for (;;) {
      // Decoding happens in sendPacket; this only hands over what is ready.
      const received = this.#context.receiveFrameSync(this.#frame);
      if (received < 0) {
        const isOver = received === AVERROR_EAGAIN || received === AVERROR_EOF;
        return isOver && (sent >= 0 || sent === AVERROR_EOF);
      }
      const pts = this.#frame.pts === AV_NOPTS_VALUE ? this.#frame.bestEffortTimestamp : this.#frame.pts;
      if (pts !== AV_NOPTS_VALUE) await onFrame(this.#frame, Number(pts));
      this.#frame.unref();
    }
  }

  /** Forgets everything: the next packet begins a new group of pictures. */
  flush(): void {
    this.#context.flushBuffers();
  }

  /** Only while no `decode` is under way. */
  free(): void {
    this.#frame.free();
    this.#context.freeContext();
  }
}

/** As FFmpeg calls it: `h264`, `hevc`, `mjpeg`, … */
export function codecNameOf({ codecId }: CodecParameters): string {
  const name = avGetCodecName(codecId);
  return name === null || name === 'none' ? 'unknown' : name;
}
