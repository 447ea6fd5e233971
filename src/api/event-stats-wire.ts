import { z } from 'zod';
import type { EventStats } from '../store/event-stats.ts';

const count = z.int().min(0);

export const eventStatsSchema = z
  .object({
    total_count: count,
    alert_triggered: count,
    starred: count,
    by_object_type: z.array(z.object({ object_type: z.string(), count })).meta({
      description: 'Most events first; an event counts for each of its labels; the 100 most frequent',
    }),
    by_camera: z
      .array(z.object({ camera_id: z.string(), camera_name: z.string(), count }))
      .meta({ description: 'Most events first' }),
    by_status: z.object({ pending: count, done: count, failed: count, skipped: count }),
    by_feedback: z.object({ correct: count, wrong: count, false_motion: count }),
    by_source: z.object({ motion: count, api: count, manual: count }),
    by_hour: z.array(count).length(24).meta({ description: 'By the hour of the day in time_zone, from 0' }),
    by_day: z
      .array(z.object({ day: z.string().meta({ format: 'date' }), count }))
      .meta({ description: 'Days in time_zone that have events, oldest first' }),
    time_zone: z.string(),
  })
  .meta({ id: 'EventStats' });

export function toEventStatsWire(stats: EventStats, timeZone: string): z.output<typeof eventStatsSchema> {
  return {
    total_count: stats.totalCount,
    alert_triggered: stats.alertTriggered,
    starred: stats.starred,
    by_object_type: stats.byObject.map(({ label, count }) => ({ object_type: label, count })),
    by_camera: stats.byCamera.map(({ cameraId, cameraName, count }) => ({
      camera_id: cameraId,
      camera_name: cameraName,
      count,
    })),
    by_status: { ...stats.byStatus },
    by_feedback: { ...stats.byFeedback },
    by_source: { ...stats.bySource },
    by_hour: [...stats.byHour],
    by_day: stats.byDay.map(({ day, count }) => ({ day, count })),
    time_zone: timeZone,
  };
}
