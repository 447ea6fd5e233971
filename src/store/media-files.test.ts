import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as fc from 'fast-check';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exampleTime } from '../../test/support/store-examples.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { createId } from '../core/ids.ts';
import { createMediaFiles, type EventPicture, type MediaFiles } from './media-files.ts';

const minuteMs = 60_000;

let dir: TempDir;
let media: MediaFiles;

beforeEach(async () => {
  dir = await makeTempDir();
  media = createMediaFiles({ dataDir: dir.path });
});

afterEach(() => dir[Symbol.asyncDispose]());

async function picture(
  width: number,
  height: number,
  change: Partial<EventPicture> = {},
): Promise<EventPicture> {
  const jpeg = await sharp({ create: { width, height, channels: 3, background: '#246' } })
    .jpeg()
    .toBuffer();
  return { capturedAt: exampleTime, width, height, jpeg, regions: [], ...change };
}

async function makeOlder(path: string, minutes: number, now: number): Promise<void> {
  const time = (now - minutes * minuteMs) / 1_000;
  await utimes(dir.file(path), time, time);
}

test('thumbnail and frames get their names under the UTC day, and are described as they are', async () => {
  const id = createId();
  const regions = [{ box: [0.1, 0.1, 0.2, 0.2], area: 0.01 }] as const;
  const small = await picture(640, 360, { regions });
  const large = await picture(2_560, 1_440, { capturedAt: exampleTime + 200 });
  // One minute before midnight in UTC, whatever the zone of the machine.
  const written = await media.writeEventPictures(id, Date.UTC(2026, 1, 3, 23, 59), [small, large]);
  const folder = 'media/2026-02-03';
  expect(written.thumbnailPath).toBe(`${folder}/event_${id}.jpg`);
  expect(written.frames).toMatchObject([
    {
      number: 1,
      path: `${folder}/event_${id}_1.jpg`,
      width: 640,
      height: 360,
      capturedAt: exampleTime,
      regions,
    },
    { number: 2, path: `${folder}/event_${id}_2.jpg`, width: 1_920, height: 1_080, regions: [] },
  ]);
  expect((await readdir(dir.file(folder))).toSorted()).toEqual([
    `event_${id}.jpg`,
    `event_${id}_1.jpg`,
    `event_${id}_2.jpg`,
  ]);
  for (const frame of written.frames) {
    const bytes = await media.read(frame.path);
    expect(bytes.byteLength).toBe(frame.sizeBytes);
    expect(await sharp(bytes).metadata()).toMatchObject({
      format: 'jpeg',
      width: frame.width,
      height: frame.height,
    });
  }
  // A frame that is small enough is stored as the camera made it.
  expect(await media.read(`${folder}/event_${id}_1.jpg`)).toEqual(Buffer.from(small.jpeg));
});

test('an event without pictures has no files', async () => {
  expect(await media.writeEventPictures(createId(), exampleTime, [])).toEqual({
    thumbnailPath: null,
    thumbnailBytes: null,
    frames: [],
  });
  expect(existsSync(dir.file('media'))).toBe(false);
});

test('a picture that can not be read is refused and leaves nothing', async () => {
  const broken = { ...(await picture(64, 64)), jpeg: Buffer.from('no picture') };
  const pictures = [await picture(64, 64), broken];
  await expect(media.writeEventPictures(createId(), exampleTime, pictures)).rejects.toMatchObject({
    code: 'PICTURE_INVALID',
  });
  expect(existsSync(dir.file('media'))).toBe(false);
});

test('a disk that refuses is unavailable, and no half file stays', async () => {
  await mkdir(dir.file('media'));
  // Where the folder of the day should be, there is a file.
  await writeFile(dir.file('media', '2026-05-17'), '');
  await expect(
    media.writeEventPictures(createId(), exampleTime, [await picture(64, 64)]),
  ).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    isRetryable: true,
  });
  expect(await readdir(dir.file('media'))).toEqual(['2026-05-17']);
});

test('removed files are gone with their empty folder; what is gone already is fine', async () => {
  const first = await media.writeEventPictures(createId(), exampleTime, [await picture(64, 64)]);
  const second = await media.writeEventPictures(createId(), exampleTime, [await picture(64, 64)]);
  await media.remove(first);
  await media.remove(first);
  await expect(media.read(first.thumbnailPath ?? '')).rejects.toMatchObject({ code: 'PICTURE_NOT_FOUND' });
  expect(await readdir(dir.file('media'))).toEqual(['2026-05-17']);
  expect(await media.read(second.thumbnailPath ?? '')).toBeInstanceOf(Buffer);
  await media.remove(second);
  expect(await readdir(dir.file('media'))).toEqual([]);
});

test('no path leads out of the pictures, neither to be read nor to be deleted', async () => {
  await writeFile(dir.file('event_a.jpg'), 'secret');
  await writeFile(dir.file('vedette.db'), 'secret');
  const { frames } = await media.writeEventPictures('a', exampleTime, [await picture(64, 64)]);
  const part = fc.oneof(
    fc.constantFrom(
      '..',
      '.',
      '',
      'media',
      '2026-05-17',
      'event_a.jpg',
      'vedette.db',
      '%2e%2e',
      '..\\..',
      '\0',
    ),
    fc.string({ maxLength: 5 }),
  );
  const path = fc
    .tuple(fc.boolean(), fc.array(part, { maxLength: 6 }))
    .map(([isAbsolute, parts]) => (isAbsolute ? `${dir.path}/` : '') + parts.join('/'));
  await fc.assert(
    fc.asyncProperty(path, async (attempt) => {
      if (attempt === 'media/2026-05-17/event_a.jpg') return;
      await expect(media.read(attempt)).rejects.toMatchObject({ code: 'PICTURE_NOT_FOUND' });
      await expect(media.remove({ thumbnailPath: attempt, frames: [] })).rejects.toMatchObject({
        code: 'PICTURE_NOT_FOUND',
      });
    }),
    {
      numRuns: 300,
      examples: [['media/../event_a.jpg'], ['media/2026-05-17/../../vedette.db'], ['../event_a.jpg']],
    },
  );
  expect(await readFile(dir.file('event_a.jpg'), 'utf8')).toBe('secret');
  expect(await readFile(dir.file('vedette.db'), 'utf8')).toBe('secret');
  expect(await media.read(frames[0]?.path ?? '')).toBeInstanceOf(Buffer);
});

test('orphans are old files without an event, and unfinished writes; they alone are removed', async () => {
  const now = Date.now();
  const stored = createId();
  const lost = createId();
  const young = createId();
  for (const id of [stored, lost, young]) {
    await media.writeEventPictures(id, exampleTime, [await picture(64, 64)]);
  }
  const folder = 'media/2026-05-17';
  const unfinished = `${folder}/event_${stored}_1.jpg.${crypto.randomUUID()}.unfinished`;
  await writeFile(dir.file(unfinished), 'half');
  await writeFile(dir.file(folder, 'notes.txt'), 'not ours');
  await mkdir(dir.file('media', 'not a day'));
  for (const name of await readdir(dir.file(folder))) {
    await makeOlder(`${folder}/${name}`, name.includes(young) ? 9 : 11, now);
  }
  const asked: string[][] = [];
  const orphans = await media.findOrphans(async (ids) => {
    asked.push([...ids]);
    return [stored];
  }, now);
  expect(asked).toEqual([[stored, lost].toSorted()]);
  expect(orphans.map((orphan) => orphan.path).toSorted()).toEqual(
    [`${folder}/event_${lost}.jpg`, `${folder}/event_${lost}_1.jpg`, unfinished].toSorted(),
  );
  expect(orphans.find((orphan) => orphan.path === unfinished)).toMatchObject({
    eventId: stored,
    sizeBytes: 4,
  });
  await media.removeOrphans(orphans);
  expect(await media.findOrphans(async () => [stored], now)).toEqual([]);
  expect((await readdir(dir.file(folder))).length).toBe(5);
});

test('a store that can not be asked ends the search for orphans: nothing is taken for one', async () => {
  const written = await media.writeEventPictures(createId(), exampleTime, [await picture(64, 64)]);
  for (const path of [written.thumbnailPath ?? '', ...written.frames.map((frame) => frame.path)]) {
    await makeOlder(path, 60, Date.now());
  }
  await expect(media.findOrphans(() => Promise.reject(new Error('no store')), Date.now())).rejects.toThrow(
    'no store',
  );
  expect(existsSync(dirname(dir.file(written.thumbnailPath ?? '')))).toBe(true);
});

test('a folder without any media has no orphans', async () => {
  expect(await media.findOrphans(async () => [], Date.now())).toEqual([]);
});
