import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../core/clock.ts';
import { overlapOf, type Box } from '../core/geometry.ts';
import { silentLog } from '../core/log.ts';
import {
  ensurePackageFiles,
  packageFolder,
  readPinnedFile,
  type PackageFiles,
} from '../core/package-files.ts';
import { createEmbeddedDetector, type EmbeddedDetector } from './efficientdet-detector.ts';
import { weightsFiles } from './model-files.ts';

/** A photograph of a cat in a box, from the package that carries the weights. */
const photograph = {
  ...weightsFiles,
  files: [
    {
      path: 'android/src/androidTest/assets/cat1.png',
      name: 'cat1.png',
      sha256: '8a2e8d1b4fe79f91b4d3285af08daafac059e374db95645b1916a076e8f08b50',
    },
  ],
} satisfies PackageFiles;
/** Where the animal is in it. */
const animal: Box = [0.25, 0.27, 0.51, 0.48];
const animals = new Set(['cat', 'dog', 'sheep', 'bear']);

const log = silentLog();
const { signal } = new AbortController();
let detector: EmbeddedDetector;
let cat: Buffer;

beforeAll(async () => {
  const folder = packageFolder();
  const ready = await ensurePackageFiles(photograph, { folder, log });
  const png = await readPinnedFile(ready.pathOf('cat1.png'), photograph.files[0]?.sha256 ?? '');
  cat = await sharp(png).flatten().jpeg({ quality: 95 }).toBuffer();
  detector = await createEmbeddedDetector({ folder, log, clock: systemClock });
}, 120_000);

afterAll(async () => {
  await detector[Symbol.asyncDispose]();
});

test('an animal is recognised where it is', async () => {
  const found = await detector.detect({ jpeg: cat, focus: [] }, signal);
  const best = found.find(({ label }) => animals.has(label));
  expect(best?.score).toBeGreaterThan(0.5);
  expect(overlapOf(best?.box ?? [0, 0, 0, 0], animal)).toBeGreaterThan(0.6);
});

test('an animal that is small in a large picture is found where something moves', async () => {
  const photo = await sharp(cat).resize(199, 150).toBuffer();
  const street = await sharp({ create: { width: 1600, height: 900, channels: 3, background: '#6d6a66' } })
    .composite([{ input: photo, left: 1200, top: 600 }])
    .jpeg({ quality: 90 })
    .toBuffer();
  const place: Box = [1200 / 1600, 600 / 900, 199 / 1600, 150 / 900];
  const isThere = async (focus: Box[]) =>
    (await detector.detect({ jpeg: street, focus }, signal)).some(
      ({ label, box }) =>
        animals.has(label) && box[0] > place[0] - 0.02 && box[0] + box[2] < place[0] + place[2] + 0.02,
    );
  expect(await isThere([])).toBe(false);
  expect(await isThere([place])).toBe(true);
});

test('an empty picture holds nothing', async () => {
  const empty = await sharp({ create: { width: 640, height: 360, channels: 3, background: '#8090a0' } })
    .jpeg()
    .toBuffer();
  expect(await detector.detect({ jpeg: empty, focus: [[0.4, 0.4, 0.2, 0.2]] }, signal)).toEqual([]);
});

test('what is no picture is refused, and the next picture is looked at as ever', async () => {
  const failure = detector.detect({ jpeg: Buffer.from('not a picture'), focus: [] }, signal);
  await expect(failure).rejects.toMatchObject({ code: 'PICTURE_INVALID' });
  expect(await detector.detect({ jpeg: cat, focus: [] }, signal)).not.toEqual([]);
});

test('the caller keeps its picture', async () => {
  const copy = Buffer.from(cat);
  await detector.detect({ jpeg: cat, focus: [] }, signal);
  expect(cat.equals(copy)).toBe(true);
});

test('requests at the same time are all answered, each for its own picture', async () => {
  const empty = await sharp({ create: { width: 320, height: 180, channels: 3, background: '#8090a0' } })
    .jpeg()
    .toBuffer();
  const pictures = [cat, empty, cat, empty];
  const all = await Promise.all(
    pictures.map(async (jpeg) => await detector.detect({ jpeg, focus: [] }, signal)),
  );
  expect(all.map((found) => found.length > 0)).toEqual([true, false, true, false]);
});
