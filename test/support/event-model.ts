import { calendarDay } from '../../src/core/calendar-day.ts';
import type { Description, VedetteEvent } from '../../src/core/event.ts';
import type { EventStats, StatsQuery } from '../../src/store/event-stats.ts';
import type { EventQuery } from '../../src/store/event-store.ts';

/** What the store is supposed to be: a list, and loops over it. */
export class EventModel {
  readonly events = new Map<string, VedetteEvent>();

  /** One that is there, in a way that does not depend on the order of captures. */
  pick(target: number): VedetteEvent | undefined {
    const all = [...this.events.values()];
    return all[target % Math.max(1, all.length)];
  }

  /** In order, without paging. */
  matching(query: EventQuery): VedetteEvent[] {
    const sign = query.sortOrder === 'asc' ? 1 : -1;
    return [...this.events.values()]
      .filter((event) => this.#matches(event, query))
      .toSorted((a, b) => sign * (a.timestamp - b.timestamp || (a.id < b.id ? -1 : 1)));
  }

  stats({ startTime = 0, endTime = Infinity, timeZone }: StatsQuery): EventStats {
    const events = [...this.events.values()].filter(
      ({ timestamp }) => timestamp >= startTime && timestamp < endTime,
    );
    const count = (matches: (event: VedetteEvent) => boolean): number => events.filter(matches).length;
    const names = new Map(events.map(({ cameraId, cameraName }) => [cameraId, cameraName]));
    const hourOf = new Intl.DateTimeFormat('en-GB', { timeZone, hour: 'numeric', hourCycle: 'h23' });
    return {
      totalCount: events.length,
      alertTriggered: count((event) => event.alertTriggered),
      starred: count((event) => event.isStarred),
      byCamera: tally(events.map(({ cameraId }) => cameraId)).map(([cameraId, total]) => ({
        cameraId,
        cameraName: names.get(cameraId) ?? '',
        count: total,
      })),
      byObject: tally(events.flatMap(({ objectsDetected }) => objectsDetected)).map(([label, total]) => ({
        label,
        count: total,
      })),
      byStatus: {
        pending: count((event) => event.descriptionStatus === 'pending'),
        done: count((event) => event.descriptionStatus === 'done'),
        failed: count((event) => event.descriptionStatus === 'failed'),
        skipped: count((event) => event.descriptionStatus === 'skipped'),
      },
      byFeedback: {
        correct: count((event) => event.userFeedback === 'correct'),
        wrong: count((event) => event.userFeedback === 'wrong'),
        false_motion: count((event) => event.userFeedback === 'false_motion'),
      },
      bySource: {
        motion: count((event) => event.source === 'motion'),
        api: count((event) => event.source === 'api'),
        manual: 0,
      },
      byHour: Array.from({ length: 24 }, (_, hour) =>
        count((event) => Number(hourOf.format(event.timestamp)) === hour),
      ),
      byDay: tally(events.map(({ timestamp }) => calendarDay(timestamp, timeZone)))
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([day, total]) => ({ day, count: total })),
    };
  }

  list(query: EventQuery): { ids: string[]; totalCount: number; hasMore: boolean } {
    const matching = this.matching(query);
    const { after } = query;
    const sign = query.sortOrder === 'asc' ? 1 : -1;
    const rest =
      after === undefined
        ? matching
        : matching.filter(
            ({ timestamp, id }) =>
              sign * (timestamp - after.timestamp || (id < after.id ? -1 : id > after.id ? 1 : 0)) > 0,
          );
    const page = rest.slice(query.offset, query.offset + query.limit);
    return {
      ids: page.map((event) => event.id),
      totalCount: matching.length,
      hasMore: query.offset + page.length < rest.length,
    };
  }

  #matches(event: VedetteEvent, query: EventQuery): boolean {
    const { cameraIds = [], objectTypes = [], startTime, endTime, minConfidence } = query;
    return (
      (cameraIds.length === 0 || cameraIds.includes(event.cameraId)) &&
      (objectTypes.length === 0 || objectTypes.some((label) => event.objectsDetected.includes(label))) &&
      (startTime === undefined || event.timestamp >= startTime) &&
      (endTime === undefined || event.timestamp < endTime) &&
      (minConfidence === undefined || (event.confidence !== null && event.confidence >= minConfidence)) &&
      (query.alertTriggered === undefined || event.alertTriggered === query.alertTriggered) &&
      (query.descriptionStatus === undefined || event.descriptionStatus === query.descriptionStatus) &&
      (query.source === undefined || event.source === query.source) &&
      (query.userFeedback === undefined || event.userFeedback === query.userFeedback) &&
      (query.isStarred === undefined || event.isStarred === query.isStarred) &&
      (query.searchQuery === undefined || matchesText(event, query.searchQuery))
    );
  }
}

/** How often each of them is there, most often first. */
function tally(values: readonly string[]): [value: string, count: number][] {
  return [...Map.groupBy(values, (value) => value)]
    .map(([value, some]): [string, number] => [value, some.length])
    .toSorted(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
}

function matchesText(event: VedetteEvent, searchQuery: string): boolean {
  const columns = [
    event.description ?? '',
    event.objectsDetected.join(' '),
    event.cameraName,
    event.title ?? '',
    event.note ?? '',
  ];
  const terms = searchQuery.match(/"[^"]*"|\S+/g) ?? [];
  return terms.every((each) => {
    const phrase = ` ${each.replace(/["*]/g, '').replace('-', ' ')}${each.endsWith('*') ? '' : ' '}`;
    return columns.some((column) => ` ${column} `.includes(phrase));
  });
}

/** As the event is once this description is its own. */
export function described(event: VedetteEvent, given: Description): VedetteEvent {
  return {
    ...event,
    description: given.text,
    descriptionStatus: 'done',
    descriptionReason: null,
    confidence: given.confidence,
    title: given.title,
    objectsDetected: [...new Set(given.objects)],
    actions: given.actions,
    isNothingOfInterest: given.isNothingOfInterest,
    detections: given.detections,
    provider: given.provider,
    model: given.model,
    costUsd: given.costUsd,
  };
}
