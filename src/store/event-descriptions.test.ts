import { describe, expect, test } from 'vitest';
import { descriptionRig, done, failed } from '../../test/support/description-rig.ts';
import {
  exampleAttempt,
  exampleDescription,
  exampleQuery,
  exampleTime,
} from '../../test/support/store-examples.ts';
import { createId } from '../core/ids.ts';
import type { CapturedEvent, SentRequest } from './event-store.ts';

const rig = descriptionRig();
const { capture, finish } = rig;

describe('a description', () => {
  test('comes with its title, actions, prompt and what it was reused from', async () => {
    const id = await capture();
    const description = exampleDescription('A man carries a ladder.', {
      title: 'Man with a ladder',
      actions: ['carries a ladder'],
      isNothingOfInterest: true,
    });
    await finish(id, { status: 'done', description, promptVersion: '3', sameAs: 'other' });
    expect(await rig.store.events.get(id)).toMatchObject({
      title: 'Man with a ladder',
      actions: ['carries a ladder'],
      isNothingOfInterest: true,
      promptVersion: '3',
      sameAs: 'other',
    });
  });

  test('is found by its title, whose words are not marked in its text', async () => {
    const id = await capture();
    await finish(id, done('A man stands there.', { title: 'Nightly visitor' }));
    const found = await rig.store.events.list(exampleQuery({ searchQuery: 'visitor man' }));
    expect(found.events.map((event) => event.id)).toEqual([id]);
    expect(found.highlights).toEqual(['A <mark>man</mark> stands there.']);
    await finish(await capture(), done('A cat.', { title: 'Cat' }));
    expect((await rig.store.events.list(exampleQuery({ searchQuery: 'visitor' }))).totalCount).toBe(1);
  });

  test('that an earlier version left on the disk without the newer fields is stored all the same', async () => {
    const { title, actions, isNothingOfInterest, usage, ...old } = exampleDescription('A cat.');
    expect([title, actions, isNothingOfInterest, usage]).toEqual([null, [], false, null]);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as JSON of an earlier version is read
    const id = await capture({ description: old as CapturedEvent['description'] & object });
    expect(await rig.store.events.get(id)).toMatchObject({
      title: null,
      actions: [],
      isNothingOfInterest: false,
    });
  });
});

describe('attempts', () => {
  const first = exampleAttempt({
    outcome: 'timeout',
    message: 'no answer',
    costUsd: 0.02,
    outputTokens: null,
  });
  const second = exampleAttempt({ provider: 'google', startedAt: exampleTime + 1_000 });

  test('are kept in order, and together are what the event has cost', async () => {
    const id = await capture();
    const event = await finish(id, done('A cat.', { costUsd: 0.01 }), { attempts: [first, second] });
    expect(event?.costUsd).toBe(0.03);
    expect(await rig.store.events.attempts(id)).toEqual([first, second]);
    expect(await rig.store.events.attempts(createId())).toEqual([]);
  });

  test('of a failure are kept too; a cost that is not known makes that of the event unknown', async () => {
    const id = await capture();
    await finish(id, failed, { attempts: [first, exampleAttempt({ outcome: 'bad_answer', costUsd: null })] });
    expect(await rig.store.events.get(id)).toMatchObject({ descriptionStatus: 'failed', costUsd: null });
    expect(await rig.store.events.attempts(id)).toHaveLength(2);
  });

  test('are not kept twice when an event is finished twice', async () => {
    const id = await capture();
    await finish(id, done('A cat.'), { attempts: [first] });
    await finish(id, done('A cat.'), { attempts: [first] });
    expect(await rig.store.events.attempts(id)).toEqual([first]);
  });

  test('are at most fifty, and go with their event', async () => {
    const id = await capture();
    const many = Array.from({ length: 60 }, (_, index) => exampleAttempt({ startedAt: exampleTime + index }));
    await finish(id, failed, { attempts: many });
    expect(await rig.store.events.attempts(id)).toEqual(many.slice(10));
    await rig.store.events.delete(id);
    expect(await rig.store.events.attempts(id)).toEqual([]);
  });
});

describe('a better description', () => {
  const better = exampleDescription('A woman brings a parcel.', {
    provider: 'openai',
    objects: ['person', 'parcel'],
  });
  const attempt = exampleAttempt();

  test('takes the place of the first, in the search too, and nobody is told', async () => {
    const id = await capture();
    const deliverTo = ['hook'];
    await finish(id, done('Motion.', { objects: ['dog'] }), { timings: { described: 900 }, deliverTo });
    await rig.clock.advance(10_000);
    const event = await rig.store.events.improve({
      eventId: id,
      replaces: 'Motion.',
      description: better,
      promptVersion: '1',
      attempts: [attempt],
    });
    expect(event).toMatchObject({
      description: 'A woman brings a parcel.',
      descriptionStatus: 'done',
      provider: 'openai',
      objectsDetected: ['person', 'parcel'],
      promptVersion: '1',
      costUsd: 0.01,
      updatedAt: exampleTime + 10_000,
    });
    expect(event?.timings.described).toBe(900);
    expect(await rig.store.events.get(id)).toEqual(event);
    const found = async (query: object) => (await rig.store.events.list(exampleQuery(query))).totalCount;
    expect(await found({ searchQuery: 'parcel' })).toBe(1);
    expect(await found({ searchQuery: 'motion' })).toBe(0);
    expect(await found({ objectTypes: ['dog'] })).toBe(0);
    expect((await rig.store.deliveries.list({ limit: 10, offset: 0 })).totalCount).toBe(1);
  });

  test('does not take the place of another text, nor of none; its attempts are kept', async () => {
    const changed = await capture();
    await finish(changed, done('What a person wrote.'));
    const waiting = await capture();
    const broken = await capture();
    await finish(broken, failed);
    for (const [eventId, replaces] of [
      [changed, 'Motion.'],
      [waiting, ''],
      [broken, ''],
      [createId(), ''],
    ] as const) {
      const before = await rig.store.events.get(eventId);
      const answer = await rig.store.events.improve({
        eventId,
        replaces,
        description: better,
        attempts: [attempt],
      });
      expect(answer).toBeUndefined();
      const after = await rig.store.events.get(eventId);
      expect(after?.description).toBe(before?.description);
      expect(after?.descriptionStatus).toBe(before?.descriptionStatus);
      expect(await rig.store.events.attempts(eventId)).toEqual(before === undefined ? [] : [attempt]);
    }
  });

  test('that did not come leaves its attempts; the same answer again leaves nothing more', async () => {
    const id = await capture();
    await finish(id, done('Motion.'), { attempts: [attempt] });
    const late = exampleAttempt({ provider: 'google', outcome: 'timeout' });
    const request = { eventId: id, replaces: 'Motion.', description: undefined, attempts: [late] };
    for (const _ of [1, 2]) expect(await rig.store.events.improve(request)).toBeUndefined();
    expect(await rig.store.events.attempts(id)).toEqual([attempt, late]);
    expect((await rig.store.events.get(id))?.description).toBe('Motion.');
  });
});

function sent(change: Partial<SentRequest> = {}): SentRequest {
  return {
    provider: 'openai',
    model: 'small-vision',
    sentAt: exampleTime,
    promptVersion: '1',
    system: 'You describe.',
    prompt: 'Frame 1 of 1',
    pictures: [1, 2].map((number) => ({
      label: `Frame ${number} of 2`,
      path: `media/2026-05-17/event_x_sent_openai-1_${number}.jpg`,
      width: 640,
      height: 360,
      sizeBytes: 1_000,
    })),
    ...change,
  };
}

describe('what was sent', () => {
  test('is kept in order with its pictures, and its files are named when the event is deleted', async () => {
    const id = await capture();
    const second = sent({ provider: 'google', model: null, pictures: [] });
    expect(await rig.store.events.recordSent(id, sent())).toEqual({ kind: 'stored', removed: [] });
    await rig.store.events.recordSent(id, second);
    expect(await rig.store.events.sentRequests(id)).toEqual([sent(), second]);
    const deleted = await rig.store.events.delete(id);
    expect(deleted?.paths).toEqual(expect.arrayContaining(sent().pictures.map(({ path }) => path)));
    expect(await rig.store.events.sentRequests(id)).toEqual([]);
    expect(await rig.store.events.recordSent(id, sent())).toEqual({ kind: 'gone' });
  });

  test('is at most eight requests: the oldest gives way and names its files', async () => {
    const id = await capture();
    for (let index = 0; index < 8; index += 1) await rig.store.events.recordSent(id, sent({ sentAt: index }));
    expect(await rig.store.events.recordSent(id, sent({ sentAt: 8, pictures: [] }))).toEqual({
      kind: 'stored',
      removed: sent().pictures,
    });
    expect((await rig.store.events.sentRequests(id)).map((request) => request.sentAt)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ]);
  });
});
