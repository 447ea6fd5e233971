/** The child process of `format-clip.ts`; its only argument is a `FormatClipJob`. */
import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_LOG_ERROR,
  AV_PIX_FMT_RGB24,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT470BG,
  type FFEncoderCodec,
} from 'node-av/constants';
import {
  avGetPixFmtFromName,
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
import type { FormatClipJob } from './format-clip.ts';

const frames = 5;

function check(result: number, doing: string): void {
  if (result < 0) throw new Error(`${doing} failed: ${new FFmpegError(result).message}`);
}

Log.setLevel(AV_LOG_ERROR);
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own parent wrote it
const job = JSON.parse(process.argv[2] ?? '') as FormatClipJob;
const { width, height, bands } = job;
const format = avGetPixFmtFromName(job.pixelFormat);
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an unknown name is told below
const codec = Codec.findEncoderByName(job.encoder as FFEncoderCodec);
if (codec === null) throw new Error(`this FFmpeg has no encoder '${job.encoder}'`);
const pixels = Buffer.alloc(width * height * 3);
for (let index = 0; index < width * height; index += 1) {
  const band = bands[Math.floor(((index % width) / width) * bands.length)] ?? [0, 0, 0];
  pixels.set(band, index * 3);
}

const timeBase = new Rational(1, frames);
const encoder = new CodecContext();
encoder.allocContext3(codec);
encoder.width = width;
encoder.height = height;
encoder.timeBase = timeBase;
encoder.framerate = timeBase.inv();
encoder.pixelFormat = format;
encoder.colorRange = job.isFullRange ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
encoder.colorSpace = AVCOL_SPC_BT470BG;
encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
check(encoder.open2Sync(codec), 'opening the encoder');
const output = new FormatContext();
check(output.allocOutputContext2(null, null, job.path), 'choosing the container');
const stream = output.newStream(null);
check(encoder.parametersFromContext(stream.codecpar), 'describing the stream');
stream.timeBase = timeBase;
stream.avgFrameRate = timeBase.inv();
check(output.openOutputSync(), 'creating the file');
check(output.writeHeaderSync(), 'writing the header');

const scaler = new SoftwareScaleContext();
scaler.allocContext();
const packet = new Packet();
packet.alloc();
for (let count = 0; count <= frames; count += 1) {
  if (count === frames) check(encoder.sendFrameSync(null), 'finishing');
  else {
    using source = Frame.fromVideoBuffer(pixels, { width, height, format: AV_PIX_FMT_RGB24 });
    source.colorRange = AVCOL_RANGE_JPEG;
    using picture = new Frame();
    picture.alloc();
    picture.width = width;
    picture.height = height;
    picture.format = format;
    picture.colorRange = encoder.colorRange;
    picture.colorSpace = AVCOL_SPC_BT470BG;
    check(picture.getBuffer(0), 'allocating a picture');
    check(scaler.scaleFrameSync(picture, source), 'converting a picture');
    picture.pts = BigInt(count);
    check(encoder.sendFrameSync(picture), 'encoding');
  }
  while (encoder.receivePacketSync(packet) >= 0) {
    packet.duration = 1n;
    packet.rescaleTs(timeBase, stream.timeBase);
    packet.streamIndex = 0;
    check(output.interleavedWriteFrameSync(packet), 'writing');
    packet.unref();
  }
}
check(output.writeTrailerSync(), 'writing the end');
// In this order: left to the garbage collector, the addon frees the file under the container and crashes.
encoder.freeContext();
scaler.freeContext();
packet.free();
output.closeOutputSync();
output.freeContext();
