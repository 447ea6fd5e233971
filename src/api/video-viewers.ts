import type { WebSocket } from '@fastify/websocket';
import type { LiveChunk } from '../core/camera-video.ts';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import { toWireTime } from '../core/wire-values.ts';
import { apiPrefix } from './api-app.ts';
import type { CameraService } from './api-services.ts';
import { closeCodes, type WebSockets } from './web-sockets.ts';

/** What may wait unsent for one viewer; one that has more misses pictures until it has caught up, up to a key frame. */
const maxBufferedBytes = 4 * 1024 * 1024;
/** One that has not caught up after so long never will. */
const maxBehindMs = 20_000;

/** A text message; binary ones are the segment that `INIT` announces, and then one fragment for each picture. */
export type VideoWire =
  | { readonly type: 'INIT'; readonly mime_type: string; readonly started_at: string }
  /** Nothing comes: `fallback_url` shows the camera in another way. */
  | {
      readonly type: 'ERROR';
      readonly code: string;
      readonly message: string;
      readonly fallback_url: string;
    };

interface VideoViewersContext {
  readonly cameras: CameraService;
  readonly sockets: WebSockets;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'countError'>;
}

/** Who watches the live video of a camera. */
export class VideoViewers {
  readonly #context: VideoViewersContext;

  constructor(context: VideoViewersContext) {
    this.#context = context;
  }

  accept(socket: WebSocket, cameraId: string): void {
    if (!this.#context.sockets.accept(socket)) return;
    const viewer = new VideoViewer(socket, cameraId, this.#context);
    try {
      const leave = this.#context.cameras.watchVideo(cameraId, viewer);
      socket.on('close', leave);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      viewer.onEnd(error);
    }
  }
}

class VideoViewer {
  readonly #socket: WebSocket;
  readonly #cameraId: string;
  readonly #context: VideoViewersContext;
  /** Monotonic, while pictures are left out. */
  #behindSince: number | undefined;

  constructor(socket: WebSocket, cameraId: string, context: VideoViewersContext) {
    this.#socket = socket;
    this.#cameraId = cameraId;
    this.#context = context;
  }

  onChunk(chunk: LiveChunk): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    if (chunk.kind === 'init') {
      const { mimeType, startedAt } = chunk;
      this.#tell({ type: 'INIT', mime_type: mimeType, started_at: toWireTime(startedAt) });
      socket.send(chunk.bytes);
    } else if (this.#hasRoom(chunk.isKeyframe)) socket.send(chunk.bytes);
  }

  onEnd(error?: AppError): void {
    if (error === undefined) {
      this.#socket.close(closeCodes.goingAway, 'the camera was changed or removed');
      return;
    }
    const { code, message } = error;
    const fallback = `${apiPrefix}/cameras/${this.#cameraId}/stream`;
    this.#tell({ type: 'ERROR', code, message, fallback_url: fallback });
    this.#socket.close(closeCodes.done, 'there is no video');
  }

  #hasRoom(isKeyframe: boolean): boolean {
    const { clock, log, metrics } = this.#context;
    const now = clock.monotonic();
    const { bufferedAmount } = this.#socket;
    if (this.#behindSince === undefined) {
      if (bufferedAmount <= maxBufferedBytes) return true;
      this.#behindSince = now;
      metrics.countError('live_video', 'SLOW_CLIENT');
    } else if (isKeyframe && bufferedAmount <= maxBufferedBytes / 2) {
      this.#behindSince = undefined;
      return true;
    } else if (now - this.#behindSince > maxBehindMs) {
      log.warn({ bufferedBytes: bufferedAmount }, 'a viewer of live video reads too slowly: cut off');
      this.#socket.terminate();
    }
    return false;
  }

  #tell(message: VideoWire): void {
    this.#socket.send(JSON.stringify(message));
  }
}
