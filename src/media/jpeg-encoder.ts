import {
  AV_CODEC_FLAG_QSCALE,
  AV_PIX_FMT_YUVJ420P,
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_BT470BG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_UNSPECIFIED,
  FF_ENCODER_MJPEG,
  FF_QP2LAMBDA,
} from 'node-av/constants';
import { Codec, CodecContext, Frame, Packet, Rational, SoftwareScaleContext } from 'node-av/lib';
import type { StreamRequest } from '../core/camera-source.ts';
import { pictureGrain, PrivacyMask } from '../core/privacy-mask.ts';
import { displayAspect, pictureDimensions, type Dimensions } from './picture-dimensions.ts';

export interface Jpeg extends Dimensions {
  readonly jpeg: Uint8Array;
}

/** 2 (best) – 31; 3 gave 40 dB at 200 kB for 1080p, about what other encoders call quality 88. */
const quantiser = 3;

/**
 * Codes decoded frames as JPEG in full range with the colours of JFIF (BT.601), whatever range and matrix the video
 * has. Frames larger than 1920 pixels are made smaller. One frame at a time.
 */
export class JpegEncoder implements Disposable {
  readonly #mask: PrivacyMask;
  #encoder: CodecContext | undefined;
  #encodes: Dimensions | undefined;
  #nextPts = 0n;

  /** @param masks blackened in every picture */
  constructor(masks: StreamRequest['masks']) {
    this.#mask = new PrivacyMask(masks, pictureGrain);
  }

  /** @param frame may be changed in its colour tags */
  async encode(frame: Frame): Promise<Jpeg> {
    const size = pictureDimensions(frame, displayAspect(frame, frame.sampleAspectRatio));
    using picture = await convert(frame, size);
    this.#blacken(picture, size);
    picture.quality = quantiser * FF_QP2LAMBDA;
    // The encoder refuses a time that is not later than the last.
    picture.pts = this.#nextPts;
    this.#nextPts += 1n;
    const encoder = await this.#encoderFor(size);
    check(await encoder.sendFrame(picture), 'coding the picture');
    using packet = new Packet();
    packet.alloc();
    check(await encoder.receivePacket(packet), 'coding the picture');
    if (packet.data === null) throw new Error('coding the picture gave nothing');
    return { ...size, jpeg: new Uint8Array(packet.data) };
  }

  [Symbol.dispose](): void {
    this.#encoder?.freeContext();
    this.#encoder = undefined;
  }

  #blacken(picture: Frame, { width, height }: Dimensions): void {
    if (this.#mask.isEmpty) return;
    const planes = picture.data?.map((bytes, index) => ({ bytes, stride: picture.linesize[index] ?? 0 }));
    const [luma, u, v] = planes ?? [];
    if (luma === undefined || u === undefined || v === undefined) {
      throw new Error('a picture to be masked has no planes');
    }
    this.#mask.blackenYuv420([luma, u, v], width, height);
  }

  async #encoderFor({ width, height }: Dimensions): Promise<CodecContext> {
    if (this.#encoder !== undefined && this.#encodes?.width === width && this.#encodes.height === height) {
      return this.#encoder;
    }
    this.#encoder?.freeContext();
    this.#encoder = undefined;
    const codec = Codec.findEncoderByName(FF_ENCODER_MJPEG);
    if (codec === null) throw new Error('the decoder library has no JPEG encoder');
    const encoder = new CodecContext();
    encoder.allocContext3(codec);
    encoder.width = width;
    encoder.height = height;
    encoder.pixelFormat = AV_PIX_FMT_YUVJ420P;
    encoder.colorRange = AVCOL_RANGE_JPEG;
    encoder.timeBase = new Rational(1, 25);
    encoder.threadCount = 1;
    encoder.setFlags(AV_CODEC_FLAG_QSCALE);
    encoder.globalQuality = quantiser * FF_QP2LAMBDA;
    this.#encoder = encoder;
    this.#encodes = { width, height };
    check(await encoder.open2(codec, null), 'opening the JPEG encoder');
    return encoder;
  }
}

async function convert(frame: Frame, { width, height }: Dimensions): Promise<Frame> {
  // Video that does not name its matrix: players take BT.709 from about 720 lines on, and so do cameras.
  if (frame.colorSpace === AVCOL_SPC_UNSPECIFIED && (frame.width >= 1280 || frame.height > 576)) {
    frame.colorSpace = AVCOL_SPC_BT709;
  }
  const target = new Frame();
  target.alloc();
  target.format = AV_PIX_FMT_YUVJ420P;
  target.width = width;
  target.height = height;
  target.colorRange = AVCOL_RANGE_JPEG;
  target.colorSpace = AVCOL_SPC_BT470BG;
  // The same as the source's, so that only range and matrix are converted.
  target.colorPrimaries = frame.colorPrimaries;
  target.colorTrc = frame.colorTrc;
  using scaler = new SoftwareScaleContext();
  scaler.allocContext();
  try {
    check(target.getBuffer(0), 'allocating the picture');
    check(await scaler.scaleFrame(target, frame), 'converting the picture');
    return target;
  } catch (error) {
    target.free();
    throw error;
  }
}

function check(result: number, doing: string): void {
  if (result < 0) throw new Error(`${doing} failed (${result})`);
}
