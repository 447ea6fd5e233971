import SqliteDatabase from 'better-sqlite3';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { described, EventModel } from '../../test/support/event-model.ts';
import { cameraNames, step, type Step } from '../../test/support/event-steps.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import {
  exampleCamera,
  exampleCapture,
  exampleDescription,
  exampleQuery,
  exampleTime,
} from '../../test/support/store-examples.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import type { VedetteEvent } from '../core/event.ts';
import { silentLog } from '../core/log.ts';
import type { EventQuery, Store } from './event-store.ts';
import { openStore } from './open-store.ts';

interface Session {
  readonly store: Store;
  readonly model: EventModel;
  readonly cameraIds: readonly string[];
  readonly cameraNames: string[];
}

/** What the store answered to one step, and what it should have. */
interface Answer {
  readonly actual: unknown;
  readonly expected: unknown;
}

/** Of a step that has nothing to act on. */
const nothing: Answer = { actual: undefined, expected: undefined };

async function take(session: Session, step: Step): Promise<Answer> {
  const { store, model, cameraIds, cameraNames } = session;
  if (step.kind === 'capture') return takeCapture(session, step);
  if (step.kind === 'list') return takeList(session, step.query);
  if (step.kind === 'next') {
    // Behind an event that is there, as cursors are.
    const event = model.pick(step.target);
    return event === undefined ? nothing : takeList(session, { ...step.query, after: event });
  }
  if (step.kind === 'rank') return takeRank(session, step.query);
  if (step.kind === 'stats') {
    return { actual: await store.events.stats(step.query), expected: model.stats(step.query) };
  }
  if (step.kind === 'rename') {
    if (cameraNames.includes(step.name)) return nothing;
    cameraNames[step.camera] = step.name;
    const cameraId = cameraIds[step.camera] ?? '';
    for (const event of model.events.values()) {
      if (event.cameraId === cameraId) model.events.set(event.id, { ...event, cameraName: step.name });
    }
    const camera = await store.cameras.update(cameraId, { name: step.name });
    return { actual: camera?.name, expected: step.name };
  }
  if (step.kind === 'requeue') return takeRequeue(session, step);
  const event = model.pick(step.target);
  if (event === undefined) return nothing;
  switch (step.kind) {
    case 'improve': {
      const { description, isStale } = step;
      const isReplaced = description !== undefined && !isStale && event.descriptionStatus === 'done';
      if (isReplaced) model.events.set(event.id, described(event, description));
      const actual = await store.events.improve({
        eventId: event.id,
        replaces: isStale ? 'something else' : (event.description ?? ''),
        description,
        attempts: [],
      });
      return { actual, expected: isReplaced ? model.events.get(event.id) : undefined };
    }
    case 'finish': {
      const { outcome } = step;
      if (outcome.status === 'done' && event.descriptionStatus !== 'done') {
        model.events.set(event.id, described(event, outcome.description));
      } else if (event.descriptionStatus === 'pending' && event.description !== null) {
        model.events.set(event.id, { ...event, descriptionStatus: 'done' });
      } else if (outcome.status !== 'done' && event.descriptionStatus === 'pending') {
        model.events.set(event.id, {
          ...event,
          descriptionStatus: outcome.status,
          descriptionReason: outcome.reason,
        });
      }
      const actual = await store.events.finish({ eventId: event.id, outcome, timings: {}, deliverTo: ['x'] });
      return { actual, expected: model.events.get(event.id) };
    }
    case 'annotate': {
      model.events.set(event.id, { ...event, ...step.annotation });
      const actual = await store.events.annotate(event.id, step.annotation);
      return { actual, expected: model.events.get(event.id) };
    }
    case 'extend': {
      model.events.set(event.id, { ...event, endedAt: step.endedAt });
      const actual = await store.events.extend(event.id, { endedAt: step.endedAt });
      return { actual, expected: model.events.get(event.id) };
    }
    case 'delete':
      model.events.delete(event.id);
      return { actual: await store.events.delete(event.id), expected: { ...event, paths: pathsOf(event) } };
    default:
      return step satisfies never;
  }
}

/** Thumbnail, then frames: what the view of files tells. */
function pathsOf({ thumbnailPath, frames }: VedetteEvent): string[] {
  return [...(thumbnailPath === null ? [] : [thumbnailPath]), ...frames.map(({ path }) => path)];
}

async function takeRequeue(
  { store, model }: Session,
  { targets, statuses, limit }: Extract<Step, { kind: 'requeue' }>,
): Promise<Answer> {
  const ids = [...new Set(targets.map((each) => model.pick(each)?.id ?? 'none'))];
  const chosen = [...model.events.values()]
    .filter(
      (event) => ids.includes(event.id) && statuses.some((status) => status === event.descriptionStatus),
    )
    .toSorted((a, b) => b.timestamp - a.timestamp || (b.id < a.id ? -1 : 1))
    .slice(0, limit);
  for (const event of chosen) {
    model.events.set(event.id, { ...event, descriptionStatus: 'pending', descriptionReason: null });
  }
  const jobs = await store.events.requeue({ events: ids, statuses, limit, requestedBy: 'user' });
  return { actual: jobs.map((job) => job.eventId), expected: chosen.map((event) => event.id) };
}

async function takeCapture(
  { store, model, cameraIds, cameraNames }: Session,
  step: Extract<Step, { kind: 'capture' }>,
): Promise<Answer> {
  if (model.events.has(step.id)) return nothing;
  const captured = exampleCapture(cameraIds[step.camera] ?? '', {
    id: step.id,
    timestamp: step.timestamp,
    source: step.source,
    ...(step.description !== undefined && { description: step.description }),
  });
  const { description, ...rest } = captured;
  const event: VedetteEvent = {
    ...rest,
    cameraName: cameraNames[step.camera] ?? '',
    description: null,
    title: null,
    descriptionStatus: 'pending',
    descriptionReason: null,
    confidence: null,
    objectsDetected: [],
    actions: [],
    isNothingOfInterest: false,
    detections: [],
    provider: null,
    model: null,
    promptVersion: null,
    sameAs: null,
    clip: null,
    alertTriggered: false,
    userFeedback: null,
    note: null,
    isStarred: false,
    costUsd: null,
    createdAt: exampleTime,
    updatedAt: exampleTime,
  };
  const expected = description === undefined ? event : described(event, description);
  model.events.set(step.id, expected);
  return { actual: await store.events.capture(captured), expected: { kind: 'stored', event: expected } };
}

/** With the cameras' ids in the place of their numbers. */
function toQuery({ cameraIds }: Session, generated: EventQuery): EventQuery {
  const { cameraIds: chosen } = generated;
  return chosen === undefined
    ? generated
    : { ...generated, cameraIds: chosen.map((place) => cameraIds[Number(place)] ?? '') };
}

/** Which events match best is the index's affair; that all of them come is not. */
async function takeRank(session: Session, generated: EventQuery): Promise<Answer> {
  const { after: _, ...query } = { ...toQuery(session, generated), limit: 500, offset: 0 };
  const page = await session.store.events.list({ ...query, sortBy: 'relevance' });
  return { actual: sortedIds(page.events), expected: sortedIds(session.model.matching(query)) };
}

function sortedIds(events: readonly VedetteEvent[]): string[] {
  return events.map(({ id }) => id).toSorted();
}

async function takeList(session: Session, generated: EventQuery): Promise<Answer> {
  const { store, model } = session;
  const query = toQuery(session, generated);
  const { offset, ...walk } = query;
  if (offset === 0) {
    const walked = await store.events.walk(walk);
    expect(walked).toEqual(model.list(query).ids.map((id) => model.events.get(id)));
  }
  const page = await store.events.list(query);
  const { ids, totalCount, hasMore } = model.list(query);
  const { highlights, ...rest } = page;
  return {
    actual: { ...rest, highlights: highlights.length },
    expected: {
      totalCount,
      isTotalExact: true,
      hasMore,
      events: ids.map((id) => model.events.get(id)),
      highlights: ids.length,
    },
  };
}

/** The full-text index against the rows, the foreign keys, the pages, and what hangs on the events. */
function checkFile(file: string, model: EventModel): void {
  const database = new SqliteDatabase(file);
  try {
    database.prepare(`insert into event_search (event_search, rank) values ('integrity-check', 1)`).run();
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(database.pragma('foreign_key_check')).toEqual([]);
    const pending = [...model.events.values()].filter((event) => event.descriptionStatus === 'pending');
    const count = (table: string) => database.prepare(`select count(*) from ${table}`).pluck().get();
    expect(count('jobs')).toBe(pending.length);
    expect(database.prepare('select count(*) from event_counts where total <= 0').pluck().get()).toBe(0);
    expect(count('event_frames')).toBe(model.events.size * 2);
    expect(count('event_objects')).toBe(
      [...model.events.values()].reduce((sum, event) => sum + event.objectsDetected.length, 0),
    );
  } finally {
    database.close();
  }
}

test('random captures, finishes, improvements, requeues, annotations, extensions, deletes, renames and queries agree with a naive model', async () => {
  let lists = 0;
  let found = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 120, size: 'max' }), async (steps) => {
      await using dir = await makeTempDir();
      const clock = new FakeClock(exampleTime);
      const model = new EventModel();
      {
        await using store = await openStore({ dataDir: dir.path, log: silentLog(), clock });
        const cameraIds: string[] = [];
        for (const name of cameraNames) {
          cameraIds.push((await store.cameras.create(exampleCamera({ name }))).id);
        }
        const session: Session = { store, model, cameraIds, cameraNames: [...cameraNames] };
        for (const each of steps) {
          const { actual, expected } = await take(session, each);
          expect({ step: each, answer: actual }).toEqual({ step: each, answer: expected });
        }
        const all = await store.events.list(exampleQuery({ limit: 500 }));
        expect(all.events.map((event) => event.id)).toEqual(model.list(exampleQuery({ limit: 500 })).ids);
        lists += steps.filter((each) => each.kind === 'list').length;
        found += all.totalCount;
      }
      checkFile(dir.file('vedette.db'), model);
    }),
    { numRuns: 15 },
  );
  // A generator gone wrong would agree with everything.
  expect(lists).toBeGreaterThan(100);
  expect(found).toBeGreaterThan(100);
}, 120_000);

test('hundreds of events of one millisecond, stored in any order, are listed by id', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.uuid(), { minLength: 150, maxLength: 250, size: 'max' }),
      async (ids) => {
        await using dir = await makeTempDir();
        await using store = await openStore({
          dataDir: dir.path,
          log: silentLog(),
          clock: new FakeClock(exampleTime),
        });
        const camera = await store.cameras.create(exampleCamera());
        // Closing in on the middle from both ends halves the same gap again and again, until events have to move.
        const sorted = ids.toSorted();
        const order = sorted.map((_, index) =>
          index % 2 === 0 ? sorted[index / 2] : sorted.at(-(index + 1) / 2),
        );
        for (const id of order) {
          if (id === undefined) continue;
          const description = exampleDescription('A cat.', { objects: ['cat'] });
          await store.events.capture(exampleCapture(camera.id, { id, description }));
        }
        const query = exampleQuery({ limit: 500, sortOrder: 'asc' });
        for (const filter of [{}, { searchQuery: 'cat' }, { objectTypes: ['cat'] }]) {
          const { events } = await store.events.list({ ...query, ...filter });
          expect(events.map((event) => event.id)).toEqual(sorted);
        }
      },
    ),
    { numRuns: 2 },
  );
}, 60_000);
