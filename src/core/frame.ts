import type { MotionSample } from './motion.ts';
import type { PicturePrint } from './picture-print.ts';

/** Of the picture that is analysed, whatever its shape: as many as 320 × 180 has, which is enough for motion and cheap. */
export const analysisPixels = 57_600;

/** Which frame of one camera it is, and what is known of it beside its pixels. */
export interface FrameFacts {
  /** Counts the frames of one connection from 0; a gap is a frame that was left out. */
  readonly sequence: number;
  /** When it was taken, epoch milliseconds UTC. Also names the frame when its full-resolution picture is asked for. */
  readonly capturedAt: number;
  /** Milliseconds since the first frame of the stream or recording. */
  readonly mediaTimeMs: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /**
   * Of the newest key picture of a live stream, with the first frame that comes after it; absent where there is none, and
   * with recordings. Key pictures are coded without regard to others, so they show what the sensor saw.
   */
  readonly keyPrint?: PicturePrint;
}

/** One picture of one camera, as small and gray as motion analysis needs it. */
export interface AnalysisFrame extends FrameFacts {
  /** Luma, full range 0..255, row by row without padding: `width * height` bytes. */
  readonly gray: Uint8Array<ArrayBuffer>;
}

/** What comes of a frame out of the decoder's process: what motion analysis said of it. */
export interface AnalysedFrame extends FrameFacts {
  /** Absent when motion analysis failed on this frame, and of streams that are not judged. */
  readonly sample?: MotionSample;
  /** Why motion analysis failed on it. */
  readonly failure?: string;
  /** As of `AnalysisFrame`: of moving frames while the reader watches closely, and of all frames of streams that are not judged. */
  readonly gray?: Uint8Array<ArrayBuffer>;
}

/** A full-resolution picture of a frame, as the camera saw it. */
export interface Picture {
  /** Of the frame that it shows; may differ by a fraction of the frame interval from what was asked for. */
  readonly capturedAt: number;
  /** Pixels of the JPEG. */
  readonly width: number;
  readonly height: number;
  readonly jpeg: Uint8Array;
}

/** What is known of a stream once it is open. */
export interface StreamInfo {
  /** As FFmpeg names it: `h264`, `hevc`, `mjpeg`, … */
  readonly codec: string;
  /** Pixels of the stream, before any scaling. */
  readonly width: number;
  readonly height: number;
  /** What the stream declares; `null` when it declares nothing usable. */
  readonly framesPerSecond: number | null;
  /** Of a recording; `null` for a live stream. */
  readonly durationMs: number | null;
}
