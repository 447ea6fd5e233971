import { Authenticator, type AuthScheme, type Credentials } from './http-auth.ts';
import type { Clip } from './clip-packets.ts';
import { parameterSetsOf, type ParameterSets, type RtpCodec } from './rtp-packetiser.ts';

/** What goes wrong with a stream, for running and for new connections, until it is taken back. */
export type RtspFault =
  /** Requests are read and never answered; what plays goes on. */
  | { readonly kind: 'black_hole' }
  /** The connection stays open, nothing more is sent. Packets count from the setting of the fault. */
  | { readonly kind: 'stall'; readonly afterPackets?: number }
  /** The connection is reset. */
  | { readonly kind: 'reset'; readonly afterPackets?: number }
  /** The connection is closed in good order. */
  | { readonly kind: 'close'; readonly afterSeconds?: number }
  /** Answers come byte by byte. */
  | { readonly kind: 'slow_answers'; readonly msPerByte: number }
  | {
      readonly kind: 'wrong_sdp';
      readonly sdp: 'garbage' | 'no_video' | 'unknown_codec' | 'bad_parameter_sets' | 'no_parameter_sets';
    }
  /** Every request (or only one method) is answered with this status. */
  | { readonly kind: 'status'; readonly status: number; readonly method?: string }
  /** `share` (0..1) of the packets are cut short or have bits turned over: one in `everyBytes`, default 100. */
  | {
      readonly kind: 'damage';
      readonly how: 'truncate' | 'flip_bits';
      readonly share: number;
      readonly everyBytes?: number;
    }
  /** `share` (0..1) of the packets never arrive; their sequence numbers are missing. */
  | { readonly kind: 'lose'; readonly share: number }
  /** The same picture again and again, with the times going on. */
  | { readonly kind: 'freeze' }
  /** The camera's clock stands still, or is set back or forward by so much; negative is back. */
  | { readonly kind: 'clock'; readonly shiftMs: number | 'still' };

/**
 * Where in the clip a new client begins. `keyframe`: at the key frame before the moment at which the camera is, as
 * cameras do that answer PLAY with a key frame. `live`: just there, mostly between key frames. `start`: at the first
 * picture.
 */
export type JoinMode = 'keyframe' | 'live' | 'start';

export interface RtspStreamOptions {
  /** Any clip with H.264, H.265 or MJPEG in it. */
  readonly clipPath: string;
  /** Without them nobody is asked. */
  readonly credentials?: Credentials;
  /** Default `digest`. */
  readonly auth?: AuthScheme;
  /** Default `keyframe`. */
  readonly join?: JoinMode;
  /** `performance.now()` at the clip's first picture, so that two streams can show the same moment; default now. */
  readonly since?: number;
  /** How long a session lives without a sign of life, as the camera says; default 60. */
  readonly sessionTimeoutS?: number;
}

export interface RtspStreamStats {
  /** Clients that are being sent to now. */
  playing: number;
  plays: number;
  /** Sessions that a client has ended in order. */
  teardowns: number;
  requests: number;
  unauthorized: number;
  packetsSent: number;
  framesSent: number;
  /** Left out because a client on TCP did not read. */
  framesDropped: number;
  /** Epoch ms of the last PLAY, and the place in the clip at which it began. */
  lastPlayAt: number | null;
  lastPlayFromMs: number | null;
}

type StreamCodec = RtpCodec | 'mjpeg';

const names = { h264: 'H264', hevc: 'H265', mjpeg: 'JPEG' } as const;

export const payloadType = 96;

/** One camera of the server: what it shows, to whom, and what is wrong with it. */
export class RtspStream {
  readonly join: JoinMode;
  readonly sessionTimeoutS: number;
  readonly authenticator: Authenticator | undefined;
  readonly stats: RtspStreamStats = {
    playing: 0,
    plays: 0,
    teardowns: 0,
    requests: 0,
    unauthorized: 0,
    packetsSent: 0,
    framesSent: 0,
    framesDropped: 0,
    lastPlayAt: null,
    lastPlayFromMs: null,
  };
  fault: RtspFault | null = null;
  readonly #since: number;
  #clip: Clip;

  constructor(clip: Clip, options: RtspStreamOptions) {
    this.#clip = clip;
    this.join = options.join ?? 'keyframe';
    this.sessionTimeoutS = options.sessionTimeoutS ?? 60;
    this.#since = options.since ?? performance.now();
    this.authenticator =
      options.credentials && new Authenticator(options.credentials, options.auth ?? 'digest');
    codecOf(clip);
  }

  get clip(): Clip {
    return this.#clip;
  }

  set clip(clip: Clip) {
    codecOf(clip);
    this.#clip = clip;
  }

  get codec(): StreamCodec {
    return codecOf(this.#clip);
  }

  /** The index of the packet with which a client that comes now begins. */
  firstIndex(): number {
    const { packets, durationMs } = this.#clip;
    if (this.join === 'start') return 0;
    const positionMs = (performance.now() - this.#since) % durationMs;
    return Math.max(
      0,
      packets.findLastIndex(({ dtsMs, isKey }) => dtsMs <= positionMs && (isKey || this.join === 'live')),
    );
  }

  /** The session description (RFC 8866), or what the fault makes of it. */
  sdp(): string {
    const wrong = this.fault?.kind === 'wrong_sdp' ? this.fault.sdp : undefined;
    if (wrong === 'garbage') return 'this is no description\r\n=\r\n\u0000\r\n';
    const lines = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=Vedette test camera', 't=0 0', 'a=control:*'];
    if (wrong !== 'no_video') {
      lines.push(
        `m=video 0 RTP/AVP ${payloadType}`,
        'c=IN IP4 0.0.0.0',
        `a=rtpmap:${payloadType} ${wrong === 'unknown_codec' ? 'X-NEVER-HEARD-OF' : names[this.codec]}/90000`,
        ...(wrong === 'no_parameter_sets' ? [] : this.#formatParameters(wrong === 'bad_parameter_sets')),
        `a=framerate:${this.#clip.framesPerSecond}`,
        'a=control:trackID=0',
      );
    }
    return `${lines.join('\r\n')}\r\n`;
  }

  #formatParameters(isBad: boolean): string[] {
    const { codec } = this;
    if (codec === 'mjpeg') return [];
    const encode = (sets: readonly Buffer[]): string =>
      sets.map((set) => (isBad ? set.map((byte) => byte ^ 0x5a) : set).toString('base64')).join(',');
    const { vps, sps, pps } = this.#parameterSets(codec);
    const line = `a=fmtp:${payloadType} `;
    if (codec === 'hevc') {
      return [`${line}sprop-vps=${encode(vps)};sprop-sps=${encode(sps)};sprop-pps=${encode(pps)}`];
    }
    const profile = sps[0]?.toString('hex', 1, 4) ?? '42001f';
    const sets = `sprop-parameter-sets=${encode([...sps, ...pps])}`;
    return [`${line}packetization-mode=1;profile-level-id=${profile};${sets}`];
  }

  #parameterSets(codec: RtpCodec): ParameterSets {
    const keyframe = this.#clip.packets.find(({ isKey }) => isKey);
    if (keyframe === undefined) throw new Error('The clip has no key frame.');
    return parameterSetsOf(keyframe.data, codec);
  }
}

function codecOf({ codec }: Clip): StreamCodec {
  if (codec === 'h264' || codec === 'hevc' || codec === 'mjpeg') return codec;
  throw new Error(`The clip is ${codec}, expected h264, hevc or mjpeg.`);
}
