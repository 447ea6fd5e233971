/**
 * The child process of `clip-writer.ts`: takes raw pictures on stdin, writes the encoded clip. Its only argument is
 * a `ClipJob`. Exit code 0 means that the clip stands under its name; otherwise stderr says why it doesn't.
 */
import { renameSync, rmSync } from 'node:fs';
import { extname } from 'node:path';
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
  AV_LOG_ERROR,
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
  FormatContext,
  Frame,
  Log,
  Packet,
  Rational,
  SoftwareScaleContext,
} from 'node-av/lib';
import { messageOf } from '../core/errors.ts';
import { frameFollows, type ClipJob } from './clip-writer.ts';

const encoders = { h264: FF_ENCODER_LIBX264, hevc: FF_ENCODER_LIBX265, mjpeg: FF_ENCODER_MJPEG } as const;

/** `FF_QP2LAMBDA` of libavutil: what one step of the quantiser is in units of `quality`. */
const lambdaPerStep = 118;

function check(result: number, doing: string): void {
  if (result < 0) throw new Error(`${doing} failed: ${new FFmpegError(result).message}`);
}

class ClipEncoder {
  readonly #job: ClipJob;
  readonly #encoder = new CodecContext();
  readonly #output = new FormatContext();
  readonly #scaler = new SoftwareScaleContext();
  readonly #packet = new Packet();
  readonly #timeBase: Rational;
  #count = 0n;
  #isOutputOpen = false;

  constructor(job: ClipJob) {
    this.#job = job;
    this.#timeBase = new Rational(1_000, Math.round(job.framesPerSecond * 1_000));
    this.#packet.alloc();
    this.#scaler.allocContext();
    this.#scaler.setOption('sws_flags', SWS_BICUBIC | SWS_ACCURATE_RND);
  }

  open(): void {
    this.#openEncoder();
    this.#openOutput();
  }

  #openEncoder(): void {
    const { codec: kind, width, height, keyframeInterval, bitRate, crf } = this.#job;
    const codec = Codec.findEncoderByName(encoders[kind]);
    if (codec === null) throw new Error(`this FFmpeg has no encoder '${encoders[kind]}'`);
    const encoder = this.#encoder;
    encoder.allocContext3(codec);
    encoder.width = width;
    encoder.height = height;
    encoder.timeBase = this.#timeBase;
    encoder.framerate = this.#timeBase.inv();
    encoder.colorSpace = AVCOL_SPC_BT470BG;
    const options: Record<string, string> = {};
    if (kind === 'mjpeg') {
      encoder.pixelFormat = AV_PIX_FMT_YUVJ420P;
      encoder.colorRange = AVCOL_RANGE_JPEG;
      encoder.setFlags(AV_CODEC_FLAG_QSCALE);
      encoder.globalQuality = lambdaPerStep * crf;
    } else {
      encoder.pixelFormat = AV_PIX_FMT_YUV420P;
      encoder.colorRange = AVCOL_RANGE_MPEG;
      encoder.gopSize = keyframeInterval;
      encoder.maxBFrames = 0;
      encoder.threadCount = 2;
      // The extradata of MP4 and Matroska; a bare stream and AVI carry the parameter sets in front of each key frame.
      if (['.mp4', '.mkv'].includes(extname(this.#job.path).toLowerCase())) {
        encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
      }
      options['preset'] = kind === 'h264' ? 'veryfast' : 'ultrafast';
      if (kind === 'h264') {
        options['x264-params'] = `keyint=${keyframeInterval}:min-keyint=${keyframeInterval}:scenecut=0`;
        options['forced-idr'] = '1';
      } else {
        options['x265-params'] =
          `keyint=${keyframeInterval}:min-keyint=${keyframeInterval}:scenecut=0:bframes=0:open-gop=0:log-level=error`;
      }
      if (bitRate === null) {
        options['crf'] = String(crf);
      } else {
        encoder.bitRate = BigInt(bitRate);
        encoder.rcMaxRate = BigInt(bitRate);
        encoder.rcBufferSize = bitRate;
      }
    }
    // Not through a Dictionary: given to `open2Sync`, node-av 6.1 frees it twice, the second time when it is collected.
    for (const [name, value] of Object.entries(options)) {
      check(encoder.setOption(name, value), `setting ${name}=${value}`);
    }
    check(encoder.open2Sync(codec), 'opening the encoder');
  }

  #openOutput(): void {
    const output = this.#output;
    check(output.allocOutputContext2(null, null, this.#job.partPath), 'choosing the container');
    const stream = output.newStream(null);
    check(this.#encoder.parametersFromContext(stream.codecpar), 'describing the stream');
    stream.timeBase = this.#timeBase;
    stream.avgFrameRate = this.#timeBase.inv();
    check(output.openOutputSync(), 'creating the file');
    this.#isOutputOpen = true;
    const isMp4 = this.#job.partPath.toLowerCase().endsWith('.mp4');
    if (isMp4) check(output.setOption('movflags', '+faststart'), 'setting movflags');
    check(output.writeHeaderSync(), 'writing the header');
  }

  add(pixels: Buffer): void {
    const { width, height } = this.#job;
    const format = this.#job.pixels === 'gray' ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_RGB24;
    using source = Frame.fromVideoBuffer(pixels, { width, height, format });
    source.colorRange = AVCOL_RANGE_JPEG;
    using picture = new Frame();
    picture.alloc();
    picture.width = width;
    picture.height = height;
    picture.format = this.#encoder.pixelFormat;
    picture.colorRange = this.#encoder.colorRange;
    picture.colorSpace = AVCOL_SPC_BT470BG;
    check(picture.getBuffer(0), 'allocating a picture');
    check(this.#scaler.scaleFrameSync(picture, source), 'converting a picture');
    picture.pts = this.#count;
    picture.quality = this.#encoder.globalQuality;
    this.#count += 1n;
    check(this.#encoder.sendFrameSync(picture), 'encoding');
    this.#writePackets();
  }

  #writePackets(): void {
    const stream = this.#output.streams[0];
    if (stream === undefined) throw new Error('the container has no stream');
    for (;;) {
      const result = this.#encoder.receivePacketSync(this.#packet);
      if (result === AVERROR_EAGAIN || result === AVERROR_EOF) return;
      check(result, 'encoding');
      this.#packet.duration = 1n;
      this.#packet.rescaleTs(this.#timeBase, stream.timeBase);
      this.#packet.streamIndex = 0;
      check(this.#output.interleavedWriteFrameSync(this.#packet), 'writing');
      this.#packet.unref();
    }
  }

  finish(): void {
    check(this.#encoder.sendFrameSync(null), 'finishing the encoder');
    this.#writePackets();
    check(this.#output.writeTrailerSync(), 'writing the end of the file');
  }

  /** In this order: left to the garbage collector, the addon frees the file under the container and crashes. */
  [Symbol.dispose](): void {
    this.#encoder.freeContext();
    this.#scaler.freeContext();
    this.#packet.free();
    if (this.#isOutputOpen) this.#output.closeOutputSync();
    this.#isOutputOpen = false;
    this.#output.freeContext();
  }
}

/** Each picture as it arrives; returns when the mark of the end has come. */
async function* readPictures(sizeBytes: number): AsyncGenerator<Buffer> {
  let mark: number | undefined;
  let picture = Buffer.alloc(sizeBytes);
  let filled = 0;
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    let position = 0;
    while (position < piece.length) {
      if (mark === undefined) {
        mark = piece[position];
        position += 1;
        if (mark !== frameFollows) return;
        continue;
      }
      const taken = piece.copy(picture, filled, position);
      position += taken;
      filled += taken;
      if (filled === sizeBytes) {
        yield picture;
        picture = Buffer.alloc(sizeBytes);
        filled = 0;
        mark = undefined;
      }
    }
  }
  throw new Error('the pictures ended without the mark of the end');
}

async function encodeClip(job: ClipJob): Promise<void> {
  {
    using encoder = new ClipEncoder(job);
    encoder.open();
    for await (const picture of readPictures(job.width * job.height * (job.pixels === 'gray' ? 1 : 3))) {
      encoder.add(picture);
    }
    encoder.finish();
  }
  renameSync(job.partPath, job.path);
}

Log.setLevel(AV_LOG_ERROR);
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own parent wrote it
const job = JSON.parse(process.argv[2] ?? '') as ClipJob;
try {
  await encodeClip(job);
} catch (error) {
  process.stderr.write(messageOf(error));
  rmSync(job.partPath, { force: true });
  process.exitCode = 1;
}
