/**
 * The child process of `clip-packets.ts`: demuxes the clip that its argument names, and writes to stdout the length
 * of a JSON header (32 bit, big-endian), the header and the bytes of all packets.
 */
import { writeSync } from 'node:fs';
import { AV_LOG_ERROR, AV_NOPTS_VALUE, AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import {
  BitStreamFilter,
  BitStreamFilterContext,
  Codec,
  FFmpegError,
  FormatContext,
  Log,
  Packet,
} from 'node-av/lib';
import type { ClipHeader, PacketHeader } from './clip-packets.ts';

function check(result: number, doing: string): void {
  if (result < 0) throw new Error(`${doing} failed: ${new FFmpegError(result).message}`);
}

Log.setLevel(AV_LOG_ERROR);
const path = process.argv[2] ?? '';
const input = new FormatContext();
check(await input.openInput(path), `opening ${path}`);
check(await input.findStreamInfo(), `reading ${path}`);
const stream = input.streams[input.findBestStream(AVMEDIA_TYPE_VIDEO)];
if (stream === undefined) throw new Error(`${path} has no video`);
const codec = Codec.findDecoder(stream.codecpar.codecId)?.name ?? 'unknown';
// Bare streams count frames by an invented clock; the rate in the stream's own header is true.
const isBare = /\.(h264|hevc)$/i.test(path);
const rate = isBare ? stream.codecpar.frameRate : stream.avgFrameRate;

/** Parameter sets in front of key frames and start codes in front of units, whatever the container did. */
const filterName = { h264: 'h264_mp4toannexb', hevc: 'hevc_mp4toannexb' }[codec] ?? 'null';
const filter = BitStreamFilter.getByName(filterName);
if (filter === null) throw new Error(`this FFmpeg has no bit stream filter '${filterName}'`);
const toAnnexB = new BitStreamFilterContext();
check(toAnnexB.alloc(filter), 'making the bit stream filter');
const filterParameters = toAnnexB.inputCodecParameters;
if (filterParameters === null) throw new Error('the bit stream filter has no parameters');
stream.codecpar.copy(filterParameters);
toAnnexB.inputTimeBase = stream.timeBase;
check(toAnnexB.init(), 'opening the bit stream filter');

const packets: PacketHeader[] = [];
const pieces: Buffer[] = [];
const packet = new Packet();
packet.alloc();
const tickMs = stream.timeBase.toDouble() * 1_000;
const frameMs = 1_000 / rate.toDouble();
while ((await input.readFrame(packet)) >= 0) {
  if (packet.streamIndex === stream.index) {
    check(await toAnnexB.sendPacket(packet), 'filtering');
    while ((await toAnnexB.receivePacket(packet)) >= 0) {
      const index = packets.length;
      const data = Buffer.from(packet.data ?? []);
      pieces.push(data);
      packets.push({
        sizeBytes: data.length,
        ptsMs: packet.pts === AV_NOPTS_VALUE ? index * frameMs : Number(packet.pts) * tickMs,
        dtsMs: packet.dts === AV_NOPTS_VALUE ? index * frameMs : Number(packet.dts) * tickMs,
        isKey: packet.isKeyframe,
      });
      packet.unref();
    }
  }
  packet.unref();
}
const header: ClipHeader = {
  codec,
  width: stream.codecpar.width,
  height: stream.codecpar.height,
  framesPerSecond: rate.toDouble(),
  packets,
};
const text = Buffer.from(JSON.stringify(header));
const length = Buffer.alloc(4);
length.writeUInt32BE(text.length);
const all = Buffer.concat([length, text, ...pieces]);
for (let offset = 0; offset < all.length;) offset += writeSync(1, all, offset);
toAnnexB.free();
packet.free();
await input.closeInput();
