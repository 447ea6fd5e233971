import type { ColumnType, Generated } from 'kysely';
import type { Camera } from '../core/camera.ts';
import type { DescriptionStatus, EventClip, EventSource, UserFeedback } from '../core/event.ts';
import type { Sensitivity } from '../core/motion.ts';
import type { NotificationType } from '../core/user-notification.ts';
import type { ProviderAttempt } from '../core/vision.ts';
import type { DeliveryStatus, DescribeRequest } from './event-store.ts';

/**
 * The tables as the latest migration leaves them. Times are epoch milliseconds, booleans 0 or 1, `*_json` columns
 * and the lists of labels JSON text.
 */
export interface DatabaseSchema {
  cameras: CameraTable;
  events: EventTable;
  event_frames: EventFrameTable;
  event_clips: EventClipTable;
  event_evidence: EventEvidenceTable;
  event_files: EventFileView;
  event_objects: EventObjectTable;
  event_search: EventSearchTable;
  provider_attempts: ProviderAttemptTable;
  describe_requests: DescribeRequestTable;
  sent_requests: SentRequestTable;
  sent_pictures: SentPictureTable;
  spend_reservations: SpendReservationTable;
  provider_calls: ProviderCallTable;
  provider_days: ProviderDayTable;
  camera_days: CameraDayTable;
  spend_alerts: SpendAlertTable;
  secrets: SecretTable;
  jobs: JobTable;
  deliveries: DeliveryTable;
  notifications: NotificationTable;
  idempotency_keys: IdempotencyKeyTable;
  settings: SettingTable;
  health_checks: HealthCheckTable;
  tombstones: TombstoneTable;
}

/** Written and compared as a bigint; never selected, since JavaScript numbers can't hold it: see `event-position.ts`. */
type Position = ColumnType<never, bigint, bigint>;

export interface CameraTable {
  id: string;
  name: string;
  type: string;
  url: string;
  username: string | null;
  /** In clear, as an earlier version left it: only until the database is open. */
  password: ColumnType<string | null, null, null>;
  sealed_password: string | null;
  frame_rate: number;
  is_enabled: number;
  motion_sensitivity: Sensitivity;
  motion_cooldown: number;
  is_local_only: number;
  prompt_addition: string | null;
  max_events_per_hour: number | null;
  sub_url: string | null;
  zones_json: string;
  schedule_json: string | null;
  privacy_masks_json: string;
  clip_json: string;
  onvif_json: string;
  decode: Camera['decode'];
  labels_json: string;
  retention_days: number | null;
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
  title: string | null;
  description_status: DescriptionStatus;
  description_reason: string | null;
  confidence: number | null;
  objects_detected: string;
  actions_json: string;
  is_nothing_of_interest: number;
  detections_json: string;
  motion_json: string | null;
  provider: string | null;
  model: string | null;
  prompt_version: string | null;
  same_as: string | null;
  /** How often it was queued again by itself. */
  backfills: Generated<number>;
  backfilled_at: Generated<number | null>;
  thumbnail_path: string | null;
  thumbnail_bytes: Generated<number | null>;
  alert_triggered: number;
  user_feedback: UserFeedback | null;
  note: string | null;
  is_starred: number;
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

export interface EventClipTable {
  event_id: string;
  status: EventClip['status'];
  reason: EventClip['reason'];
  path: string;
  /** Of the first and the last picture; `null` unless it is ready. */
  started_at: number | null;
  ended_at: number | null;
  size_bytes: number;
  codec: string | null;
  width: number | null;
  height: number | null;
}

export interface EventEvidenceTable {
  event_id: string;
  /** Empty where it is packed. */
  evidence_json: string;
  /** Null in rows of before it was packed. */
  evidence_packed: Uint8Array | null;
}

/** A view: every file of an event, whatever table names it. */
export interface EventFileView {
  event_id: string;
  path: string;
  size_bytes: number;
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

export interface ProviderAttemptTable {
  /** In the order in which they were made. */
  id: Generated<number>;
  event_id: string;
  provider: string;
  model: string | null;
  started_at: number;
  latency_ms: number;
  outcome: ProviderAttempt['outcome'];
  message: string | null;
  input_tokens: number | null;
  output_tokens: number | null;
  cost_usd: number | null;
}

export interface DescribeRequestTable {
  id: Generated<number>;
  event_id: string;
  requested_at: number;
  requested_by: DescribeRequest['requestedBy'];
  previous_status: DescriptionStatus;
  previous_reason: string | null;
}

export interface SentRequestTable {
  id: Generated<number>;
  event_id: string;
  provider: string;
  model: string | null;
  sent_at: number;
  prompt_version: string;
  system: string;
  prompt: string;
}

export interface SentPictureTable {
  request_id: number;
  number: number;
  label: string;
  path: string;
  width: number;
  height: number;
  size_bytes: number;
}

/** Amounts are whole billionths of a dollar; `null` where the price is not known. */
export interface SpendReservationTable {
  id: string;
  provider: string;
  model: string | null;
  event_id: string;
  camera_id: string;
  /** `YYYY-MM-DD` in the zone of the budget; the call counts for this day even when it ends on the next. */
  day: string;
  reserved_at: number;
  estimate_nano_usd: number | null;
}

export interface ProviderCallTable extends SpendReservationTable {
  latency_ms: number;
  outcome: ProviderAttempt['outcome'];
  input_tokens: number | null;
  output_tokens: number | null;
  cost_nano_usd: number | null;
}

export interface ProviderDayTable {
  day: string;
  provider: string;
  calls: number;
  described: number;
  input_tokens: number;
  output_tokens: number;
  cost_nano_usd: number;
  unpriced_calls: number;
}

export interface CameraDayTable {
  day: string;
  camera_id: string;
  cost_nano_usd: number;
}

export interface SpendAlertTable {
  /** `YYYY-MM-DD` or `YYYY-MM`. */
  period: string;
  cap_nano_usd: number;
  percent: number;
  alerted_at: number;
}

export interface SecretTable {
  name: string;
  sealed_value: string;
  updated_at: number;
}

export interface JobTable {
  event_id: string;
  camera_id: string;
  started_at: number;
  attempts: number;
}

export interface NotificationTable {
  id: string;
  type: NotificationType;
  camera_id: string;
  camera_name: string;
  title: string;
  message: string;
  details_json: string;
  created_at: number;
  read_at: number | null;
}

/** Of an event or of a notification, never of both. */
export interface DeliveryTable {
  id: string;
  event_id: string | null;
  notification_id: string | null;
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

/** A file whose rows are gone, to be deleted. */
export interface TombstoneTable {
  path: string;
  size_bytes: number;
  created_at: number;
}
