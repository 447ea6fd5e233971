import { expect, test } from 'vitest';
import { startApi } from '../../test/fakes/api-services.ts';

const body = { name: 'Yard', url: 'rtsp://192.168.1.20/stream1' };
const none = { privacy: { local_only: false }, vision: { prompt_addition: null, max_events_per_hour: null } };
const limits = {
  privacy: { local_only: true },
  vision: { prompt_addition: 'The blue car is ours.\nThe dog is called Rex.', max_events_per_hour: 12 },
};

test('a camera has no limits unless they are given', async () => {
  await using api = await startApi();
  const created = await api.call('POST', '/api/v1/cameras', body);
  expect([created.status, created.json]).toMatchObject([201, none]);
});

test('limits that a change leaves out stay, privacy above all', async () => {
  await using api = await startApi();
  const created = await api.call('POST', '/api/v1/cameras', { ...body, ...limits });
  expect(created.json).toMatchObject(limits);
  const { id } = created.json as { id: string };
  const put = async (change: object): Promise<unknown> =>
    (await api.call('PUT', `/api/v1/cameras/${id}`, { ...body, ...change })).json;
  expect(await put({})).toMatchObject(limits);
  expect(await put({ vision: { max_events_per_hour: 3 } })).toMatchObject({
    privacy: { local_only: true },
    vision: { prompt_addition: limits.vision.prompt_addition, max_events_per_hour: 3 },
  });
  expect(await put({ vision: { prompt_addition: null, max_events_per_hour: null } })).toMatchObject({
    privacy: { local_only: true },
    vision: none.vision,
  });
  expect(await put({ privacy: { local_only: false } })).toMatchObject(none);
  expect(await api.store.cameras.get(id)).toMatchObject({ isLocalOnly: false, promptAddition: null });
});

test('limits that make no sense are refused by their field', async () => {
  await using api = await startApi();
  for (const [change, path] of [
    [{ privacy: { local_only: 'yes' } }, 'privacy.local_only'],
    [{ privacy: { local_only: true, mask: [] } }, 'privacy.mask'],
    [{ vision: { prompt_addition: 'x'.repeat(2001) } }, 'vision.prompt_addition'],
    [{ vision: { max_events_per_hour: -1 } }, 'vision.max_events_per_hour'],
    [{ vision: { max_events_per_hour: 1.5 } }, 'vision.max_events_per_hour'],
  ] as const) {
    const answer = await api.call('POST', '/api/v1/cameras', { ...body, ...change });
    expect([answer.status, answer.json]).toMatchObject([422, { error: { details: [{ path }] } }]);
  }
});
