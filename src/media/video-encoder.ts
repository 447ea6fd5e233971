import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_CODEC_FLAG_QSCALE,
  AV_PIX_FMT_GRAY8,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUVJ420P,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT470BG,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  FF_ENCODER_LIBX264,
  FF_ENCODER_LIBX265,
  FF_ENCODER_MJPEG,
  SWS_ACCURATE_RND,
  SWS_BICUBIC,
} from 'node-av/constants';
import {
  Codec,
  CodecContext,
  FFmpegError,
  Frame,
  Packet,
  Rational,
  SoftwareScaleContext,
  type CodecParameters,
} from 'node-av/lib';
import type { ClipCodec, ClipPixels } from './clip-writer.ts';

export interface VideoEncoderOptions {
  readonly codec: ClipCodec;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly pixels: ClipPixels;
  /** Frames from one key frame to the next. */
  readonly keyframeInterval: number;
  /** Bits per second; `null` for an even quality, `crf`. */
  readonly bitRate: number | null;
  readonly crf: number;
  /** The parameter sets stand in the description, and not in front of each key frame. */
  readonly hasGlobalHeader: boolean;
}

const encoders = { h264: FF_ENCODER_LIBX264, hevc: FF_ENCODER_LIBX265, mjpeg: FF_ENCODER_MJPEG } as const;

/** `FF_QP2LAMBDA` of libavutil: what one step of the quantiser is in units of `quality`. */
const lambdaPerStep = 118;

/** Codes raw pictures as video, on the calling thread. */
export class VideoEncoder implements Disposable {
  readonly #options: VideoEncoderOptions;
  readonly #context = new CodecContext();
  readonly #scaler = new SoftwareScaleContext();
  readonly #packet = new Packet();
  /** One tick is one frame. */
  readonly timeBase: Rational;
  #count = 0n;

  constructor(options: VideoEncoderOptions) {
    this.#options = options;
    this.timeBase = new Rational(1_000, Math.round(options.framesPerSecond * 1_000));
    this.#packet.alloc();
    this.#scaler.allocContext();
    this.#scaler.setOption('sws_flags', SWS_BICUBIC | SWS_ACCURATE_RND);
  }

  open(): void {
    const { codec: kind, width, height, hasGlobalHeader } = this.#options;
    const codec = Codec.findEncoderByName(encoders[kind]);
    if (codec === null) throw new Error(`this FFmpeg has no encoder '${encoders[kind]}'`);
    const context = this.#context;
    context.allocContext3(codec);
    context.width = width;
    context.height = height;
    context.timeBase = this.timeBase;
    context.framerate = this.timeBase.inv();
    context.colorSpace = AVCOL_SPC_BT470BG;
    if (hasGlobalHeader) context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
    const options = kind === 'mjpeg' ? this.#pictureOptions() : this.#videoOptions(kind);
    // Not through a Dictionary: given to `open2Sync`, node-av 6.1 frees it twice, the second time when it is collected.
    for (const [name, value] of Object.entries(options)) {
      check(context.setOption(name, value), `setting ${name}=${value}`);
    }
    check(context.open2Sync(codec), 'opening the encoder');
  }

  /** Writes what the packets are into `parameters`. */
  describe(parameters: CodecParameters): void {
    check(this.#context.parametersFromContext(parameters), 'describing the stream');
  }

  /**
   * @param pixels row by row without padding; `null`: no more will come, hand out what is held back
   * @param onPacket the packet, in ticks of `timeBase`, is valid during the call
   */
  encode(pixels: Buffer | null, onPacket: (packet: Packet) => void): void {
    if (pixels === null) check(this.#context.sendFrameSync(null), 'finishing the encoder');
    else {
      using picture = this.#convert(pixels);
      check(this.#context.sendFrameSync(picture), 'encoding');
    }
    for (;;) {
      const result = this.#context.receivePacketSync(this.#packet);
      if (result === AVERROR_EAGAIN || result === AVERROR_EOF) return;
      check(result, 'encoding');
      this.#packet.duration = 1n;
      onPacket(this.#packet);
      this.#packet.unref();
    }
  }

  [Symbol.dispose](): void {
    this.#context.freeContext();
    this.#scaler.freeContext();
    this.#packet.free();
  }

  #convert(pixels: Buffer): Frame {
    const { width, height, pixels: kind } = this.#options;
    const format = kind === 'gray' ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_RGB24;
    using source = Frame.fromVideoBuffer(pixels, { width, height, format });
    source.colorRange = AVCOL_RANGE_JPEG;
    const picture = new Frame();
    picture.alloc();
    picture.width = width;
    picture.height = height;
    picture.format = this.#context.pixelFormat;
    picture.colorRange = this.#context.colorRange;
    picture.colorSpace = AVCOL_SPC_BT470BG;
    check(picture.getBuffer(0), 'allocating a picture');
    check(this.#scaler.scaleFrameSync(picture, source), 'converting a picture');
    picture.pts = this.#count;
    picture.quality = this.#context.globalQuality;
    this.#count += 1n;
    return picture;
  }

  #pictureOptions(): Record<string, string> {
    this.#context.pixelFormat = AV_PIX_FMT_YUVJ420P;
    this.#context.colorRange = AVCOL_RANGE_JPEG;
    this.#context.setFlags(AV_CODEC_FLAG_QSCALE);
    this.#context.globalQuality = lambdaPerStep * this.#options.crf;
    // The usual tables, as cameras have them: JPEG over RTP (RFC 2435) knows no others.
    return { huffman: 'default' };
  }

  #videoOptions(kind: 'h264' | 'hevc'): Record<string, string> {
    const { keyframeInterval, bitRate, crf } = this.#options;
    const context = this.#context;
    context.pixelFormat = AV_PIX_FMT_YUV420P;
    context.colorRange = AVCOL_RANGE_MPEG;
    context.gopSize = keyframeInterval;
    context.maxBFrames = 0;
    context.threadCount = 2;
    const keyframes = `keyint=${keyframeInterval}:min-keyint=${keyframeInterval}:scenecut=0`;
    const options: Record<string, string> =
      kind === 'h264'
        ? { preset: 'veryfast', 'x264-params': keyframes, 'forced-idr': '1' }
        : { preset: 'ultrafast', 'x265-params': `${keyframes}:bframes=0:open-gop=0:log-level=error` };
    if (bitRate === null) return { ...options, crf: String(crf) };
    context.bitRate = BigInt(bitRate);
    context.rcMaxRate = BigInt(bitRate);
    context.rcBufferSize = bitRate;
    return options;
  }
}

function check(result: number, doing: string): void {
  if (result < 0) throw new Error(`${doing} failed: ${new FFmpegError(result).message}`);
}
