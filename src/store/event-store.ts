import type { ClipFailure, ClipOutcome } from '../core/camera-video.ts';
import type { CameraSettings } from '../core/camera-settings.ts';
import type { Camera } from '../core/camera.ts';
import type {
  Description,
  DescriptionStatus,
  EventFrame,
  EventMotion,
  EventSource,
  EventTimings,
  UserFeedback,
  VedetteEvent,
} from '../core/event.ts';
import type { MotionEvidence } from '../core/motion-evidence.ts';
import type { ProviderAttempt } from '../core/vision.ts';
import type { CleanupStore } from './cleanup-store.ts';
import type { EventStats, StatsQuery } from './event-stats.ts';
import type { StoredEvidence } from './evidence-coding.ts';
import type { NotificationStore } from './notification-store.ts';
import type { SecretStore } from './secret-store.ts';
import type { Spending } from './spending.ts';

/** What capture knows of an event. Its pictures are already on the disk. */
export interface CapturedEvent {
  readonly id: string;
  readonly cameraId: string;
  readonly source: EventSource;
  readonly timestamp: number;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly motion: EventMotion | null;
  /** What is known so far of why it fired; absent where no motion was analysed. */
  readonly evidence?: MotionEvidence;
  readonly frames: readonly EventFrame[];
  readonly thumbnailPath: string | null;
  /** Not known of captures that an earlier version left on the disk. */
  readonly thumbnailBytes?: number | null;
  readonly timings: EventTimings;
  /** Given when the event arrives described (from the API): no job is made then. */
  readonly description?: Description;
  /** With `description`: names of the targets that are to be told; one delivery row each, in the same transaction. */
  readonly deliverTo?: readonly string[];
  /** Whoever handed the event in has alerted somebody already. */
  readonly alertTriggered?: boolean;
  /** From the `Idempotency-Key` of the request that made it. */
  readonly idempotency?: { readonly key: string; readonly requestHash: string };
}

export type CaptureResult =
  | { readonly kind: 'stored'; readonly event: VedetteEvent }
  /** The same `Idempotency-Key` was used before, with the same request. */
  | { readonly kind: 'repeated'; readonly event: VedetteEvent }
  /** The same `Idempotency-Key` was used before, with another request. */
  | { readonly kind: 'conflict' };

/** A job as it is stored: one row for each event that still waits for its description. */
export interface StoredJob {
  readonly eventId: string;
  readonly cameraId: string;
  readonly startedAt: number;
  readonly attempts: number;
}

export type FinishOutcome =
  | {
      readonly status: 'done';
      readonly description: Description;
      /** Of the prompt that it answers. */
      readonly promptVersion?: string | null;
      /** The event whose description was reused. */
      readonly sameAs?: string | null;
      /** Nothing was recognised that the camera's `labels` ask for: the event says so, and nobody is told. */
      readonly isUnwanted?: boolean;
    }
  /** `reason` is a cause such as `overload` or an error code with its message; never stored as a description. */
  | { readonly status: 'failed' | 'skipped'; readonly reason: string };

export interface FinishRequest {
  readonly eventId: string;
  readonly outcome: FinishOutcome;
  readonly timings: Partial<EventTimings>;
  /** Names of the targets that are to be told; one delivery row each, in the same transaction. */
  readonly deliverTo: readonly string[];
  /** Who was asked, in order. What they cost together becomes the event's cost. */
  readonly attempts?: readonly ProviderAttempt[];
}

export interface ImproveRequest {
  readonly eventId: string;
  /** The text that stands there now: another one, of a person or of a later answer, stays. */
  readonly replaces: string;
  /** `undefined` when nothing better came: then only the attempts are kept. */
  readonly description: Description | undefined;
  readonly promptVersion?: string | null;
  /** Given when it shows what the camera's `labels` ask for and the first one did not: these are told now. */
  readonly deliverTo?: readonly string[];
  /** Those that are not stored yet. */
  readonly attempts: readonly ProviderAttempt[];
}

export interface RequeueRequest {
  /** These events, or those that the query finds, newest first. */
  readonly events: readonly string[] | Omit<EventFilter, 'descriptionStatus'>;
  /** `failed` and `skipped` unless given. Events that are pending have their job already. */
  readonly statuses?: readonly Exclude<DescriptionStatus, 'pending'>[];
  /** At most so many; 1–500. */
  readonly limit: number;
  readonly requestedBy: DescribeRequest['requestedBy'];
}

/** Somebody wanted an event described again. */
export interface DescribeRequest {
  readonly requestedAt: number;
  readonly requestedBy: 'user' | 'backfill';
  /** As the event was before. */
  readonly previousStatus: DescriptionStatus;
  readonly previousReason: string | null;
}

export interface UndescribedQuery {
  /** 1–500. */
  readonly limit: number;
  readonly newestFirst: boolean;
  /** Events that were tried so often by themselves are left to people; 3 unless given. */
  readonly maxBackfills?: number;
  /** Only events that were not queued again by themselves since then, epoch ms. */
  readonly notSince?: number;
}

/** A picture as it was sent. */
export interface SentPictureFile {
  /** As the model read it. */
  readonly label: string;
  /** Relative to the data folder, with forward slashes. */
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly sizeBytes: number;
}

/** Exactly what a provider was given for an event. */
export interface SentRequest {
  readonly provider: string;
  readonly model: string | null;
  readonly sentAt: number;
  readonly promptVersion: string;
  readonly system: string;
  readonly prompt: string;
  readonly pictures: readonly SentPictureFile[];
}

export type RecordSentResult =
  /** `removed`: of older requests that gave way; their files are to be deleted. */
  | { readonly kind: 'stored'; readonly removed: readonly SentPictureFile[] }
  /** The event was deleted meanwhile: the files of the request are to be deleted. */
  | { readonly kind: 'gone' };

/** How the episode of an event went on; what is left out stays. */
export interface EpisodeChange {
  readonly endedAt?: number;
  /** Its best so far. */
  readonly motion?: EventMotion;
  readonly evidence?: MotionEvidence;
}

/** Which events' motion: of one camera, newest first. */
export interface MotionQuery {
  readonly cameraId: string;
  /** Epoch ms, inclusive. */
  readonly startTime: number;
  /** Only what comes behind this place. */
  readonly after?: EventPlace;
  readonly limit: number;
}

/** An event that motion made, as far as it tells whether the motion was worth it. */
export interface MotionRow extends Pick<
  VedetteEvent,
  'id' | 'timestamp' | 'userFeedback' | 'isStarred' | 'objectsDetected' | 'isNothingOfInterest'
> {
  readonly isDescribed: boolean;
  /** There may be thousands: whoever needs them unpacks them where it blocks nobody. `null` when there is none. */
  readonly evidence: StoredEvidence | null;
}

/** What a person says of an event; what is left out stays, null takes away. */
export interface EventAnnotation {
  readonly userFeedback?: UserFeedback | null;
  readonly note?: string | null;
  readonly isStarred?: boolean;
}

/** As it was. */
export interface DeletedEvent extends VedetteEvent {
  /** All its files, now to be deleted; noted as tombstones until they are. */
  readonly paths: readonly string[];
}

/** How the recording of a clip ended; of one that is written the file stands in its place already. */
export type FinishedClip =
  | Extract<ClipOutcome, { readonly kind: 'written' }>
  | { readonly kind: 'failed'; readonly reason: ClipFailure };

/** Which events; what is left out, and an empty list, filters nothing. */
export interface EventFilter {
  readonly cameraIds?: readonly string[];
  /** Epoch ms, inclusive. */
  readonly startTime?: number;
  /** Epoch ms, exclusive. */
  readonly endTime?: number;
  readonly minConfidence?: number;
  /** Any of them. */
  readonly objectTypes?: readonly string[];
  readonly alertTriggered?: boolean;
  readonly descriptionStatus?: DescriptionStatus;
  readonly source?: EventSource;
  readonly userFeedback?: UserFeedback;
  readonly isStarred?: boolean;
  /** All words must match; "quoted phrases" and prefix* are understood; any text is valid. */
  readonly searchQuery?: string;
}

/** Where an event stands in the order of time. */
export interface EventPlace {
  readonly timestamp: number;
  readonly id: string;
}

/** Events in the order of time, from a place on. */
export interface EventWalk extends EventFilter {
  /** 1–500. */
  readonly limit: number;
  /** By timestamp, then id. */
  readonly sortOrder: 'asc' | 'desc';
  /** Only what comes behind this place in that order; its event may be gone. */
  readonly after?: EventPlace;
}

export interface EventQuery extends EventWalk {
  readonly offset: number;
  /** With a search: the best matches first, `sortOrder` counts for nothing then; `after` is for `time` only. */
  readonly sortBy?: 'time' | 'relevance';
}

export interface EventPage {
  readonly events: readonly VedetteEvent[];
  /** Of all pages. */
  readonly totalCount: number;
  /** False: there are at least so many. */
  readonly isTotalExact: boolean;
  readonly hasMore: boolean;
  /** For each event of the page, in its order: the description with the matches between `<mark>` and `</mark>`, HTML-escaped; `null` without a search. */
  readonly highlights: readonly (string | null)[];
}

export type DeliveryStatus = 'pending' | 'sent' | 'dead';

/** Of an event or of a notification, never of both. */
export interface Delivery {
  readonly id: string;
  readonly eventId: string | null;
  readonly notificationId: string | null;
  readonly target: string;
  readonly type: string;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  /** Epoch ms; when it is due next. */
  readonly nextAttemptAt: number;
  readonly lastError: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/**
 * The one way to what is stored. All calls run in the database's worker thread. A call that meets a database that is
 * busy, locked or unreachable rejects with AppError `STORE_UNAVAILABLE` (`isRetryable`).
 */
export interface Store extends AsyncDisposable {
  readonly events: EventStore;
  readonly cameras: CameraStore;
  readonly deliveries: DeliveryStore;
  readonly notifications: NotificationStore;
  readonly settings: SettingStore;
  readonly spending: Spending;
  readonly secrets: SecretStore;
  readonly cleanup: CleanupStore;
  /** Reads and writes one row; rejects when that is not possible now. */
  checkHealth(): Promise<{ readonly schemaVersion: number; readonly sizeBytes: number }>;
}

export interface EventStore {
  /** Event, frames and (without a description) its job in one transaction, durable (`synchronous=FULL`) when this resolves. */
  capture(event: CapturedEvent): Promise<CaptureResult>;
  /**
   * Description or failure, attempts, job gone, deliveries in the outbox: one transaction. An event that was described
   * before and is not this time keeps its description and is `done` again. `undefined` when the event was deleted
   * meanwhile.
   */
  finish(request: FinishRequest): Promise<VedetteEvent | undefined>;
  /**
   * A better description takes the place of the first one, and nobody is told but who watches the event. `undefined` when
   * it was not replaced; the attempts are kept all the same.
   */
  improve(request: ImproveRequest): Promise<VedetteEvent | undefined>;
  /** Who was asked for this event, oldest first; the last 50. */
  attempts(eventId: string): Promise<ProviderAttempt[]>;
  /**
   * Makes events pending again, each with a job of no attempts; a description that is there stays until another one
   * comes. Events without a picture are left: they could not be described. Answers the jobs, newest event first.
   */
  requeue(request: RequeueRequest): Promise<StoredJob[]>;
  /** Events with a picture that failed or were skipped: those first that were tried least often. */
  undescribed(query: UndescribedQuery): Promise<string[]>;
  /** When the event was queued again, oldest first; the last 50. */
  describeRequests(eventId: string): Promise<DescribeRequest[]>;
  /** Keeps what was sent; the pictures are on the disk already. At most 8 requests an event, the oldest give way. */
  recordSent(eventId: string, request: SentRequest): Promise<RecordSentResult>;
  /** Oldest first. */
  sentRequests(eventId: string): Promise<SentRequest[]>;
  /** The episode went on. `undefined` when the event is gone. */
  extend(eventId: string, change: EpisodeChange): Promise<VedetteEvent | undefined>;
  /** Motion and what people said of it. */
  motion(query: MotionQuery): Promise<MotionRow[]>;
  /** Why these events fired, by their ids; those of which nothing is known are missing. */
  evidence(eventIds: readonly string[]): Promise<ReadonlyMap<string, MotionEvidence>>;
  /** `undefined` when the event is gone. */
  annotate(eventId: string, annotation: EventAnnotation): Promise<VedetteEvent | undefined>;
  /** A clip of this event is being recorded and will stand at this path; false when the event is gone. */
  beginClip(eventId: string, path: string): Promise<boolean>;
  /** `undefined` when the event was deleted meanwhile: then the file is to be deleted, too. */
  finishClip(eventId: string, outcome: FinishedClip): Promise<VedetteEvent | undefined>;
  /** After a crash: the clips that were being recorded then have failed. Answers their paths: their files are to be deleted. */
  failOpenClips(reason: ClipFailure): Promise<string[]>;
  /** Counts one attempt before a worker starts, so that a job that kills the process is counted too. Answers the attempts so far; `undefined` when there is no such job. */
  beginAttempt(eventId: string): Promise<number | undefined>;
  /** Takes the attempt back: the worker was stopped, it did not fail. */
  releaseAttempt(eventId: string): Promise<void>;
  /** Oldest first. */
  pendingJobs(): Promise<StoredJob[]>;
  get(id: string): Promise<VedetteEvent | undefined>;
  list(query: EventQuery): Promise<EventPage>;
  /** How many, by what. */
  stats(query: StatsQuery): Promise<EventStats>;
  /** A stretch of the list, without its total. */
  walk(query: EventWalk): Promise<VedetteEvent[]>;
  /** `undefined` when there was none. */
  delete(id: string): Promise<DeletedEvent | undefined>;
  /** After a crash: ends the episodes that were open then, at the time of their picture. Answers how many. */
  closeOpenEpisodes(): Promise<number>;
  /** Which of these ids exist; for finding files that belong to nothing. */
  existing(ids: readonly string[]): Promise<string[]>;
}

type CameraExtras = CameraSettings & Pick<Camera, 'isLocalOnly' | 'promptAddition' | 'maxEventsPerHour'>;

/** What is left out of limits and settings has its default; in a change it stays as it is. */
export type CameraInput = Omit<Camera, 'id' | 'createdAt' | 'updatedAt' | keyof CameraExtras> &
  Partial<CameraExtras>;

export interface CameraStore {
  list(): Promise<Camera[]>;
  get(id: string): Promise<Camera | undefined>;
  /** Rejects with `CAMERA_NAME_TAKEN`. */
  create(camera: CameraInput): Promise<Camera>;
  /** Rejects with `CAMERA_NAME_TAKEN`; `undefined` when there is no such camera. */
  update(id: string, change: Partial<CameraInput>): Promise<Camera | undefined>;
  /** The row stays for the events that name it, but no list or look-up shows it again. */
  delete(id: string): Promise<boolean>;
  /** Makes the cameras of this origin exactly these, matched by name: creates, updates and deletes. */
  replaceAll(origin: Camera['origin'], cameras: readonly CameraInput[]): Promise<Camera[]>;
}

export interface DeliveryStore {
  /** Of one target: pending and due at `now`, oldest first. */
  due(target: string, now: number, limit: number): Promise<Delivery[]>;
  markSent(id: string, now: number): Promise<void>;
  /** `nextAttemptAt` null: it is dead. */
  markFailed(id: string, error: string, nextAttemptAt: number | null, now: number): Promise<void>;
  /** Makes a dead or pending delivery due now; `undefined` when there is none. */
  retry(id: string, now: number): Promise<Delivery | undefined>;
  list(query: {
    readonly status?: DeliveryStatus;
    readonly limit: number;
    readonly offset: number;
  }): Promise<{
    readonly deliveries: readonly Delivery[];
    readonly totalCount: number;
  }>;
}

export interface SettingStore {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
}
