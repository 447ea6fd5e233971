import { readdir, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { exampleCamera, exampleCapture, exampleTime } from '../../test/support/store-examples.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { silentLog } from '../core/log.ts';
import { createMediaFiles, type MediaFiles } from './media-files.ts';
import { openStore, type SqliteStore } from './open-store.ts';
import { createSentArchive, type SentArchive, type SentRecord } from './sent-archive.ts';

const folder = 'media/2026-05-17';

let dir: TempDir;
let store: SqliteStore;
let media: MediaFiles;
let archive: SentArchive;
let eventId: string;

beforeEach(async () => {
  dir = await makeTempDir();
  store = await openStore({ dataDir: dir.path, log: silentLog(), clock: new FakeClock(exampleTime) });
  media = createMediaFiles({ dataDir: dir.path });
  archive = createSentArchive({ events: store.events, media, log: silentLog() });
  const camera = await store.cameras.create(exampleCamera());
  const event = exampleCapture(camera.id, { frames: [], thumbnailPath: null });
  await store.events.capture(event);
  eventId = event.id;
});

afterEach(async () => {
  await archive[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

function record(change: Partial<SentRecord> = {}, pictureCount = 2): SentRecord {
  return {
    eventId,
    provider: 'openai',
    model: 'small-vision',
    startedAt: exampleTime + 1_000,
    request: {
      promptVersion: '1',
      system: 'You describe.',
      prompt: `Frames 1 to ${pictureCount}`,
      pictures: Array.from({ length: pictureCount }, (_, index) => ({
        label: `Frame ${index + 1}`,
        jpeg: Buffer.from(`picture ${index + 1}`),
        width: 640,
        height: 360,
      })),
    },
    ...change,
  };
}

async function add(...records: readonly SentRecord[]): Promise<void> {
  for (const each of records) archive.add(each);
  await archive[Symbol.asyncDispose]();
}

async function files(): Promise<string[]> {
  const names: string[] = await readdir(dir.file(folder)).catch(() => []);
  return names.toSorted();
}

test('what was sent is there afterwards, byte for byte, with the pictures under names of their own', async () => {
  await add(record());
  const stem = `event_${eventId}_sent_openai-${(exampleTime + 1_000).toString(36)}`;
  const [sent] = await store.events.sentRequests(eventId);
  expect(sent).toEqual({
    provider: 'openai',
    model: 'small-vision',
    sentAt: exampleTime + 1_000,
    promptVersion: '1',
    system: 'You describe.',
    prompt: 'Frames 1 to 2',
    pictures: [1, 2].map((number) => ({
      label: `Frame ${number}`,
      path: `${folder}/${stem}_${number}.jpg`,
      width: 640,
      height: 360,
      sizeBytes: 9,
    })),
  });
  expect(await files()).toEqual([`${stem}_1.jpg`, `${stem}_2.jpg`]);
  expect(String(await media.read(sent?.pictures[1]?.path ?? ''))).toBe('picture 2');
});

test('providers of any name, and the same one again, never share a file', async () => {
  const names = ['my gpt', 'my-gpt', 'My GPT', 'Küche/../x', '..', '模型', 'a'.repeat(100)];
  await add(...names.map((provider) => record({ provider }, 1)), record({ provider: '..', startedAt: 5 }, 1));
  expect(await files()).toHaveLength(8);
  for (const { pictures } of await store.events.sentRequests(eventId)) {
    expect(String(await media.read(pictures[0]?.path ?? ''))).toBe('picture 1');
  }
});

test('a request without pictures is kept too, and makes no folder', async () => {
  await add(record({}, 0));
  expect(await store.events.sentRequests(eventId)).toMatchObject([{ prompt: 'Frames 1 to 0', pictures: [] }]);
  expect(await files()).toEqual([]);
});

test('the files go with their event', async () => {
  await add(record());
  const deleted = await store.events.delete(eventId);
  if (deleted !== undefined) await media.removePaths(deleted.paths);
  expect(await files()).toEqual([]);
});

test('of the ninth request on, the oldest gives way with its files', async () => {
  for (let index = 0; index < 10; index += 1) await add(record({ startedAt: exampleTime + index }, 1));
  expect(await store.events.sentRequests(eventId)).toHaveLength(8);
  expect(await files()).toHaveLength(8);
  expect((await files())[0]).toContain((exampleTime + 2).toString(36));
});

test('for an event that was deleted while its pictures were written, nothing stays', async () => {
  const slow: SentArchive = createSentArchive({
    events: store.events,
    log: silentLog(),
    media: {
      removePaths: (paths) => media.removePaths(paths),
      writeSentPictures: async (...written) => {
        const paths = await media.writeSentPictures(...written);
        await store.events.delete(eventId);
        return paths;
      },
    },
  });
  slow.add(record());
  await slow[Symbol.asyncDispose]();
  expect(await files()).toEqual([]);
  await add(record());
  expect(await files()).toEqual([]);
  expect(archive.lost + slow.lost).toBe(0);
});

test('what was left by a crash is an orphan once its event is gone', async () => {
  await add(record());
  const stray = `${folder}/event_${eventId}_sent_xai-1_1.jpg`;
  await writeFile(dir.file(stray), 'x');
  const deleted = await store.events.delete(eventId);
  if (deleted !== undefined) await media.removePaths(deleted.paths);
  const later = Date.now() + 3_600_000;
  const orphans = await media.findOrphans((ids) => store.events.existing(ids), later);
  expect(orphans.map(({ path }) => path)).toEqual([stray]);
  await media.removeOrphans(orphans);
  expect(await files()).toEqual([]);
});

test('a disk that refuses, and too much at once, is counted and disturbs nobody', async () => {
  await rm(dir.file('media'), { recursive: true, force: true });
  await writeFile(dir.file('media'), 'in the way');
  await add(record());
  expect(archive.lost).toBe(1);
  expect(await store.events.sentRequests(eventId)).toEqual([]);
  const small = createSentArchive({ events: store.events, media, log: silentLog(), maxWaiting: 2 });
  for (let index = 0; index < 5; index += 1) small.add(record({ startedAt: index }, 0));
  expect(small.lost).toBe(3);
  await small[Symbol.asyncDispose]();
  expect(await store.events.sentRequests(eventId)).toHaveLength(2);
});
