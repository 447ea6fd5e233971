import type { ColumnType } from 'kysely';
import type { Camera } from '../core/camera.ts';
import type { DescriptionStatus, EventSource } from '../core/event.ts';
import type { Sensitivity } from '../core/motion.ts';
import type { DeliveryStatus } from './event-store.ts';

/**
 * The tables as the latest migration leaves them. Times are epoch milliseconds, booleans 0 or 1, `*_json` columns
 * and the lists of labels JSON text.
 */
export interface DatabaseSchema {
  cameras: CameraTable;
  events: EventTable;
  event_frames: EventFrameTable;
  event_objects: EventObjectTable;
  event_search: EventSearchTable;
  jobs: JobTable;
  deliveries: DeliveryTable;
  idempotency_keys: IdempotencyKeyTable;
  settings: SettingTable;
  health_checks: HealthCheckTable;
}

/** Written and compared as a bigint; never selected, since JavaScript numbers can't hold it: see `event-position.ts`. */
type Position = ColumnType<never, bigint, bigint>;

export interface CameraTable {
  id: string;
  name: string;
  type: string;
  url: string;
  username: string | null;
  password: string | null;
  frame_rate: number;
  is_enabled: number;
  motion_sensitivity: Sensitivity;
  motion_cooldown: number;
  origin: Camera['origin'];
  created_at: number;
  updated_at: number;
  deleted_at: number | null;
}

export interface EventTable {
  position: Position;
  id: string;
  camera_id: string;
  /** A copy of the camera's name, kept equal to it: search finds events by it. */
  camera_name: string;
  source: EventSource;
  timestamp: number;
  started_at: number;
  ended_at: number | null;
  description: string | null;
  description_status: DescriptionStatus;
  description_reason: string | null;
  confidence: number | null;
  objects_detected: string;
  detections_json: string;
  motion_json: string | null;
  provider: string | null;
  model: string | null;
  thumbnail_path: string | null;
  alert_triggered: number;
  captured_ms: number | null;
  queued_ms: number | null;
  described_ms: number | null;
  stored_ms: number | null;
  total_ms: number | null;
  cost_usd: number | null;
  created_at: number;
  updated_at: number;
}

export interface EventFrameTable {
  event_id: string;
  number: number;
  captured_at: number;
  path: string;
  width: number;
  height: number;
  size_bytes: number;
  regions_json: string;
}

/** One row for each different label of an event. */
export interface EventObjectTable {
  label: string;
  position: Position;
}

/** FTS5; `event_search` as a column is the table itself, for MATCH. */
export interface EventSearchTable {
  rowid: Position;
  event_search: string;
  rank: number;
}

export interface JobTable {
  event_id: string;
  camera_id: string;
  started_at: number;
  attempts: number;
}

export interface DeliveryTable {
  id: string;
  event_id: string;
  target: string;
  type: string;
  status: DeliveryStatus;
  attempts: number;
  next_attempt_at: number;
  last_error: string | null;
  created_at: number;
  updated_at: number;
}

export interface IdempotencyKeyTable {
  key: string;
  request_hash: string;
  event_id: string;
  created_at: number;
}

export interface SettingTable {
  key: string;
  value_json: string;
  updated_at: number;
}

/** A single row that the health check writes. */
export interface HealthCheckTable {
  id: number;
  checked_at: number;
}
