import { toEventWire, type EventWire } from '../core/event-wire.ts';
import type { EventPlace, EventStore, EventWalk } from '../store/event-store.ts';
import { toCsvLine } from './csv-line.ts';

/** Of the columns and fields; grows when one is renamed or taken away, not when one is added. */
export const exportSchemaVersion = 1;

export type ExportFormat = 'ndjson' | 'csv';

/** Events of one read: some 100 kB of text, and a read that is over in milliseconds. */
const eventsPerRead = 200;

/**
 * The events as text, piece by piece, each read when the one before has been taken: memory does not grow with their
 * number. There is no transaction over the whole: every read goes on behind the last event, so what is changed meanwhile
 * appears as it is when its turn comes, and nothing twice.
 */
export async function* exportEvents(
  events: Pick<EventStore, 'walk'>,
  walk: Omit<EventWalk, 'limit' | 'after'>,
  format: ExportFormat,
): AsyncGenerator<string> {
  // With the first events: a read that fails before them is answered with its error.
  let head = format === 'csv' ? toCsvLine(csvColumns.map(([name]) => name)) : '';
  let after: EventPlace | undefined;
  for (;;) {
    const found = await events.walk({ ...walk, limit: eventsPerRead, ...(after !== undefined && { after }) });
    const wire = found.map(toEventWire);
    const body =
      format === 'csv'
        ? wire.map((event) => toCsvLine(csvColumns.map(([, value]) => value(event)))).join('')
        : wire.map((event) => `${JSON.stringify(event)}\n`).join('');
    yield head + body;
    head = '';
    const last = found.at(-1);
    if (last === undefined || found.length < eventsPerRead) return;
    after = { timestamp: last.timestamp, id: last.id };
  }
}

/** What fits into a cell; boxes and regions do not. */
const csvColumns: readonly (readonly [
  name: string,
  value: (event: EventWire) => string | number | boolean | null,
])[] = [
  ['id', (event) => event.id],
  ['camera_id', (event) => event.camera_id],
  ['camera_name', (event) => event.camera_name],
  ['source', (event) => event.source],
  ['timestamp', (event) => event.timestamp],
  ['started_at', (event) => event.started_at],
  ['ended_at', (event) => event.ended_at],
  ['title', (event) => event.title],
  ['description', (event) => event.description],
  ['description_status', (event) => event.description_status],
  ['description_reason', (event) => event.description_reason],
  ['confidence', (event) => event.confidence],
  ['objects_detected', (event) => event.objects_detected.join(', ')],
  ['actions', (event) => event.actions.join(', ')],
  ['nothing_of_interest', (event) => event.nothing_of_interest],
  ['provider', (event) => event.provider],
  ['model', (event) => event.model],
  ['alert_triggered', (event) => event.alert_triggered],
  ['user_feedback', (event) => event.user_feedback],
  ['note', (event) => event.note],
  ['starred', (event) => event.starred],
  ['cost_usd', (event) => event.cost_usd],
  ['thumbnail_url', (event) => event.thumbnail_url],
  ['created_at', (event) => event.created_at],
  ['updated_at', (event) => event.updated_at],
];
