import type { StreamRequest } from '../core/camera-source.ts';
import type { CameraCause, DecodeState } from '../core/camera.ts';
import type { ClipOrder, ClipOutcome, LiveChunk } from '../core/camera-video.ts';
import type { AnalysedFrame, Picture, StreamInfo } from '../core/frame.ts';
import type { StreamProof } from './stream-proof.ts';

/** What the service tells a media host. `stream` and `request` are numbers that the service gives out. */
export type ToHost =
  | {
      readonly kind: 'open';
      readonly stream: number;
      readonly request: StreamRequest;
      readonly limits: StreamLimits;
      /** Of the camera's connection before. */
      readonly proof?: StreamProof;
    }
  /** Stop reading and close the connection. What is kept for pictures stays. Answered by `stopped`. */
  | { readonly kind: 'stop'; readonly stream: number }
  /** Stop, and free everything. Answered by `closed`. */
  | { readonly kind: 'close'; readonly stream: number }
  /** The reader has taken one message with frames: one more may be under way. `isClose` as `watchClosely` says. */
  | { readonly kind: 'ack'; readonly stream: number; readonly isClose: boolean }
  | { readonly kind: 'expect'; readonly stream: number; readonly isExpected: boolean }
  | {
      readonly kind: 'pictures';
      readonly stream: number;
      readonly request: number;
      readonly capturedAt: readonly number[];
    }
  /** Nobody waits for these pictures any more. */
  | { readonly kind: 'forget'; readonly stream: number; readonly request: number }
  | ToOutlets
  | { readonly kind: 'ping' }
  /** Close every stream and exit. */
  | { readonly kind: 'shutdown' };

/** Of the packets themselves. `clip` and `live` are numbers that the service gives out. */
export type ToOutlets =
  /** Answered by `clip`, once it is whole, has failed or was discarded. */
  | {
      readonly kind: 'clip_begin';
      readonly stream: number;
      readonly clip: number;
      readonly order: ClipOrder;
    }
  /** Its last picture is that of `at`, epoch ms. */
  | { readonly kind: 'clip_end'; readonly stream: number; readonly clip: number; readonly at: number }
  | { readonly kind: 'clip_discard'; readonly stream: number; readonly clip: number }
  /** Ends the one that runs. Answered by `live_refused`, or by chunks and at last `live_end`. */
  | { readonly kind: 'live_begin'; readonly stream: number; readonly live: number }
  | { readonly kind: 'live_end'; readonly stream: number; readonly live: number }
  /** So many bytes of its chunks are handed on: as many may follow. */
  | {
      readonly kind: 'live_ack';
      readonly stream: number;
      readonly live: number;
      readonly sizeBytes: number;
    };

/** What a media host tells the service. */
export type FromHost =
  /** The decoder library is loaded and messages are read. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'info'; readonly stream: number; readonly info: StreamInfo }
  | { readonly kind: 'frames'; readonly stream: number; readonly frames: readonly AnalysedFrame[] }
  /** What is decoded for analysis from now on. */
  | { readonly kind: 'decode'; readonly stream: number; readonly decode: DecodeState }
  /** What the stream has proved so far: every minute, and before `stopped`. */
  | { readonly kind: 'proof'; readonly stream: number; readonly proof: StreamProof }
  /** The recording is over. */
  | { readonly kind: 'end'; readonly stream: number }
  | {
      readonly kind: 'lost';
      readonly stream: number;
      readonly cause: CameraCause;
      /** Without secrets. */
      readonly message: string;
    }
  /** The connection is closed and no native call for reading or decoding is under way. */
  | { readonly kind: 'stopped'; readonly stream: number }
  | { readonly kind: 'closed'; readonly stream: number }
  | {
      readonly kind: 'pictures';
      readonly stream: number;
      readonly request: number;
      readonly pictures: readonly Picture[];
    }
  | {
      readonly kind: 'no_pictures';
      readonly stream: number;
      readonly request: number;
      readonly message: string;
    }
  | FromOutlets
  | { readonly kind: 'pong'; readonly counters: HostCounters };

export type FromOutlets =
  | {
      readonly kind: 'clip';
      readonly stream: number;
      readonly clip: number;
      readonly outcome: ClipOutcome;
    }
  | {
      readonly kind: 'live_chunk';
      readonly stream: number;
      readonly live: number;
      readonly chunk: LiveChunk;
    }
  /** Browsers can't play this codec. */
  | {
      readonly kind: 'live_refused';
      readonly stream: number;
      readonly live: number;
      readonly codec: string;
    }
  | { readonly kind: 'live_end'; readonly stream: number; readonly live: number };

/** Bounds of one stream. */
export interface StreamLimits {
  /** Until the connection is made and the first packet has come, ms. */
  readonly openMs: number;
  /** Without a packet, ms; then the connection is given up. */
  readonly noPacketMs: number;
  /** A live stream of which nothing can be decoded for so long is given up, ms. */
  readonly onlyErrorsMs: number;
  /** Of the packets kept for pictures: at least so long, in whole groups of pictures, ms … */
  readonly ringMs: number;
  /** … as far as they fit into so many bytes. */
  readonly ringBytes: number;
}

/** Since the host was started. */
export interface HostCounters {
  /** Frames for which the reader was too slow; a newer one took their place. */
  readonly framesDropped: number;
  /** Packets, frames included, that could not be decoded. */
  readonly packetsCorrupt: number;
  /** Packets of live streams that the decoder was too slow for, or that waited for a key frame in vain. */
  readonly packetsSkipped: number;
  /** Packets that left the ring early because it was full. */
  readonly packetsEvicted: number;
  /** Packets that a live view left out, being behind. */
  readonly liveSkipped: number;
}

export type HostCounter = keyof HostCounters;

export const noCounters: HostCounters = {
  framesDropped: 0,
  packetsCorrupt: 0,
  packetsSkipped: 0,
  packetsEvicted: 0,
  liveSkipped: 0,
};

/** More than what a host may send beyond the reader's acknowledgements: unacknowledged messages with frames of one stream. */
export const frameWindow = { live: 4, lossless: 8 } as const;

/** Requests for pictures that may wait in one stream. */
export const pictureRequestLimit = 8;
