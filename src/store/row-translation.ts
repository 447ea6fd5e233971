import type { Insertable, Selectable, Updateable } from 'kysely';
import type { Camera } from '../core/camera.ts';
import type { EventFrame, EventMotion, EventTimings, VedetteEvent } from '../core/event.ts';
import type { CameraTable, DeliveryTable, EventFrameTable, EventTable, JobTable } from './database-schema.ts';
import type { CameraInput, CapturedEvent, Delivery, StoredJob } from './event-store.ts';

/** The one place where rows (snake_case, JSON text, 0 and 1) become what the program speaks of, and back. */

export type EventRow = Omit<Selectable<EventTable>, 'position'>;

export const eventColumns = [
  'id',
  'camera_id',
  'camera_name',
  'source',
  'timestamp',
  'started_at',
  'ended_at',
  'description',
  'description_status',
  'description_reason',
  'confidence',
  'objects_detected',
  'detections_json',
  'motion_json',
  'provider',
  'model',
  'thumbnail_path',
  'alert_triggered',
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

export function toEvent(row: EventRow, frames: readonly EventFrame[]): VedetteEvent {
  return {
    id: row.id,
    cameraId: row.camera_id,
    cameraName: row.camera_name,
    source: row.source,
    timestamp: row.timestamp,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    description: row.description,
    descriptionStatus: row.description_status,
    descriptionReason: row.description_reason,
    confidence: row.confidence,
    objectsDetected: JSON.parse(row.objects_detected),
    detections: JSON.parse(row.detections_json),
    motion: row.motion_json === null ? null : JSON.parse(row.motion_json),
    provider: row.provider,
    model: row.model,
    frames,
    thumbnailPath: row.thumbnail_path,
    alertTriggered: row.alert_triggered === 1,
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

/** What a description says of an event; each label once, in its order. */
export function descriptionColumns(description: CapturedEvent['description']): {
  columns: Pick<
    EventRow,
    'description' | 'confidence' | 'objects_detected' | 'detections_json' | 'provider' | 'model' | 'cost_usd'
  >;
  labels: readonly string[];
} {
  const labels = [...new Set(description?.objects)];
  return {
    columns: {
      description: description?.text ?? null,
      confidence: description?.confidence ?? null,
      objects_detected: JSON.stringify(labels),
      detections_json: JSON.stringify(description?.detections ?? []),
      provider: description?.provider ?? null,
      model: description?.model ?? null,
      cost_usd: description?.costUsd ?? null,
    },
    labels,
  };
}

/** Times are stored in whole milliseconds. */
export function toMilliseconds(time: number): number {
  return Math.round(time);
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

export function toCamera(row: Selectable<CameraTable>): Camera {
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    url: row.url,
    username: row.username,
    password: row.password,
    frameRate: row.frame_rate,
    isEnabled: row.is_enabled === 1,
    motionSensitivity: row.motion_sensitivity,
    motionCooldown: row.motion_cooldown,
    origin: row.origin,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

type CameraSettingsRow = Omit<CameraTable, 'id' | 'created_at' | 'updated_at' | 'deleted_at'>;

export function cameraRow(camera: CameraInput): CameraSettingsRow {
  return {
    name: camera.name,
    type: camera.type,
    url: camera.url,
    username: camera.username,
    password: camera.password,
    frame_rate: camera.frameRate,
    is_enabled: camera.isEnabled ? 1 : 0,
    motion_sensitivity: camera.motionSensitivity,
    motion_cooldown: camera.motionCooldown,
    origin: camera.origin,
  };
}

export function toDelivery(row: Selectable<DeliveryTable>): Delivery {
  return {
    id: row.id,
    eventId: row.event_id,
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
