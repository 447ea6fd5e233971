import type { DecodeMode, Polygon, Zone } from './camera-settings.ts';
import type { CameraCause, DecodeState, PictureStream } from './camera.ts';
import type { ClipOrder, ClipRecording, LiveChunk } from './camera-video.ts';
import { AppError } from './errors.ts';
import type { AnalysedFrame, Picture, StreamInfo } from './frame.ts';
import type { Sensitivity } from './motion.ts';

/**
 * One connection to one camera. Opened once; whoever wants to reconnect creates another source.
 *
 * `open` yields frames at the camera's frame rate until the signal aborts (then it returns), a recording ends (then
 * it returns too) or the connection is lost (then it throws a `CameraLostError` with its typed cause). Of a live camera
 * frames of a still scene come up to a second late, several at once; those that move come at once.
 */
export interface CameraSource extends AsyncDisposable {
  /** May be called once. */
  open(signal: AbortSignal): AsyncIterable<AnalysedFrame>;
  /**
   * What is black in every frame and picture of this source, its rim included: see `PrivacyMask`. A camera is not opened
   * with a source whose masks are not its own.
   */
  readonly masks: readonly Polygon[];
  /** Of the stream that is analysed; known once the first frame has come. */
  readonly info: StreamInfo | undefined;
  /** Where `pictures` come from; `undefined` as long as that is not known. */
  readonly pictureStream: PictureStream | undefined;
  /** What of the analysed stream is decoded; kinds of source that have no choice lack it. */
  readonly decode?: DecodeState | undefined;
  /**
   * Whether the reader would make an event of what moves: then moving frames come at once and with their gray pictures,
   * otherwise as those of a still scene do. True until it says otherwise.
   */
  watchClosely?(isClose: boolean): void;
  /** Whether something may move that the pictures do not show: then all of them are decoded, and frames come at once. */
  expectMotion?(isExpected: boolean): void;
  /**
   * The full-resolution pictures of frames that `open` has yielded, in the order asked for, decoded cleanly from the
   * packets that are kept of the last seconds.
   *
   * @param capturedAt of the frames; at most 8
   * @throws AppError `PICTURE_GONE` when the packets are no longer kept, `CAMERA_LOST` when the connection has gone
   */
  pictures(capturedAt: readonly number[], signal: AbortSignal): Promise<Picture[]>;
  /** Begins to write a clip of the packets that are kept and of those that come. */
  recordClip(order: ClipOrder): ClipRecording;
  /**
   * The packets as fragmented MP4, from the newest key frame on, until the signal aborts or the stream ends: then it
   * returns. A reader that is too slow misses pictures up to a key frame. At most one reader at a time.
   *
   * @throws AppError `LIVE_NOT_PLAYABLE` when browsers can't play the camera's format, `CAMERA_LOST`
   */
  live(signal: AbortSignal): AsyncIterable<LiveChunk>;
}

/** The connection is gone, or was never made. The message says what the cause means and what to do. */
export class CameraLostError extends AppError {
  readonly cameraCause: CameraCause;

  constructor(cameraCause: CameraCause, message: string, options: { cause?: unknown } = {}) {
    super('CAMERA_LOST', message, options);
    this.name = 'CameraLostError';
    this.cameraCause = cameraCause;
  }
}

/** How the decoder is to open an address. */
export interface StreamRequest {
  /** For logs: the camera's name. */
  readonly name: string;
  /** The streams of one camera are read by one process. */
  readonly cameraId: string;
  /**
   * `analysis`: yields frames. `pictures`: yields none; its packets are kept, undecoded, for the pictures of moments
   * that another stream of the camera names.
   */
  readonly purpose: 'analysis' | 'pictures';
  readonly protocol: 'rtsp' | 'http_mjpeg' | 'http_snapshot' | 'hls' | 'usb' | 'synthetic' | 'file';
  /**
   * An absolute path for `file` and `usb`, the URL of the painter's module for `synthetic`, an address without credentials
   * otherwise.
   */
  readonly url: string;
  readonly username: string | null;
  readonly password: string | null;
  /** Only for `rtsp`. */
  readonly transport: 'tcp' | 'udp';
  /** Only for `hls`: which one to take of several of the same picture. */
  readonly variant?: 'largest' | 'smallest';
  /** Only for `usb`, where it says what to ask the camera for, and `synthetic`, where it says what is painted. */
  readonly capture?: CaptureMode;
  /** Blackened in everything that comes of the stream. */
  readonly masks: readonly Polygon[];
  /** Analysed frames per second, 1–30. */
  readonly frameRate: number;
  /** How its frames are judged; without it they are not, and each comes with its gray picture. */
  readonly motion?: MotionRequest;
  /** Of a recording: `realtime` yields as a camera would, `fastest` as quickly as the reader takes them. */
  readonly pacing: 'realtime' | 'fastest';
  /** Of the analysed stream; a recording that is read as fast as it goes is always decoded in full. */
  readonly decode: DecodeMode;
  /** Of a recording: begins again at its end, for ever. */
  readonly isLooping: boolean;
  /** Packets are kept at least so long, ms, as far as they fit: for clips that begin before their event. */
  readonly keepMs?: number;
}

/** What motion analysis needs to know, beside the masks and the frame rate. */
export interface MotionRequest {
  readonly sensitivity: Sensitivity;
  /** Where motion counts; empty for everywhere. */
  readonly zones: readonly Zone[];
  /** Frames that do not move tell what was nearest to moving. */
  readonly isExplaining?: boolean;
  /** Of a recording: the empty scene is learnt from so much of its beginning, ms, before that is judged. */
  readonly learnFirstMs?: number;
}

export interface CaptureMode {
  /** Pixels; `null` for what the camera prefers. */
  readonly size: { readonly width: number; readonly height: number } | null;
  readonly framesPerSecond: number | null;
  /** As FFmpeg names it: `mjpeg`, `yuyv422`, `h264`, … */
  readonly format: string | null;
}

/** Opens streams in decoder processes that may die without harm. */
export interface StreamOpener {
  openStream(request: StreamRequest): CameraSource;
}
