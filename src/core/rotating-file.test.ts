import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { RotatingFile } from './rotating-file.ts';

const dayMs = 24 * 3_600_000;
let folder = '';
let path = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vedette-log-'));
  path = join(folder, 'vedette.log');
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function files(): Promise<{ name: string; sizeBytes: number; text: string }[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.log')).toSorted();
  return Promise.all(
    names.map(async (name) => ({
      name,
      sizeBytes: (await stat(join(folder, name))).size,
      text: await readFile(join(folder, name), 'utf8'),
    })),
  );
}

test('what is written is on the disk at once, and a file that is there goes on', async () => {
  await writeFile(path, 'before\n');
  await using file = await RotatingFile.open({ path });
  file.write('after\n');
  expect(await readFile(path, 'utf8')).toBe('before\nafter\n');
});

test('all files together stay within the bound, each line is whole, and the newest are kept', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 200 }),
      fc.integer({ min: 1, max: 5 }),
      async (lengths, fileCount) => {
        const before = await files();
        await Promise.all(before.map(({ name }) => rm(join(folder, name))));
        const totalBytes = fileCount * 400;
        const lines = lengths.map((length, index) => `${index}:${'ü'.repeat(length / 2)}\n`);
        let file = await RotatingFile.open({ path, totalBytes, fileCount });
        for (const [index, line] of lines.entries()) {
          file.write(line);
          // As if the process were started again now and then.
          if (index % 50 === 49) {
            await file[Symbol.asyncDispose]();
            file = await RotatingFile.open({ path, totalBytes, fileCount });
          }
        }
        await file[Symbol.asyncDispose]();
        expect(file.lostCount).toBe(0);
        const left = await files();
        expect(left.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBeLessThanOrEqual(totalBytes);
        expect(left.length).toBeLessThanOrEqual(1 + totalBytes / 2);
        const text = left.map((each) => each.text).join('');
        expect(text).toBe(lines.slice(lines.length - (text.match(/\n/g) ?? []).length).join(''));
        expect(text.endsWith(lines.at(-1) ?? '')).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test('a line longer than a file is cut, not the bound exceeded', async () => {
  await using file = await RotatingFile.open({ path, totalBytes: 100, fileCount: 2 });
  file.write(`${'x'.repeat(500)}\n`);
  file.write('next\n');
  const left = await files();
  expect(left.map(({ text }) => text)).toEqual([`${'x'.repeat(49)}\n`, 'next\n']);
});

test('a new day begins a new file', async () => {
  const clock = new FakeClock(Date.now());
  await using file = await RotatingFile.open({ path, clock });
  file.write('today\n');
  await clock.advance(dayMs);
  file.write('tomorrow\n');
  const left = await files();
  expect(left.map(({ text }) => text)).toEqual(['today\n', 'tomorrow\n']);
  expect(left[0]?.name).toMatch(/^vedette-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z\.log$/);
});

test('old files go at the opening too, and files of others are left alone', async () => {
  const aside = (daysAgo: number): string =>
    join(
      folder,
      `vedette-${new Date(Date.now() - daysAgo * dayMs).toISOString().replaceAll(/[:.]/g, '-')}.log`,
    );
  for (const daysAgo of [20, 8, 6]) {
    await writeFile(aside(daysAgo), `${daysAgo} days ago\n`);
    const time = (Date.now() - daysAgo * dayMs) / 1000;
    for (const name of await readdir(folder)) {
      if ((await readFile(join(folder, name), 'utf8')).startsWith(`${daysAgo} `)) {
        await utimes(join(folder, name), time, time);
      }
    }
  }
  await writeFile(join(folder, 'vedette-notes.log'), 'mine\n');
  await utimes(join(folder, 'vedette-notes.log'), 0, 0);
  await using file = await RotatingFile.open({ path });
  file.write('now\n');
  expect((await files()).map(({ text }) => text)).toEqual(['6 days ago\n', 'mine\n', 'now\n']);
});

test('a file that was taken away is made anew when it is full, and nothing is thrown', async () => {
  await using file = await RotatingFile.open({ path, totalBytes: 40, fileCount: 2 });
  file.write('0123456789\n');
  await rm(path);
  file.write('0123456789\n');
  file.write('after\n');
  expect((await files()).map(({ text }) => text)).toEqual(['0123456789\nafter\n']);
});

test('a folder that is gone loses lines, which are counted, until it is back', async () => {
  const inner = join(folder, 'logs');
  await using file = await RotatingFile.open({
    path: join(inner, 'vedette.log'),
    totalBytes: 40,
    fileCount: 2,
  });
  file.write('0123456789\n');
  await rm(inner, { recursive: true });
  file.write('this one starts another file\n');
  file.write('this one too\n');
  expect(file.lostCount).toBeGreaterThan(0);
  await file[Symbol.asyncDispose]();
  await file[Symbol.asyncDispose]();
});
