import { constants as osConstants } from 'node:os';
import { AV_CODEC_ID_HEVC, AV_NOPTS_VALUE } from 'node-av/constants';
import {
  FFmpegError,
  FormatContext,
  IOContext,
  Rational,
  type CodecParameters,
  type Packet,
} from 'node-av/lib';
import { MuxClock, muxTicksPerSecond } from './mux-clock.ts';
import type { Dimensions } from './picture-dimensions.ts';

/** A whole file that can be played while it is still being loaded, or fragments for whoever takes them. */
export type Mp4Output = { readonly path: string } | { readonly onBytes: (bytes: Uint8Array) => void };

export interface MuxedVideo {
  readonly parameters: CodecParameters;
  /** The parameters of a live stream say nothing of them. */
  readonly dimensions: Dimensions;
  /** Of the first key frame, where it has some of its own. */
  readonly extradata: Buffer | undefined;
}

export class MuxError extends Error {
  /** What FFmpeg or the system returned, below 0. */
  readonly code: number;

  constructor(doing: string, code: number) {
    super(`${doing} failed: ${new FFmpegError(code).message}`);
    this.name = 'MuxError';
    this.code = code;
  }

  get isDiskFull(): boolean {
    const { errno } = osConstants;
    return this.code === -errno.ENOSPC || this.code === -errno.EDQUOT;
  }
}

const timeBase = new Rational(1, muxTicksPerSecond);
const ioBufferBytes = 64 * 1024;

/** Puts the packets of one video into an MP4 file. One owner: no two calls at a time, no call after `free`. */
export class Mp4Muxer {
  readonly #context = new FormatContext();
  readonly #clock = new MuxClock();
  readonly #io: IOContext | undefined;
  #isFileOpen = false;

  /**
   * Writes what stands before the first picture.
   *
   * @throws MuxError
   */
  static async open(video: MuxedVideo, output: Mp4Output): Promise<Mp4Muxer> {
    const muxer = new Mp4Muxer(video, output);
    try {
      await muxer.#begin(output);
      return muxer;
    } catch (error) {
      await muxer.free();
      throw error;
    }
  }

  private constructor({ parameters, dimensions, extradata }: MuxedVideo, output: Mp4Output) {
    const context = this.#context;
    const isFile = 'path' in output;
    // The scheme keeps a colon in the path from being read as one.
    check(context.allocOutputContext2(null, 'mp4', isFile ? `file:${output.path}` : null), 'making the file');
    const stream = context.newStream(null);
    check(parameters.copy(stream.codecpar), 'describing the video');
    stream.codecpar.width = dimensions.width;
    stream.codecpar.height = dimensions.height;
    if (extradata !== undefined) stream.codecpar.extradata = extradata;
    // Apple's players want H.265 under this name; the muxer's own choice is the other one.
    stream.codecpar.codecTag = parameters.codecId === AV_CODEC_ID_HEVC ? 'hvc1' : 0;
    stream.timeBase = timeBase;
    if (isFile) return;
    this.#io = new IOContext();
    this.#io.allocContextWithCallbacks(ioBufferBytes, 1, null, (bytes) => {
      // The buffer is the library's, and is used again.
      output.onBytes(new Uint8Array(bytes));
      return bytes.length;
    });
    context.pb = this.#io;
  }

  async #begin(output: Mp4Output): Promise<void> {
    const isFile = 'path' in output;
    if (isFile) {
      check(await this.#context.openOutput(), 'creating the file');
      this.#isFileOpen = true;
    }
    const flags = isFile ? '+faststart' : '+empty_moov+default_base_moof+frag_custom';
    check(this.#context.setOption('movflags', flags), 'setting movflags');
    check(await this.#context.writeHeader(), 'writing the header');
    await this.#io?.flush();
  }

  /**
   * The packet stays with the caller, but its times are changed. Of fragments, each packet becomes one at once.
   *
   * @throws MuxError
   */
  async write(packet: Packet): Promise<void> {
    const { pts, dts } = packet;
    const time = this.#clock.next(Number(pts), dts === AV_NOPTS_VALUE ? undefined : Number(dts));
    packet.pts = time.pts;
    packet.dts = time.dts;
    packet.duration = time.duration;
    packet.timeBase = timeBase;
    packet.streamIndex = 0;
    packet.pos = -1n;
    check(await this.#context.writeFrame(packet), 'writing');
    if (this.#io === undefined) return;
    // Without a packet: what has come is a fragment.
    check(await this.#context.writeFrame(null), 'writing');
    await this.#io.flush();
  }

  /**
   * Completes the file.
   *
   * @throws MuxError
   */
  async finish(): Promise<void> {
    check(await this.#context.writeTrailer(), 'completing the file');
  }

  /** In this order: left to the garbage collector, the addon frees the output under the container and crashes. */
  async free(): Promise<void> {
    if (this.#isFileOpen) await this.#context.closeOutput();
    this.#isFileOpen = false;
    if (this.#io !== undefined) this.#context.pb = null;
    this.#context.freeContext();
    this.#io?.freeContext();
  }
}

function check(code: number, doing: string): void {
  if (code < 0) throw new MuxError(doing, code);
}
