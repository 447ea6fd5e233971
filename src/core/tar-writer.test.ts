import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { gather, readTarEntries, TarDamagedError } from './tar-reader.ts';
import { tarEnd, tarHeader, tarPadding } from './tar-writer.ts';

async function* piecesOf(archive: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < archive.length; start += size) yield archive.subarray(start, start + size);
}

function archiveOf(files: readonly { readonly path: string; readonly content: Uint8Array }[]): Uint8Array {
  return Buffer.concat([
    ...files.flatMap(({ path, content }) => [
      tarHeader({ path, size: content.length, modifiedAt: Date.UTC(2026, 0, 1) }),
      content,
      tarPadding(content.length),
    ]),
    tarEnd,
  ]);
}

test('what was written is read again, long paths and other alphabets too', async () => {
  const file = fc.record({
    path: fc.oneof(
      fc.stringMatching(/^[a-z/]{1,300}$/),
      fc.string({ minLength: 1, maxLength: 120, unit: 'binary' }),
    ),
    content: fc.uint8Array({ maxLength: 2_000 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(file, { maxLength: 6 }),
      fc.integer({ min: 1, max: 3_000 }),
      async (files, size) => {
        const written = files.filter(({ path }) => !/[\0\n]/.test(path) && path.isWellFormed());
        const read = [];
        for await (const entry of readTarEntries(piecesOf(archiveOf(written), size))) {
          read.push({ path: entry.path, content: await gather(entry.content(), entry.size) });
          expect(entry.type).toBe('0');
        }
        expect(read).toEqual(written);
      },
    ),
    { numRuns: 200 },
  );
});

test('what is not read of an entry is skipped', async () => {
  const files = ['a', 'b', 'c'].map((path) => ({ path, content: new Uint8Array(1_500).fill(7) }));
  const paths: string[] = [];
  for await (const entry of readTarEntries(piecesOf(archiveOf(files), 100))) {
    paths.push(entry.path);
    // A part of the second.
    if (entry.path === 'b') await entry.content().next();
  }
  expect(paths).toEqual(['a', 'b', 'c']);
});

test('a file of more than 8 GiB says its size in an extended header', async () => {
  const size = 9 * 1024 ** 3;
  const entries = readTarEntries(piecesOf(tarHeader({ path: 'vedette.db', size, modifiedAt: 0 }), 512));
  expect((await entries.next()).value).toMatchObject({ path: 'vedette.db', size });
});

test('an archive that ends too early is damaged', async () => {
  const archive = archiveOf([{ path: 'a', content: new Uint8Array(2_000) }]);
  const readAll = async (): Promise<void> => {
    for await (const entry of readTarEntries(piecesOf(archive.subarray(0, 1_200), 100)))
      await gather(entry.content(), entry.size);
  };
  await expect(readAll()).rejects.toThrow(TarDamagedError);
});
