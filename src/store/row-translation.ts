import type { Insertable, Selectable, Updateable } from 'kysely';
import { defaultCameraSettings } from '../core/camera-settings.ts';
import type { Camera } from '../core/camera.ts';
import type { EventClip, EventFrame, EventMotion, EventTimings, VedetteEvent } from '../core/event.ts';
import type { MotionEvidence } from '../core/motion-evidence.ts';
import type { ProviderAttempt } from '../core/vision.ts';
import { unpackEvidence } from './evidence-coding.ts';
import type {
  CameraTable,
  DeliveryTable,
  DescribeRequestTable,
  EventClipTable,
  EventEvidenceTable,
  EventFrameTable,
  EventTable,
  JobTable,
  ProviderAttemptTable,
  SentPictureTable,
} from './database-schema.ts';
import type {
  CameraInput,
  CapturedEvent,
  Delivery,
  MotionRow,
  DescribeRequest,
  SentPictureFile,
  StoredJob,
} from './event-store.ts';

/** The one place where rows (snake_case, JSON text, 0 and 1) become what the program speaks of, and back. */

export type EventRow = Omit<
  Selectable<EventTable>,
  'position' | 'backfills' | 'backfilled_at' | 'thumbnail_bytes'
>;

export const eventColumns = [
  'id',
  'camera_id',
  'camera_name',
  'source',
  'timestamp',
  'started_at',
  'ended_at',
  'description',
  'title',
  'description_status',
  'description_reason',
  'confidence',
  'objects_detected',
  'actions_json',
  'is_nothing_of_interest',
  'detections_json',
  'motion_json',
  'provider',
  'model',
  'prompt_version',
  'same_as',
  'thumbnail_path',
  'alert_triggered',
  'user_feedback',
  'note',
  'is_starred',
  'captured_ms',
  'queued_ms',
  'described_ms',
  'stored_ms',
  'total_ms',
  'cost_usd',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof EventRow)[];

// What JSON.parse reads here is what this module has written: the types of the fields hold.

export function toEvent(row: EventRow, frames: readonly EventFrame[], clip: EventClip | null): VedetteEvent {
  return {
    id: row.id,
    cameraId: row.camera_id,
    cameraName: row.camera_name,
    source: row.source,
    timestamp: row.timestamp,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    description: row.description,
    title: row.title,
    descriptionStatus: row.description_status,
    descriptionReason: row.description_reason,
    confidence: row.confidence,
    objectsDetected: JSON.parse(row.objects_detected),
    actions: JSON.parse(row.actions_json),
    isNothingOfInterest: row.is_nothing_of_interest === 1,
    detections: JSON.parse(row.detections_json),
    motion: row.motion_json === null ? null : toMotion(row.motion_json),
    provider: row.provider,
    model: row.model,
    promptVersion: row.prompt_version,
    sameAs: row.same_as,
    frames,
    clip,
    thumbnailPath: row.thumbnail_path,
    alertTriggered: row.alert_triggered === 1,
    userFeedback: row.user_feedback,
    note: row.note,
    isStarred: row.is_starred === 1,
    timings: {
      captured: row.captured_ms,
      queued: row.queued_ms,
      described: row.described_ms,
      stored: row.stored_ms,
      total: row.total_ms,
    },
    costUsd: row.cost_usd,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function toMotionRow(
  row: Pick<
    EventRow,
    | 'id'
    | 'timestamp'
    | 'user_feedback'
    | 'is_starred'
    | 'objects_detected'
    | 'is_nothing_of_interest'
    | 'description_status'
  > & { readonly evidence_json: string | null; readonly evidence_packed: Uint8Array | null },
): MotionRow {
  return {
    id: row.id,
    timestamp: row.timestamp,
    userFeedback: row.user_feedback,
    isStarred: row.is_starred === 1,
    objectsDetected: JSON.parse(row.objects_detected),
    isNothingOfInterest: row.is_nothing_of_interest === 1,
    isDescribed: row.description_status === 'done',
    evidence: row.evidence_packed ?? row.evidence_json,
  };
}

export function toEvidence(row: Selectable<EventEvidenceTable>): MotionEvidence {
  return unpackEvidence(row.evidence_packed ?? row.evidence_json);
}

export interface DescriptionOrigin {
  readonly promptVersion?: string | null;
  readonly sameAs?: string | null;
}

/** What a description says of an event; each label once, in its order. */
export function descriptionColumns(
  description: CapturedEvent['description'],
  origin: DescriptionOrigin = {},
) {
  const labels = [...new Set(description?.objects)];
  return {
    columns: {
      description: description?.text ?? null,
      // Captures that an earlier version left on the disk know less of a description.
      title: description?.title ?? null,
      confidence: description?.confidence ?? null,
      objects_detected: JSON.stringify(labels),
      actions_json: JSON.stringify(description?.actions ?? []),
      is_nothing_of_interest: description?.isNothingOfInterest === true ? 1 : 0,
      detections_json: JSON.stringify(description?.detections ?? []),
      provider: description?.provider ?? null,
      model: description?.model ?? null,
      prompt_version: origin.promptVersion ?? null,
      same_as: origin.sameAs ?? null,
      cost_usd: description?.costUsd ?? null,
    } satisfies Partial<EventRow>,
    labels,
  };
}

/** Times are stored in whole milliseconds. */
export function toMilliseconds(time: number): number {
  return Math.round(time);
}

/** Events from before there were zones touched none. */
function toMotion(json: string): EventMotion {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by `motionColumn`
  const motion = JSON.parse(json) as Omit<EventMotion, 'zones'> & Partial<EventMotion>;
  return { ...motion, zones: motion.zones ?? [] };
}

export function motionColumn(motion: EventMotion | null): string | null {
  return motion === null ? null : JSON.stringify(motion);
}

/** Only the stages that are given. */
export function timingColumns(timings: Partial<EventTimings>): Updateable<EventTable> {
  return {
    ...(timings.captured !== undefined && { captured_ms: timings.captured }),
    ...(timings.queued !== undefined && { queued_ms: timings.queued }),
    ...(timings.described !== undefined && { described_ms: timings.described }),
    ...(timings.stored !== undefined && { stored_ms: timings.stored }),
    ...(timings.total !== undefined && { total_ms: timings.total }),
  };
}

export function toEventFrame(row: Omit<Selectable<EventFrameTable>, 'event_id'>): EventFrame {
  return {
    number: row.number,
    capturedAt: row.captured_at,
    path: row.path,
    width: row.width,
    height: row.height,
    sizeBytes: row.size_bytes,
    regions: JSON.parse(row.regions_json),
  };
}

export function toEventClip(row: Selectable<EventClipTable>): EventClip {
  return {
    status: row.status,
    reason: row.reason,
    path: row.path,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    sizeBytes: row.size_bytes,
    codec: row.codec,
    width: row.width,
    height: row.height,
  };
}

export function frameRow(eventId: string, frame: EventFrame): Insertable<EventFrameTable> {
  return {
    event_id: eventId,
    number: frame.number,
    captured_at: toMilliseconds(frame.capturedAt),
    path: frame.path,
    width: frame.width,
    height: frame.height,
    size_bytes: frame.sizeBytes,
    regions_json: JSON.stringify(frame.regions),
  };
}

export function toJob(row: Selectable<JobTable>): StoredJob {
  return {
    eventId: row.event_id,
    cameraId: row.camera_id,
    startedAt: row.started_at,
    attempts: row.attempts,
  };
}

export function attemptRow(eventId: string, attempt: ProviderAttempt): Insertable<ProviderAttemptTable> {
  return {
    event_id: eventId,
    provider: attempt.provider,
    model: attempt.model,
    started_at: toMilliseconds(attempt.startedAt),
    latency_ms: attempt.latencyMs,
    outcome: attempt.outcome,
    message: attempt.message,
    input_tokens: attempt.inputTokens,
    output_tokens: attempt.outputTokens,
    cost_usd: attempt.costUsd,
  };
}

export function toAttempt(row: Selectable<ProviderAttemptTable>): ProviderAttempt {
  return {
    provider: row.provider,
    model: row.model,
    startedAt: row.started_at,
    latencyMs: row.latency_ms,
    outcome: row.outcome,
    message: row.message,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    costUsd: row.cost_usd,
  };
}

export function toDescribeRequest(row: Selectable<DescribeRequestTable>): DescribeRequest {
  return {
    requestedAt: row.requested_at,
    requestedBy: row.requested_by,
    previousStatus: row.previous_status,
    previousReason: row.previous_reason,
  };
}

export function toSentPicture(row: Selectable<SentPictureTable>): SentPictureFile {
  return {
    label: row.label,
    path: row.path,
    width: row.width,
    height: row.height,
    sizeBytes: row.size_bytes,
  };
}

/** @param password opened, by the one who has the key */
export function toCamera(
  row: Omit<Selectable<CameraTable>, 'password' | 'sealed_password'>,
  password: string | null,
): Camera {
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    url: row.url,
    username: row.username,
    password,
    frameRate: row.frame_rate,
    isEnabled: row.is_enabled === 1,
    motionSensitivity: row.motion_sensitivity,
    motionCooldown: row.motion_cooldown,
    isLocalOnly: row.is_local_only === 1,
    promptAddition: row.prompt_addition,
    maxEventsPerHour: row.max_events_per_hour,
    subUrl: row.sub_url,
    zones: JSON.parse(row.zones_json),
    schedule: row.schedule_json === null ? null : JSON.parse(row.schedule_json),
    privacyMasks: JSON.parse(row.privacy_masks_json),
    clip: JSON.parse(row.clip_json),
    onvif: JSON.parse(row.onvif_json),
    decode: row.decode,
    labels: JSON.parse(row.labels_json),
    retentionDays: row.retention_days,
    origin: row.origin,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

type CameraSettingsRow = Omit<
  CameraTable,
  'id' | 'password' | 'sealed_password' | 'created_at' | 'updated_at' | 'deleted_at'
>;

/** Without the password: that one is sealed. */
export function cameraRow(camera: CameraInput): CameraSettingsRow {
  const settings = { ...defaultCameraSettings, ...camera };
  return {
    name: camera.name,
    type: camera.type,
    url: camera.url,
    username: camera.username,
    frame_rate: camera.frameRate,
    is_enabled: camera.isEnabled ? 1 : 0,
    motion_sensitivity: camera.motionSensitivity,
    motion_cooldown: camera.motionCooldown,
    is_local_only: camera.isLocalOnly === true ? 1 : 0,
    prompt_addition: camera.promptAddition ?? null,
    max_events_per_hour: camera.maxEventsPerHour ?? null,
    sub_url: settings.subUrl,
    zones_json: JSON.stringify(settings.zones),
    schedule_json: settings.schedule === null ? null : JSON.stringify(settings.schedule),
    privacy_masks_json: JSON.stringify(settings.privacyMasks),
    clip_json: JSON.stringify(settings.clip),
    onvif_json: JSON.stringify(settings.onvif),
    decode: settings.decode,
    labels_json: JSON.stringify(settings.labels),
    retention_days: settings.retentionDays,
    origin: camera.origin,
  };
}

export function toDelivery(row: Selectable<DeliveryTable>): Delivery {
  return {
    id: row.id,
    eventId: row.event_id,
    notificationId: row.notification_id,
    target: row.target,
    type: row.type,
    status: row.status,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    lastError: row.last_error,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
