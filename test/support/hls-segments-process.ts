/**
 * The child process of `hls-server.ts`: cuts the clip that its first argument names into MPEG-TS segments of about one
 * second, which begin with a key frame, in the folder that its second argument names.
 */
import { AV_LOG_ERROR, AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import { FFmpegError, FormatContext, Log, Packet } from 'node-av/lib';

function check(result: number, doing: string): void {
  if (result < 0) throw new Error(`${doing} failed: ${new FFmpegError(result).message}`);
}

Log.setLevel(AV_LOG_ERROR);
const [, , path = '', folder = ''] = process.argv;
const input = new FormatContext();
check(await input.openInput(path), `opening ${path}`);
check(await input.findStreamInfo(), `reading ${path}`);
const source = input.streams[input.findBestStream(AVMEDIA_TYPE_VIDEO)];
if (source === undefined) throw new Error(`${path} has no video`);
const output = new FormatContext();
check(output.allocOutputContext2(null, 'hls', `${folder}/index.m3u8`), 'choosing the container');
const stream = output.newStream(null);
source.codecpar.copy(stream.codecpar);
stream.codecpar.codecTag = 0;
stream.timeBase = source.timeBase;
for (const [name, value] of Object.entries({
  hls_time: '1',
  hls_list_size: '0',
  hls_segment_filename: `${folder}/%d.ts`,
})) {
  check(output.setOption(name, value), `setting ${name}`);
}
check(output.writeHeaderSync(), 'writing the header');
const packet = new Packet();
packet.alloc();
while ((await input.readFrame(packet)) >= 0) {
  if (packet.streamIndex === source.index) {
    packet.rescaleTs(source.timeBase, stream.timeBase);
    packet.streamIndex = 0;
    check(output.interleavedWriteFrameSync(packet), 'writing');
  }
  packet.unref();
}
check(output.writeTrailerSync(), 'writing the end');
packet.free();
output.freeContext();
await input.closeInput();
