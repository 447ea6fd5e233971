import { lookup } from 'node:dns/promises';
import { stat } from 'node:fs/promises';
import { constants as osConstants } from 'node:os';
import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  AV_CODEC_ID_MJPEG,
  AV_CODEC_ID_NONE,
  AV_NOPTS_VALUE,
  AVDISCARD_ALL,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AVERROR_EXIT,
  AVFMT_FLAG_NONBLOCK,
  AVMEDIA_TYPE_VIDEO,
} from 'node-av/constants';
import { CodecParameters, Dictionary, FormatContext, InputFormat, Packet, type Stream } from 'node-av/lib';
import type { StreamRequest } from '../core/camera-source.ts';
import { messageOf } from '../core/errors.ts';
import { brokenBy, lost, lostBy, StreamLost } from './camera-cause.ts';
import { askWhy } from './content-type.ts';
import { inputOptions } from './input-options.ts';
import type { InputFacts, PacketInput } from './packet-input.ts';

/** A camera on USB is asked for pictures again after so long: its own waiting could not be interrupted. */
const usbPollMs = 5;

/** Everything that FFmpeg reads. */
export class StreamInput implements PacketInput {
  readonly #request: StreamRequest;
  readonly #ioTimeoutMs: number;
  #context = new FormatContext();
  readonly #interrupted = new AbortController();
  #isAllocated = false;
  #stream: Stream | undefined;
  #facts: InputFacts | undefined;
  #packetCount = 0;

  /** @param ioTimeoutMs a native wait for the network may last so long even if an interruption went unnoticed */
  constructor(request: StreamRequest, ioTimeoutMs: number) {
    this.#request = request;
    this.#ioTimeoutMs = ioTimeoutMs;
  }

  async open(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      throw await this.#betterKnown(error);
    }
  }

  async #open(): Promise<void> {
    const request = this.#request;
    await this.#openAddress();
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
      durationMs: isFinite(request) ? durationOf(this.#context) : null,
    };
  }

  async read(): Promise<Packet | undefined> {
    const packet = new Packet();
    packet.alloc();
    try {
      if (await this.#read(packet)) return packet;
      packet.free();
      return undefined;
    } catch (error) {
      packet.free();
      throw this.#packetCount > 1 ? error : await this.#betterKnown(error);
    }
  }

  async #read(packet: Packet): Promise<boolean> {
    for (;;) {
      const code = await this.#context.readFrame(packet);
      if (this.#interrupted.signal.aborted) throw this.#interruption();
      if (code === AVERROR_EOF && this.#request.protocol === 'file') return false;
      if (code === AVERROR_EOF && this.#request.protocol === 'hls') throw await this.#playlistEnd();
      if (code === AVERROR_EAGAIN && this.#request.protocol === 'usb') {
        await delay(usbPollMs);
        continue;
      }
      if (code === -osConstants.errno.ETIMEDOUT) throw lost('no_frames', this.#request);
      if (code < 0) throw this.#packetCount > 0 ? brokenBy(code, this.#request) : lostBy(code, this.#request);
      if (packet.streamIndex === this.#video.index) {
        this.#packetCount += 1;
        return true;
      }
      packet.unref();
    }
  }

  copyParameters(): CodecParameters {
    const parameters = new CodecParameters();
    parameters.alloc();
    this.#video.codecpar.copy(parameters);
    return parameters;
  }

  get codecId(): number {
    return this.#video.codecpar.codecId;
  }

  get facts(): InputFacts {
    if (this.#facts === undefined) throw new Error('the input is not open');
    return this.#facts;
  }

  interrupt(): void {
    this.#interrupted.abort();
    if (this.#isAllocated) this.#context.interrupt();
  }

  async close(): Promise<void> {
    this.#isAllocated = false;
    // An RTSP session that is left in order is ended by TEARDOWN, which only this way of closing sends.
    const isInOrder = this.#request.protocol === 'rtsp' && !this.#interrupted.signal.aborted;
    if (isInOrder && this.#packetCount > 0) this.#context.freeContext();
    else await this.#context.closeInput();
  }

  get #video(): Stream {
    if (this.#stream === undefined) throw new Error('the input is not open');
    return this.#stream;
  }

  #videoStream(): Stream | undefined {
    const videos = (this.#context.streams ?? []).filter(
      ({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_VIDEO,
    );
    const { variant } = this.#request;
    return variant === undefined ? videos[0] : chooseVariant(videos, variant);
  }

  async #openAddress(): Promise<void> {
    const request = this.#request;
    const { protocol } = request;
    const address =
      protocol === 'file'
        ? await this.#checkFile()
        : protocol === 'usb'
          ? await this.#checkDevice()
          : await this.#checkHost();
    const options = inputOptions(request, this.#ioTimeoutMs);
    const opened = await this.#openNative(address, options);
    if (opened >= 0) return;
    const isFormatRefused = opened === -osConstants.errno.EINVAL && 'input_format' in options;
    if (protocol === 'usb' && isFormatRefused && request.capture?.format == null) {
      // Not every camera compresses; then it is taken as it is.
      const { input_format: _, ...others } = options;
      this.#context = new FormatContext();
      if ((await this.#openNative(address, others)) >= 0) return;
    }
    throw lostBy(opened, request);
  }

  /** @returns what FFmpeg does, below 0 for a failure */
  async #openNative(address: string, options: Record<string, string>): Promise<number> {
    const isUsb = this.#request.protocol === 'usb';
    // Without this, an interruption is not noticed: openInput would allocate a context that has no such callback.
    this.#context.allocContext();
    this.#isAllocated = true;
    // Otherwise a camera that sends nothing holds up the call for ever.
    if (isUsb) this.#context.setFlags(AVFMT_FLAG_NONBLOCK);
    this.#throwIfInterrupted();
    using dictionary = Dictionary.fromObject(options);
    const format = isUsb ? InputFormat.findInputFormat('v4l2') : null;
    const opened = await this.#context.openInput(address, format, dictionary);
    this.#throwIfInterrupted();
    return opened;
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

  async #checkDevice(): Promise<string> {
    const { url } = this.#request;
    if (InputFormat.findInputFormat('v4l2') === null) {
      throw lost('not_found', this.#request, `there is no Video4Linux on ${process.platform}`);
    }
    const finding = stat(url).catch((error: NodeJS.ErrnoException) => {
      throw lostBy(error.errno ?? -osConstants.errno.EIO, this.#request);
    });
    const found = await this.#unlessInterrupted(finding);
    if (!found.isCharacterDevice()) throw lost('invalid_data', this.#request, 'not a device');
    return url;
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

  /** FFmpeg calls everything an end: that of a recording, a playlist that no longer grows or can't be had any more. */
  async #playlistEnd(): Promise<StreamLost> {
    if (this.facts.durationMs !== null) return lost('ended', this.#request);
    const cause = await askWhy(this.#request, this.#interrupted.signal);
    return cause ?? lost('no_frames', this.#request, 'the playlist does not grow any more');
  }

  /** What comes over HTTP and can't be read may well be what another type of camera reads. */
  async #betterKnown(error: unknown): Promise<unknown> {
    const { protocol } = this.#request;
    const isHttp = protocol === 'http_mjpeg' || protocol === 'hls';
    const isOpenQuestion =
      error instanceof StreamLost &&
      ['invalid_data', 'unsupported_codec', 'reset'].includes(error.cameraCause);
    if (!isHttp || !isOpenQuestion || this.#interrupted.signal.aborted) return error;
    return (await askWhy(this.#request, this.#interrupted.signal)) ?? error;
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

/** Of HLS, what has a length is a recording, too. */
function isFinite({ protocol }: StreamRequest): boolean {
  return protocol === 'file' || protocol === 'hls';
}

/**
 * By the bit rates that the master playlist states: how large a picture is may not be known yet. Less than 320 pixels'
 * width are too few to see anything in.
 */
function chooseVariant(videos: readonly Stream[], variant: 'largest' | 'smallest'): Stream | undefined {
  const bySize = videos
    .map((stream) => ({ stream, bitRate: statedBitRate(stream), width: stream.codecpar.width }))
    .toSorted((a, b) => a.bitRate - b.bitRate || a.width - b.width);
  const fitting = variant === 'smallest' ? bySize.find(({ width }) => width >= 320) : undefined;
  return (fitting ?? bySize.at(-1))?.stream;
}

/** Bits per second; 0 when there is none. */
function statedBitRate({ metadata }: Stream): number {
  return Number(metadata?.get('variant_bitrate') ?? 0);
}

function needsAnalysis(request: StreamRequest, stream: Stream | undefined): boolean {
  // Frame rates and durations of recordings come from it, and it costs little there.
  if (request.protocol === 'file' || stream === undefined) return true;
  if (request.protocol === 'usb') return false;
  // Which of several pictures is the one is told by their sizes.
  if (request.protocol === 'hls') return true;
  const { codecId, extradataSize } = stream.codecpar;
  if (codecId === AV_CODEC_ID_NONE) return true;
  return codecId !== AV_CODEC_ID_MJPEG && extradataSize === 0;
}
