import { existsSync } from 'node:fs';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { startApi, type RunningApi } from '../../../test/fakes/api-services.ts';

const dayMs = 86_400_000;

async function addEvent(api: RunningApi, cameraId: string, ageDays: number): Promise<string> {
  const jpeg = await sharp({ create: { width: 64, height: 36, channels: 3, background: '#345' } })
    .jpeg()
    .toBuffer();
  const timestamp = Date.now() - ageDays * dayMs;
  const picture = { jpeg, width: 64, height: 36, capturedAt: timestamp, regions: [] };
  return (await api.addEvent({ cameraId, timestamp, startedAt: timestamp }, [picture])).id;
}

const daysAgo = (days: number): string => new Date(Date.now() - days * dayMs).toISOString();

test('a clean-up says first what it would delete, and deletes when it is confirmed', async () => {
  await using api = await startApi();
  const [gate, yard] = [await api.addCamera('Gate'), await api.addCamera('Yard')];
  const old = await addEvent(api, gate, 10);
  const other = await addEvent(api, yard, 10);
  const young = await addEvent(api, gate, 1);
  const path = `/api/v1/events/cleanup?before=${daysAgo(5)}&camera_id=${gate}`;
  const planned = await api.call('DELETE', path);
  expect(planned.status).toBe(200);
  expect(planned.json).toMatchObject({
    status: 'planned',
    events: 1,
    bytes: expect.any(Number),
    starred_kept: 0,
    deleted_events: 0,
    cause: null,
  });
  expect(await api.store.events.existing([old, other, young])).toHaveLength(3);
  const done = await api.call('DELETE', `${path}&confirm=true`);
  expect(done.json).toMatchObject({ status: 'done', events: 1, deleted_events: 1 });
  expect((done.json as { deleted_bytes: number }).deleted_bytes).toBe(
    (planned.json as { bytes: number }).bytes,
  );
  expect((await api.store.events.existing([old, other, young])).toSorted()).toEqual(
    [other, young].toSorted(),
  );
  expect(
    (await readdir(join(api.dataDir, 'media', daysAgo(10).slice(0, 10)))).every((name) =>
      name.includes(other),
    ),
  ).toBe(true);
});

test('what does not fit is refused, and nothing is deleted', async () => {
  await using api = await startApi();
  const id = await addEvent(api, await api.addCamera(), 10);
  for (const query of [
    '',
    '?confirm=true',
    '?before=yesterday&confirm=true',
    `?before=${daysAgo(1)}&confirm=yes`,
    `?before=${daysAgo(1)}&confirm=true&all=true`,
  ]) {
    expect((await api.call('DELETE', `/api/v1/events/cleanup${query}`)).status).toBe(422);
  }
  expect(await api.store.events.existing([id])).toEqual([id]);
});

test('the policy is told in words, and applied on demand', async () => {
  await using api = await startApi({ retention: { days: 30, starredDays: 0, maxBytes: 5e9 } });
  const cameraId = await api.addCamera();
  const old = await addEvent(api, cameraId, 31);
  const young = await addEvent(api, cameraId, 29);
  expect((await api.call('GET', '/api/v1/retention')).json).toMatchObject({
    days: 30,
    starred_days: 0,
    max_bytes: 5e9,
    time: '03:30',
    summary: 'Events are kept for 30 days, starred ones for ever; above 5.0 GB the oldest without a star go.',
    running: null,
    last_run: null,
  });
  expect((await api.call('POST', '/api/v1/retention/run')).json).toMatchObject({
    status: 'done',
    deleted_events: 1,
  });
  expect(await api.store.events.existing([old, young])).toEqual([young]);
  expect((await api.call('GET', '/api/v1/retention')).json).toMatchObject({
    last_run: { status: 'done', deleted_events: 1, orphans_removed: 0, missing_files: 0, cause: null },
  });
});

test('files without an event go when they are older than a day; events without their files are told', async () => {
  await using api = await startApi();
  const cameraId = await api.addCamera();
  const id = await addEvent(api, cameraId, 3);
  const folder = join(api.dataDir, 'media', daysAgo(3).slice(0, 10));
  const old = join(folder, 'event_stray-1.jpg');
  const young = join(folder, 'event_stray-2.jpg');
  for (const file of [old, young]) await writeFile(file, 'x');
  await utimes(old, Date.now() / 1000 - 90_000, Date.now() / 1000 - 90_000);
  await utimes(young, Date.now() / 1000 - 4_000, Date.now() / 1000 - 4_000);
  const event = await api.store.events.get(id);
  await api.media.remove({ thumbnailPath: event?.thumbnailPath ?? null, frames: [] });
  await api.call('POST', '/api/v1/retention/run');
  expect([existsSync(old), existsSync(young)]).toEqual([false, true]);
  expect((await api.call('GET', '/api/v1/retention')).json).toMatchObject({
    last_run: { orphans_removed: 1, missing_files: 1 },
  });
  expect((await api.call('GET', `/api/v1/events/${id}/thumbnail`)).status).toBe(404);
});

test('pictures by the hundred without an event are not removed: the database may be the wrong one', async () => {
  await using api = await startApi();
  await addEvent(api, await api.addCamera(), 3);
  const folder = join(api.dataDir, 'media', daysAgo(3).slice(0, 10));
  const longAgo = Date.now() / 1000 - 90_000;
  for (let index = 0; index < 501; index += 1) {
    const file = join(folder, `event_stray-${index}.jpg`);
    await writeFile(file, 'x');
    await utimes(file, longAgo, longAgo);
  }
  await api.call('POST', '/api/v1/retention/run');
  expect((await readdir(folder)).filter((name) => name.includes('stray'))).toHaveLength(501);
});
