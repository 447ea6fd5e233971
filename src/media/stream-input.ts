import { lookup } from 'node:dns/promises';
import { stat } from 'node:fs/promises';
import { constants as osConstants } from 'node:os';
import { isIP } from 'node:net';
import {
  AV_CODEC_ID_MJPEG,
  AV_CODEC_ID_NONE,
  AV_NOPTS_VALUE,
  AVDISCARD_ALL,
  AVERROR_EOF,
  AVERROR_EXIT,
  AVMEDIA_TYPE_VIDEO,
} from 'node-av/constants';
import { CodecParameters, Dictionary, FormatContext, type Packet, type Stream } from 'node-av/lib';
import type { StreamRequest } from '../core/camera-source.ts';
import { messageOf } from '../core/errors.ts';
import { brokenBy, lost, lostBy, StreamLost } from './camera-cause.ts';

/** A playlist or a script of other addresses is no recording: only true containers are opened. */
const recordingFormats =
  'mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,h264,hevc,av1,obu,ivf,m4v,mjpeg,asf,ogg,gif,mxf,rm,dhav,nut,swf,wtv';

/** Bytes and microseconds that the analysis of a live stream may take when its description does not suffice. */
const liveAnalysis = { probesize: '2000000', analyzeduration: '2000000' };

/** What the container declares. */
export interface InputFacts {
  /** Microseconds of one tick of the packets' time stamps. */
  readonly tickUs: number;
  /** `null` when it declares nothing usable. */
  readonly framesPerSecond: number | null;
  readonly durationMs: number | null;
}

/**
 * One connection, read by one owner: `open` once, then `read` one call at a time, `close` only when neither is under
 * way. `interrupt` may be called at any time and makes a pending call return within moments.
 */
export class StreamInput {
  readonly #request: StreamRequest;
  readonly #ioTimeoutMs: number;
  readonly #context = new FormatContext();
  readonly #interrupted = new AbortController();
  #isAllocated = false;
  #stream: Stream | undefined;
  #facts: InputFacts | undefined;
  #hasRead = false;

  /** @param ioTimeoutMs a native wait for the network may last so long even if an interruption went unnoticed */
  constructor(request: StreamRequest, ioTimeoutMs: number) {
    this.#request = request;
    this.#ioTimeoutMs = ioTimeoutMs;
  }

  /** @throws StreamLost */
  async open(): Promise<void> {
    const request = this.#request;
    const address = request.protocol === 'file' ? await this.#checkFile() : await this.#checkHost();
    // Without this, an interruption is not noticed: openInput would allocate a context that has no such callback.
    this.#context.allocContext();
    this.#isAllocated = true;
    this.#throwIfInterrupted();
    using options = Dictionary.fromObject(this.#options());
    const opened = await this.#context.openInput(address, null, options);
    this.#throwIfInterrupted();
    if (opened < 0) throw lostBy(opened, request);
    const described = this.#videoStream();
    // What the session description names and FFmpeg does not know can't be taken out of its packets either.
    if (request.protocol === 'rtsp' && described?.codecpar.codecId === AV_CODEC_ID_NONE) {
      throw lost('unsupported_codec', request, 'its format is unknown');
    }
    if (needsAnalysis(request, described)) {
      const analysed = await this.#context.findStreamInfo();
      this.#throwIfInterrupted();
      if (analysed < 0) throw lostBy(analysed, request);
    }
    const stream = this.#videoStream();
    if (stream === undefined) throw lost('unsupported_codec', request, 'no video in the stream');
    for (const other of this.#context.streams ?? []) {
      if (other.index !== stream.index) other.discard = AVDISCARD_ALL;
    }
    this.#stream = stream;
    this.#facts = {
      tickUs: (stream.timeBase.num * 1_000_000) / stream.timeBase.den,
      framesPerSecond: request.protocol === 'http_mjpeg' ? null : declaredRate(stream),
      durationMs: request.protocol === 'file' ? durationOf(this.#context) : null,
    };
  }

  /**
   * Waits for the next packet of the video.
   *
   * @returns `false` at the end of a recording
   * @throws StreamLost
   */
  async read(packet: Packet): Promise<boolean> {
    for (;;) {
      const code = await this.#context.readFrame(packet);
      if (this.#interrupted.signal.aborted) throw this.#interruption();
      if (code === AVERROR_EOF && this.#request.protocol === 'file') return false;
      if (code === -osConstants.errno.ETIMEDOUT) throw lost('no_frames', this.#request);
      if (code < 0) throw this.#hasRead ? brokenBy(code, this.#request) : lostBy(code, this.#request);
      if (packet.streamIndex === this.#video.index) {
        this.#hasRead = true;
        return true;
      }
      packet.unref();
    }
  }

  /** A copy that lives on when the input is closed. */
  copyParameters(): CodecParameters {
    const parameters = new CodecParameters();
    parameters.alloc();
    this.#video.codecpar.copy(parameters);
    return parameters;
  }

  get codecId(): number {
    return this.#video.codecpar.codecId;
  }

  /** Known when it is open, and still afterwards. */
  get facts(): InputFacts {
    if (this.#facts === undefined) throw new Error('the input is not open');
    return this.#facts;
  }

  interrupt(): void {
    this.#interrupted.abort();
    if (this.#isAllocated) this.#context.interrupt();
  }

  /** Only while neither `open` nor `read` is under way. */
  async close(): Promise<void> {
    this.#isAllocated = false;
    await this.#context.closeInput();
  }

  get #video(): Stream {
    if (this.#stream === undefined) throw new Error('the input is not open');
    return this.#stream;
  }

  #videoStream(): Stream | undefined {
    return this.#context.streams?.find(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_VIDEO);
  }

  #options(): Record<string, string> {
    const timeoutUs = String(this.#ioTimeoutMs * 1000);
    const byProtocol: Record<StreamRequest['protocol'], Record<string, string>> = {
      file: { protocol_whitelist: 'file', format_whitelist: recordingFormats },
      rtsp: {
        rtsp_transport: this.#request.transport,
        timeout: timeoutUs,
        allowed_media_types: 'video',
        // Room for a whole key frame of a large picture.
        buffer_size: '2097152',
        protocol_whitelist: 'rtsp,rtsps,tcp,tls,udp,rtp,srtp',
        format_whitelist: 'rtsp,sdp,rtp',
        ...liveAnalysis,
      },
      http_mjpeg: {
        timeout: timeoutUs,
        rw_timeout: timeoutUs,
        protocol_whitelist: 'http,https,tcp,tls',
        format_whitelist: 'mpjpeg,mjpeg',
        ...liveAnalysis,
      },
    };
    return byProtocol[this.#request.protocol];
  }

  async #checkFile(): Promise<string> {
    const { url } = this.#request;
    const finding = stat(url).catch((error: NodeJS.ErrnoException) => {
      // libuv's numbers are the negative ones of the system, as FFmpeg's are.
      throw lostBy(error.errno ?? -osConstants.errno.EIO, this.#request);
    });
    const found = await this.#unlessInterrupted(finding);
    if (!found.isFile()) throw lost('invalid_data', this.#request, 'not a file');
    // The scheme keeps a colon in the name from being read as one.
    return `file:${url}`;
  }

  /** FFmpeg calls a name that can't be resolved an input/output error, so it is looked up first. */
  async #checkHost(): Promise<string> {
    const { url, username, password } = this.#request;
    if (!URL.canParse(url)) throw lost('invalid_data', this.#request, 'not an address');
    const address = new URL(url);
    const host = address.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) === 0) await this.#lookUp(host);
    if (username !== null || password !== null) {
      const credentials = `${encodeURIComponent(username ?? '')}:${encodeURIComponent(password ?? '')}@`;
      return url.replace('://', `://${credentials}`);
    }
    return url;
  }

  async #lookUp(host: string): Promise<void> {
    try {
      await this.#unlessInterrupted(lookup(host));
    } catch (error) {
      if (error instanceof StreamLost) throw error;
      throw lost('no_such_host', this.#request, messageOf(error));
    }
  }

  /** Look-ups and dead network drives can't be cancelled; an interruption leaves them behind. */
  async #unlessInterrupted<T>(pending: Promise<T>): Promise<T> {
    const { signal } = this.#interrupted;
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => {
      reject(this.#interruption());
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([pending, promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #throwIfInterrupted(): void {
    if (this.#interrupted.signal.aborted) throw this.#interruption();
  }

  /** What an interrupted call throws; whoever interrupted knows the true cause. */
  #interruption(): StreamLost {
    return lostBy(AVERROR_EXIT, this.#request);
  }
}

function declaredRate(stream: Stream): number | null {
  for (const { num, den } of [stream.avgFrameRate, stream.rFrameRate]) {
    if (den > 0 && num > 0 && num / den <= 240) return num / den;
  }
  return null;
}

function durationOf({ duration }: FormatContext): number | null {
  return duration !== AV_NOPTS_VALUE && duration > 0n ? Number(duration) / 1000 : null;
}

function needsAnalysis(request: StreamRequest, stream: Stream | undefined): boolean {
  // Frame rates and durations of recordings come from it, and it costs little there.
  if (request.protocol === 'file' || stream === undefined) return true;
  const { codecId, extradataSize } = stream.codecpar;
  if (codecId === AV_CODEC_ID_NONE) return true;
  return codecId !== AV_CODEC_ID_MJPEG && extradataSize === 0;
}
