import {
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_NOPTS_VALUE,
  AVERROR_EXIT,
  AVMEDIA_TYPE_VIDEO,
  type AVCodecID,
} from 'node-av/constants';
import { CodecParameters, Packet } from 'node-av/lib';
import type { StreamRequest } from '../../core/camera-source.ts';
import { lost, lostBy, type StreamLost } from '../camera-cause.ts';
import type { InputFacts, PacketInput } from '../packet-input.ts';
import { readParameterSets } from '../parameter-sets.ts';
import { AccessUnits, type AccessUnit } from './access-units.ts';
import { RtspConnection } from './rtsp-connection.ts';
import type { RtspAnswer } from './rtsp-wire.ts';
import {
  controlAddress,
  readDescription,
  ticksPerSecond,
  type DescribedVideo,
} from './session-description.ts';

/** So many packets may wait to be read; then the camera waits. */
const waitingLimit = 256;

/** The camera can be played, but not by this reader. */
export class NotReadableHereError extends Error {}

/**
 * A camera that speaks RTSP and sends H.264 or H.265 over its control connection, as nearly all do. FFmpeg could read it
 * too, for several times the CPU: it reads each RTP packet with several system calls, in a thread that is woken for it.
 */
export class RtspInput implements PacketInput {
  readonly #request: StreamRequest;
  readonly #connection: RtspConnection;
  #video: DescribedVideo | undefined;
  #parameterSets: Buffer = Buffer.alloc(0);
  #units: AccessUnits | undefined;
  #channel = 0;
  readonly #packets: Packet[] = [];
  #isPaused = false;
  #lost: StreamLost | undefined;
  #wake: (() => void) | undefined;

  constructor(request: StreamRequest) {
    this.#request = request;
    this.#connection = new RtspConnection({
      request,
      packets: {
        onPacket: (channel, bytes, begin, end) => {
          if (channel === this.#channel) this.#units?.push(bytes, begin, end);
        },
        isPacket: (channel, bytes, begin, end) =>
          channel === this.#channel
            ? this.#units?.isPacket(bytes, begin, end) === true
            : channel === this.#channel + 1,
      },
      onLost: (error) => {
        this.#lost ??= error;
        this.#wake?.();
      },
    });
  }

  /**
   * @throws StreamLost
   * @throws NotReadableHereError
   */
  async open(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      this.#connection.destroy();
      throw this.#lost ?? error;
    }
  }

  async #open(): Promise<void> {
    const { url } = this.#request;
    const connection = this.#connection;
    await connection.open();
    const options = await connection.ask('OPTIONS', url);
    // What does not tell what it can do may still do it.
    if (options.status === 401) throw this.#refusal('OPTIONS', options);
    connection.noteMethods(options.headers.get('public')?.[0] ?? '');
    const description = await this.#ask('DESCRIBE', url, { Accept: 'application/sdp' });
    const video = readDescription(description.body);
    if (video === undefined) throw new NotReadableHereError('no video in H.264 or H.265 is described');
    const base =
      (description.headers.get('content-base') ?? description.headers.get('content-location'))?.[0] ?? url;
    const presentation = controlAddress(base, video.sessionControl);
    const setUp = await this.#ask('SETUP', controlAddress(base, video.control), {
      Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1',
    });
    const transport = setUp.headers.get('transport')?.[0] ?? '';
    if (!/RTP\/AVP\/TCP/i.test(transport)) throw new NotReadableHereError('it sends over another transport');
    this.#channel = Number(/interleaved=(\d+)/i.exec(transport)?.[1] ?? 0);
    this.#video = video;
    this.#parameterSets = video.parameterSets;
    this.#units = new AccessUnits(video.codec, video.payloadType, (unit) => {
      this.#take(unit, video);
    });
    connection.beginSession(setUp, presentation);
    await this.#ask('PLAY', presentation, { Range: 'npt=0.000-' });
    // Those that the description lacks come with the first key frame.
    while (this.#parameterSets.length === 0) await this.#arrived();
  }

  async read(): Promise<Packet> {
    for (;;) {
      const packet = this.#packets.shift();
      if (packet !== undefined) {
        if (this.#isPaused && this.#packets.length === 0) {
          this.#isPaused = false;
          this.#connection.resume();
        }
        return packet;
      }
      await this.#arrived();
    }
  }

  copyParameters(): CodecParameters {
    const parameters = new CodecParameters();
    parameters.alloc();
    parameters.codecType = AVMEDIA_TYPE_VIDEO;
    parameters.codecId = this.codecId;
    parameters.extradata = this.#parameterSets;
    return parameters;
  }

  get codecId(): AVCodecID {
    return this.#video?.codec === 'hevc' ? AV_CODEC_ID_HEVC : AV_CODEC_ID_H264;
  }

  get facts(): InputFacts {
    return {
      tickUs: 1_000_000 / ticksPerSecond,
      framesPerSecond: this.#video?.framesPerSecond ?? null,
      durationMs: null,
    };
  }

  interrupt(): void {
    this.#lost ??= lostBy(AVERROR_EXIT, this.#request);
    this.#connection.destroy();
    this.#wake?.();
  }

  async close(): Promise<void> {
    await this.#connection.close();
    for (const packet of this.#packets.splice(0)) packet.free();
  }

  async #ask(method: string, address: string, headers: Record<string, string>): Promise<RtspAnswer> {
    const answer = await this.#connection.ask(method, address, headers);
    if (answer.status !== 200) throw this.#refusal(method, answer);
    return answer;
  }

  #refusal(method: string, { status }: RtspAnswer): Error {
    const detail = `${method} is answered with status ${status}`;
    // It is elsewhere, or sends in another way.
    if ((status >= 300 && status < 400) || status === 461) return new NotReadableHereError(detail);
    if (status === 401 || status === 403) return lost('unauthorized', this.#request, detail);
    if (status === 404 || status === 410) return lost('not_found', this.#request, detail);
    return lost(status < 500 ? 'invalid_data' : 'unknown', this.#request, detail);
  }

  #take({ bytes, ticks, isKeyframe }: AccessUnit, { codec }: DescribedVideo): void {
    if (this.#parameterSets.length === 0) {
      const sets = readParameterSets(bytes, codec);
      // Nothing can be decoded before them.
      if (sets === undefined) return;
      this.#parameterSets = Buffer.from(sets.bytes);
    }
    const packet = new Packet();
    packet.alloc();
    // Copies them.
    packet.data = bytes;
    packet.pts = BigInt(ticks);
    packet.dts = AV_NOPTS_VALUE;
    packet.isKeyframe = isKeyframe;
    this.#packets.push(packet);
    if (this.#packets.length >= waitingLimit && !this.#isPaused) {
      this.#isPaused = true;
      this.#connection.pause();
    }
    this.#wake?.();
  }

  /** @throws StreamLost */
  async #arrived(): Promise<void> {
    if (this.#lost !== undefined) throw this.#lost;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
    if (this.#lost !== undefined && this.#packets.length === 0) throw this.#lost;
  }
}
