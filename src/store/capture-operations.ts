import type { Transaction } from 'kysely';
import { AppError } from '../core/errors.ts';
import type { EventFrame } from '../core/event.ts';
import type { DatabaseSchema } from './database-schema.ts';
import { loadEvent, putIntoOutbox } from './event-operations.ts';
import { allocatePosition, maxTimestamp } from './event-position.ts';
import type { CapturedEvent, CaptureResult } from './event-store.ts';
import { putEvidence } from './evidence-operations.ts';
import type { OpenDatabase } from './open-database.ts';
import {
  descriptionColumns,
  eventColumns,
  frameRow,
  motionColumn,
  toEvent,
  toEventFrame,
  toMilliseconds,
  type EventRow,
} from './row-translation.ts';
import type { StatementCache } from './statement-cache.ts';

/** Statements by hand, compiled once: of what an event costs, putting them together anew was half. */

export async function captureEvent(
  open: OpenDatabase,
  now: number,
  captured: CapturedEvent,
): Promise<CaptureResult> {
  checkTimestamp(captured);
  return open.durably((transaction) => captureInto(open, transaction, now, captured));
}

export type CaptureAnswer =
  | { readonly kind: 'captured'; readonly result: CaptureResult }
  | { readonly kind: 'refused'; readonly error: unknown };

/**
 * Several captures in one durable transaction: the disk is waited for once. One that is refused takes nothing of the
 * others with it. Rejects when the transaction as a whole fails: then none is stored.
 */
export async function captureEvents(
  open: OpenDatabase,
  captures: readonly { readonly now: number; readonly captured: CapturedEvent }[],
): Promise<CaptureAnswer[]> {
  const { connection, durably, statements } = open;
  const run = (text: string): void => {
    statements.prepare<[], never>(text).run();
  };
  return durably(async (transaction) => {
    const answers: CaptureAnswer[] = [];
    for (const { now, captured } of captures) {
      run('savepoint capture');
      try {
        checkTimestamp(captured);
        answers.push({ kind: 'captured', result: await captureInto(open, transaction, now, captured) });
      } catch (error) {
        // SQLite has ended the whole transaction by itself after some errors (disk full, I/O).
        if (!connection.inTransaction) throw error;
        run('rollback to capture');
        answers.push({ kind: 'refused', error });
      }
      run('release capture');
    }
    return answers;
  });
}

function checkTimestamp(captured: CapturedEvent): void {
  if (!(captured.timestamp >= 0 && captured.timestamp <= maxTimestamp)) {
    throw new AppError(
      'VALIDATION_FAILED',
      `The event's timestamp is ${captured.timestamp}; expected epoch milliseconds from 0 to ${maxTimestamp}.`,
    );
  }
}

/** An id that is stored already is the answer to a capture that was repeated because its first answer got lost. */
async function captureInto(
  { statements }: OpenDatabase,
  transaction: Transaction<DatabaseSchema>,
  now: number,
  captured: CapturedEvent,
): Promise<CaptureResult> {
  const { id, idempotency } = captured;
  if (statements.prepare<[string], unknown>('select 1 from events where id = ?').get(id) !== undefined) {
    const stored = await loadEvent(transaction, id);
    if (stored !== undefined) return { kind: 'stored', event: stored };
  }
  if (idempotency !== undefined) {
    const earlier = statements
      .prepare<[string], { readonly request_hash: string; readonly event_id: string }>(
        'select request_hash, event_id from idempotency_keys where key = ?',
      )
      .get(idempotency.key);
    if (earlier !== undefined) {
      if (earlier.request_hash !== idempotency.requestHash) return { kind: 'conflict' };
      const event = await loadEvent(transaction, earlier.event_id);
      if (event !== undefined) return { kind: 'repeated', event };
    }
  }
  const row = insertEvent(statements, now, captured);
  const frames = insertFrames(statements, captured);
  if (captured.evidence !== undefined) putEvidence(statements, id, captured.evidence);
  if (captured.description === undefined) insertJob(statements, row);
  else await putIntoOutbox(transaction, now, id, 'done', captured.deliverTo ?? []);
  if (idempotency !== undefined) {
    statements
      .prepare<[string, string, string, number], never>(
        'insert into idempotency_keys (key, request_hash, event_id, created_at) values (?, ?, ?, ?)',
      )
      .run(idempotency.key, idempotency.requestHash, id, now);
  }
  return { kind: 'stored', event: toEvent(row, frames, null) };
}

/** What a new event has; the rest is as the table says. */
const insertedColumns = [...eventColumns, 'position', 'thumbnail_bytes'] as const;
const insertStatement = `insert into events (${insertedColumns.join(', ')})
  values (${insertedColumns.map((name) => `@${name}`).join(', ')})`;
type FrameRow = ReturnType<typeof frameRow>;
type InsertedRow = EventRow & { readonly position: bigint; readonly thumbnail_bytes: number | null };

function insertEvent(statements: StatementCache, now: number, captured: CapturedEvent): EventRow {
  // A camera that was deleted while its episode went on still names its event.
  const camera = statements
    .prepare<[string], { readonly name: string }>('select name from cameras where id = ?')
    .get(captured.cameraId);
  if (camera === undefined) {
    throw new AppError('CAMERA_NOT_FOUND', `There is no camera with the id ${captured.cameraId}.`);
  }
  const timestamp = toMilliseconds(captured.timestamp);
  const { columns, labels } = descriptionColumns(captured.description);
  const row: EventRow = {
    id: captured.id,
    camera_id: captured.cameraId,
    camera_name: camera.name,
    source: captured.source,
    timestamp,
    started_at: toMilliseconds(captured.startedAt),
    ended_at: captured.endedAt === null ? null : toMilliseconds(captured.endedAt),
    description_status: captured.description === undefined ? 'pending' : 'done',
    description_reason: null,
    ...columns,
    motion_json: motionColumn(captured.motion),
    thumbnail_path: captured.thumbnailPath,
    alert_triggered: captured.alertTriggered === true ? 1 : 0,
    user_feedback: null,
    note: null,
    is_starred: 0,
    captured_ms: captured.timings.captured,
    queued_ms: captured.timings.queued,
    described_ms: captured.timings.described,
    stored_ms: captured.timings.stored,
    total_ms: captured.timings.total,
    created_at: now,
    updated_at: now,
  };
  const position = allocatePosition(statements, timestamp, captured.id);
  statements
    .prepare<[InsertedRow], never>(insertStatement)
    .run({ ...row, position, thumbnail_bytes: captured.thumbnailBytes ?? null });
  const insertLabel = statements.prepare<[string, bigint], never>(
    'insert into event_objects (label, position) values (?, ?)',
  );
  for (const label of labels) insertLabel.run(label, position);
  return row;
}

/** Answers them as they will be read. */
function insertFrames(statements: StatementCache, { id, frames }: CapturedEvent): EventFrame[] {
  const insert = statements.prepare<[FrameRow], never>(
    `insert into event_frames (event_id, number, captured_at, path, width, height, size_bytes, regions_json)
    values (@event_id, @number, @captured_at, @path, @width, @height, @size_bytes, @regions_json)`,
  );
  const rows = frames.map((frame) => frameRow(id, frame));
  for (const row of rows) insert.run(row);
  return rows.toSorted((a, b) => a.number - b.number).map(toEventFrame);
}

function insertJob(statements: StatementCache, row: EventRow): void {
  statements
    .prepare<[string, string, number], never>(
      'insert into jobs (event_id, camera_id, started_at, attempts) values (?, ?, ?, 0)',
    )
    .run(row.id, row.camera_id, row.started_at);
}
