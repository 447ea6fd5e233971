/**
 * The child process of `probe-stream.ts`: plays an address as any FFmpeg program would, and writes one JSON line for
 * each decoded picture. Exit code 0 at the wanted number of pictures; otherwise a last line with the error.
 */
import { AV_LOG_QUIET, AV_NOPTS_VALUE, AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import { Codec, CodecContext, Dictionary, FFmpegError, FormatContext, Frame, Log, Packet } from 'node-av/lib';
import type { ProbeRequest, ProbedFrame } from './probe-stream.ts';
import { readCounter } from './render-clip.ts';

Log.setLevel(AV_LOG_QUIET);
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own parent wrote it
const request = JSON.parse(process.argv[2] ?? '') as ProbeRequest;
let decodedCount = 0;

/** The luma plane without padding; empty for a picture without one. */
function lumaOf(frame: Frame): Uint8Array {
  const plane = frame.data?.[0];
  const stride = frame.linesize[0];
  if (plane === undefined || stride === undefined) return new Uint8Array();
  const luma = new Uint8Array(frame.width * frame.height);
  for (let y = 0; y < frame.height; y += 1) {
    luma.set(plane.subarray(y * stride, y * stride + frame.width), y * frame.width);
  }
  return luma;
}

function rangeOf(luma: Uint8Array): readonly [number, number] {
  let [darkest, brightest] = [255, 0];
  for (const value of luma) {
    if (value < darkest) darkest = value;
    if (value > brightest) brightest = value;
  }
  return [darkest, brightest];
}

function write(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function play(): Promise<number> {
  const input = new FormatContext();
  const timeout = String(request.timeoutMs * 1_000);
  // What FFmpeg reads ahead to get to know a stream would cost a second or two of each probe.
  const analyzeduration = '100000';
  const options = Dictionary.fromObject(
    request.url.startsWith('rtsp')
      ? { rtsp_transport: request.transport, timeout, analyzeduration }
      : { rw_timeout: timeout, timeout, analyzeduration },
  );
  let result = await input.openInput(request.url, null, options);
  if (result < 0) return result;
  result = await input.findStreamInfo();
  if (result < 0) return result;
  const stream = input.streams[input.findBestStream(AVMEDIA_TYPE_VIDEO)];
  if (stream === undefined) return -1;
  const codec = Codec.findDecoder(stream.codecpar.codecId);
  const decoder = new CodecContext();
  decoder.allocContext3(codec);
  decoder.parametersToContext(stream.codecpar);
  decoder.threadCount = 1;
  result = await decoder.open2(codec);
  if (result < 0) return result;
  const packet = new Packet();
  packet.alloc();
  const frame = new Frame();
  frame.alloc();
  for (;;) {
    const readResult = await input.readFrame(packet);
    if (readResult < 0) await decoder.sendPacket(null);
    else if (packet.streamIndex === stream.index) await decoder.sendPacket(packet);
    packet.unref();
    while ((await decoder.receiveFrame(frame)) >= 0) {
      const luma = lumaOf(frame);
      const picture: ProbedFrame = {
        codec: codec?.name ?? 'unknown',
        ptsMs: frame.pts === AV_NOPTS_VALUE ? null : Number(frame.pts) * stream.timeBase.toDouble() * 1_000,
        width: frame.width,
        height: frame.height,
        counter: readCounter(luma, frame.width, frame.height),
        lumaRange: rangeOf(luma),
      };
      write(picture);
      frame.unref();
      decodedCount += 1;
      if (decodedCount === request.frames) return 0;
    }
    if (readResult < 0) return readResult;
  }
}

const result = await play();
if (result < 0) write({ error: new FFmpegError(result).message });
// Nothing is closed: the process ends here, and the addon would wait for the server.
process.exit(result < 0 ? 1 : 0);
