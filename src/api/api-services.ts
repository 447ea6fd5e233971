import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { AddressHint } from '../cameras/address-hints.ts';
import type { DiscoveredDevice, DiscoverOptions } from '../cameras/onvif/discover-cameras.ts';
import type { LiveChunk } from '../core/camera-video.ts';
import type { Camera, CameraCause, CameraState } from '../core/camera.ts';
import type { Clock } from '../core/clock.ts';
import type { AppError } from '../core/errors.ts';
import type { VedetteEvent } from '../core/event.ts';
import type { Picture, StreamInfo } from '../core/frame.ts';
import type { LiveFeed } from '../core/live-feed.ts';
import type { Logger } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import type { CameraTuning } from '../core/tuning.ts';
import type { MotionEvidence } from '../core/motion-evidence.ts';
import type { DatabaseReport } from '../store/database-check.ts';
import type { CameraInput, CaptureResult, EventAnnotation, Store } from '../store/event-store.ts';
import type { AiServices } from './ai-services.ts';
import type { RetentionService } from './retention-service.ts';

export interface CameraWithState {
  readonly camera: Camera;
  readonly state: CameraState;
}

export interface CameraTestResult {
  /** Of the stream that pictures come from. */
  readonly info: StreamInfo;
  /** Of the one that is analysed. */
  readonly analysis: StreamInfo;
  readonly picture: Picture;
  /** From the start of connecting to the first picture. */
  readonly latencyMs: number;
}

export interface VideoViewer {
  /** An `init` first, then `media` from a key frame on; must not block or throw. */
  onChunk(chunk: LiveChunk): void;
  /** Nothing comes any more. With an error when this camera's video can't be played at all. */
  onEnd(error?: AppError): void;
}

export interface PictureViewer {
  onPicture(picture: Picture): void;
  onEnd(): void;
}

/** The cameras as they run. */
export interface CameraService {
  /** The kinds of camera that can be set up. */
  readonly types: readonly {
    readonly type: string;
    readonly title: string;
    readonly url: z.ZodType<string>;
    readonly hasSubStream: boolean;
    accepts(url: string): boolean;
  }[];
  list(): readonly CameraWithState[];
  get(id: string): CameraWithState | undefined;
  /** Stores and starts it. */
  create(input: CameraInput): Promise<CameraWithState>;
  /** Stores the change and restarts the camera when the change asks for it; `undefined` when there is none. */
  update(id: string, change: Partial<CameraInput>): Promise<CameraWithState | undefined>;
  delete(id: string): Promise<boolean>;
  /** Drops the connection and connects at once. */
  reconnect(id: string): void;
  /** Connects, takes one picture and disconnects; nothing is stored. Throws a `CameraLostError` with its typed cause. */
  test(input: CameraInput): Promise<CameraTestResult>;
  /** What to try instead of an address that failed a test; takes some seconds at most. */
  hints(input: CameraInput, cause: CameraCause): Promise<readonly AddressHint[]>;
  /** Finds ONVIF cameras on the network; nothing is stored. */
  discover(options: DiscoverOptions): Promise<readonly DiscoveredDevice[]>;
  /** The latest picture. Throws `CAMERA_NOT_STREAMING`. */
  preview(id: string): Promise<Picture>;
  /**
   * Its own video, as fragments of MP4, until the way out that comes back is taken. Throws `CAMERA_NOT_FOUND`, and
   * `LIVE_NOT_PLAYABLE` for a camera with privacy masks.
   */
  watchVideo(id: string, viewer: VideoViewer): () => void;
  /** Pictures of what it sees now, until the way out that comes back is taken. Throws `CAMERA_NOT_FOUND`. */
  watchPictures(id: string, viewer: PictureViewer): () => void;
  /** Captures and describes what the camera sees now. Throws `CAMERA_NOT_STREAMING`. */
  analyze(id: string): Promise<VedetteEvent>;
}

export interface SubmittedEvent {
  readonly cameraId: string;
  readonly timestamp: number;
  readonly description: string | null;
  readonly confidence: number | null;
  readonly objectsDetected: readonly string[];
  /** Set by whoever sends the event; rules that match it may set it too. */
  readonly alertTriggered: boolean;
  /** Any picture format that can be read; checked by its bytes. */
  readonly picture: Uint8Array | null;
  readonly idempotency?: { readonly key: string; readonly requestHash: string };
}

export interface StoredClip {
  readonly sizeBytes: number;
  /** @param range both inclusive */
  read(range: { readonly first: number; readonly last: number }): Readable;
}

/** The same capture and the same finish that every event goes through. */
export interface EventService {
  submit(event: SubmittedEvent): Promise<CaptureResult>;
  /**
   * Has it described again; answers it as it is now, pending. `undefined` when there is none. Throws `RATE_LIMITED` past
   * three times an hour, and `PICTURE_NOT_FOUND` for an event without a picture.
   */
  describe(id: string): Promise<VedetteEvent | undefined>;
  /** What a person says of it; `undefined` when there is no such event. */
  annotate(id: string, annotation: EventAnnotation): Promise<VedetteEvent | undefined>;
  /** Row, files and waiting job; false when there was none. */
  delete(id: string): Promise<boolean>;
  /** The bytes of a stored picture. Throws `PICTURE_NOT_FOUND`. */
  readPicture(path: string): Promise<Uint8Array>;
  /** A stored picture with the event's heat and its subject's way drawn over it. Throws `PICTURE_NOT_FOUND`. */
  drawHeatMap(path: string, evidence: MotionEvidence): Promise<Uint8Array>;
  /** A stored clip. Throws `CLIP_NOT_FOUND`. */
  openClip(path: string): Promise<StoredClip>;
}

export interface TuningService {
  /** What would have kept the false motion of the last week away. Throws `RATE_LIMITED` when too many ask at once. */
  propose(camera: Camera): Promise<CameraTuning>;
}

export interface ComponentHealth {
  readonly status: 'healthy' | 'degraded' | 'down';
  /** What is wrong and what to do; `null` when nothing is. */
  readonly cause: string | null;
}

export interface HealthReport extends Pick<ComponentHealth, 'status'> {
  readonly components: Readonly<Record<string, ComponentHealth>>;
}

/** Everything that the API needs of the running application. */
export interface ApiServices {
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly store: Pick<Store, 'events' | 'deliveries' | 'notifications' | 'spending'>;
  readonly cameras: CameraService;
  readonly events: EventService;
  readonly ai: AiServices;
  readonly tuning: TuningService;
  readonly retention: RetentionService;
  /** Reads the whole database: may take minutes. */
  checkDatabase(depth: 'quick' | 'full'): Promise<DatabaseReport>;
  readonly live: LiveFeed;
  readonly metrics: Metrics;
  /** Looks at every component now; answers within 500 ms. */
  health(): Promise<HealthReport>;
  /** False until everything is started and from the first stop signal on. */
  isReady(): boolean;
  /** Told whenever the number of WebSocket clients changes. */
  setLiveClients(count: number): void;
}
