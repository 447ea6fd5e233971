/**
 * The child process of `clip-writer.ts`: takes raw pictures on stdin, writes the encoded clip. Its only argument is
 * a `ClipJob`. Exit code 0 means that the clip stands under its name; otherwise stderr says why it doesn't.
 */
import { renameSync, rmSync } from 'node:fs';
import { extname } from 'node:path';
import { AV_LOG_ERROR } from 'node-av/constants';
import { FFmpegError, FormatContext, Log, type Packet } from 'node-av/lib';
import { messageOf } from '../core/errors.ts';
import { frameFollows, type ClipJob } from './clip-writer.ts';
import { VideoEncoder } from './video-encoder.ts';

function check(result: number, doing: string): void {
  if (result < 0) throw new Error(`${doing} failed: ${new FFmpegError(result).message}`);
}

class ClipEncoder {
  readonly #job: ClipJob;
  readonly #encoder: VideoEncoder;
  readonly #output = new FormatContext();
  #isOutputOpen = false;

  constructor(job: ClipJob) {
    this.#job = job;
    // A bare stream and AVI carry the parameter sets in front of each key frame.
    const hasGlobalHeader = ['.mp4', '.mkv'].includes(extname(job.path).toLowerCase());
    this.#encoder = new VideoEncoder({ ...job, hasGlobalHeader });
  }

  open(): void {
    this.#encoder.open();
    const output = this.#output;
    check(output.allocOutputContext2(null, null, this.#job.partPath), 'choosing the container');
    const stream = output.newStream(null);
    this.#encoder.describe(stream.codecpar);
    stream.timeBase = this.#encoder.timeBase;
    stream.avgFrameRate = this.#encoder.timeBase.inv();
    check(output.openOutputSync(), 'creating the file');
    this.#isOutputOpen = true;
    const isMp4 = this.#job.partPath.toLowerCase().endsWith('.mp4');
    if (isMp4) check(output.setOption('movflags', '+faststart'), 'setting movflags');
    check(output.writeHeaderSync(), 'writing the header');
  }

  add(pixels: Buffer): void {
    this.#encoder.encode(pixels, (packet) => {
      this.#write(packet);
    });
  }

  #write(packet: Packet): void {
    const stream = this.#output.streams[0];
    if (stream === undefined) throw new Error('the container has no stream');
    packet.rescaleTs(this.#encoder.timeBase, stream.timeBase);
    packet.streamIndex = 0;
    check(this.#output.interleavedWriteFrameSync(packet), 'writing');
  }

  finish(): void {
    this.#encoder.encode(null, (packet) => {
      this.#write(packet);
    });
    check(this.#output.writeTrailerSync(), 'writing the end of the file');
  }

  /** In this order: left to the garbage collector, the addon frees the file under the container and crashes. */
  [Symbol.dispose](): void {
    this.#encoder[Symbol.dispose]();
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
