import { expect, test } from 'vitest';
import { makeDescription, startApi } from '../../../test/fakes/api-services.ts';
import type { LiveMessage } from '../../core/live-feed.ts';

test('feedback, a note and a star are kept, told to whoever watches, and taken back by null', async () => {
  await using api = await startApi();
  const event = await api.addEvent({
    cameraId: await api.addCamera(),
    description: makeDescription('A fox.'),
  });
  const told: LiveMessage[] = [];
  api.live.subscribe(({ message }) => told.push(message));
  const path = `/api/v1/events/${event.id}`;
  expect(event).toMatchObject({ userFeedback: null, note: null, isStarred: false });
  const said = await api.call('PATCH', path, {
    user_feedback: 'wrong',
    note: '  Our own dog  ',
    starred: true,
  });
  expect(said.status).toBe(200);
  expect(said.json).toMatchObject({
    id: event.id,
    description: 'A fox.',
    user_feedback: 'wrong',
    note: 'Our own dog',
    starred: true,
  });
  expect(told).toMatchObject([{ type: 'EVENT_UPDATED', event: { id: event.id, userFeedback: 'wrong' } }]);
  expect((await api.call('PATCH', path, { note: null })).json).toMatchObject({
    user_feedback: 'wrong',
    note: null,
    starred: true,
  });
  expect((await api.call('PATCH', path, { user_feedback: null, starred: null })).json).toMatchObject({
    user_feedback: null,
    starred: false,
  });
  expect((await api.call('GET', path)).json).toMatchObject({
    user_feedback: null,
    note: null,
    starred: false,
  });
});

test('a note is found by a search, and no longer once it is gone', async () => {
  await using api = await startApi();
  const event = await api.addEvent({
    cameraId: await api.addCamera(),
    description: makeDescription('A fox.'),
  });
  const find = async (): Promise<unknown> =>
    (await api.call('GET', '/api/v1/events?search_query=postwoman')).json;
  expect(await find()).toMatchObject({ total_count: 0 });
  await api.call('PATCH', `/api/v1/events/${event.id}`, { note: 'The postwoman with her dog' });
  expect(await find()).toMatchObject({
    total_count: 1,
    events: [{ id: event.id, note: 'The postwoman with her dog' }],
  });
  await api.call('PATCH', `/api/v1/events/${event.id}`, { note: null });
  expect(await find()).toMatchObject({ total_count: 0 });
});

test.each([
  ['user_feedback', { user_feedback: 'maybe' }],
  ['note', { note: ' ' }],
  ['note', { note: 'x'.repeat(2001) }],
  ['starred', { starred: 'yes' }],
  ['description', { starred: true, description: 'Another one.' }],
  ['', {}],
])('a body that does not fit is refused by its field: %j', async (path, body) => {
  await using api = await startApi();
  const event = await api.addEvent({ cameraId: await api.addCamera() });
  const answer = await api.call('PATCH', `/api/v1/events/${event.id}`, body);
  expect(answer.status).toBe(422);
  expect(answer.json).toMatchObject({
    error: { code: 'VALIDATION_FAILED', details: [{ in: 'body', path }] },
  });
});

test('an event that is not there is a 404', async () => {
  await using api = await startApi();
  const answer = await api.call('PATCH', '/api/v1/events/nothing', { starred: true });
  expect(answer.json).toMatchObject({ error: { code: 'EVENT_NOT_FOUND' } });
});
