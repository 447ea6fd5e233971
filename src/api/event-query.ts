import { z } from 'zod';
import type { EventFilter } from '../store/event-store.ts';
import { objectLabel } from './event-submission.ts';
import { cameraIds, queryBoolean, queryNumber, timeInput } from './query-values.ts';
import { validationError } from './validation.ts';

const objectTypes = z
  .string('labels with commas between them')
  .max(1000)
  .transform((text) => text.split(','))
  .pipe(z.array(objectLabel).max(50))
  .meta({ type: 'string', description: 'Labels with commas between them: events with any of them' });

/** A span of time in a query. */
export const timeSpanQuery = {
  start_time: timeInput.optional().meta({ description: 'From then on' }),
  end_time: timeInput.optional().meta({ description: 'Up to then, not including it' }),
};

/** Which events: the parameters that the list and the export have in common. */
export const eventFilterQuery = {
  camera_id: cameraIds.optional(),
  ...timeSpanQuery,
  min_confidence: queryNumber(0, 100).optional(),
  object_types: objectTypes.optional(),
  alert_triggered: queryBoolean.optional(),
  description_status: z.enum(['pending', 'done', 'failed', 'skipped']).optional(),
  source: z.enum(['motion', 'api', 'manual']).optional(),
  user_feedback: z.enum(['correct', 'wrong', 'false_motion']).optional(),
  starred: queryBoolean.optional(),
  search_query: z
    .string('one text')
    .min(1)
    .max(500)
    .optional()
    .meta({ description: 'All words must match; "quoted phrases" and prefix* are understood' }),
};

const filterSchema = z.object(eventFilterQuery);

/** @throws AppError `VALIDATION_FAILED` when the span of time ends before it begins */
export function toEventFilter(query: z.output<typeof filterSchema>): EventFilter {
  assertForwards(query);
  return {
    ...(query.camera_id === undefined ? {} : { cameraIds: query.camera_id }),
    ...(query.start_time === undefined ? {} : { startTime: query.start_time }),
    ...(query.end_time === undefined ? {} : { endTime: query.end_time }),
    ...(query.min_confidence === undefined ? {} : { minConfidence: query.min_confidence }),
    ...(query.object_types === undefined ? {} : { objectTypes: query.object_types }),
    ...(query.alert_triggered === undefined ? {} : { alertTriggered: query.alert_triggered }),
    ...(query.description_status === undefined ? {} : { descriptionStatus: query.description_status }),
    ...(query.source === undefined ? {} : { source: query.source }),
    ...(query.user_feedback === undefined ? {} : { userFeedback: query.user_feedback }),
    ...(query.starred === undefined ? {} : { isStarred: query.starred }),
    ...(query.search_query === undefined ? {} : { searchQuery: query.search_query }),
  };
}

/** @throws AppError `VALIDATION_FAILED` */
export function assertForwards(span: {
  readonly start_time?: number | undefined;
  readonly end_time?: number | undefined;
}): void {
  if (span.start_time === undefined || span.end_time === undefined || span.start_time < span.end_time) return;
  const received = new Date(span.end_time).toISOString();
  throw validationError([{ in: 'query', path: 'end_time', received, expected: 'a time after start_time' }]);
}
