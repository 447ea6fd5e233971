import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppError } from './errors.ts';
import { readTarFiles } from './tar-reader.ts';

const encoder = new TextEncoder();

function headerOf(name: string, size: number, type: string, prefix = ''): Uint8Array {
  const block = new Uint8Array(512);
  const put = (text: string, offset: number) => {
    block.set(encoder.encode(text), offset);
  };
  put(name, 0);
  put('0000644\0', 100);
  put(`${size.toString(8).padStart(11, '0')}\0`, 124);
  put('        ', 148);
  put(type, 156);
  put('ustar\x0000', 257);
  put(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function entryOf(name: string, content: Uint8Array, type = '0', prefix = ''): Uint8Array[] {
  const padding = new Uint8Array((512 - (content.length % 512)) % 512);
  return [headerOf(name, content.length, type, prefix), content, padding];
}

/** One record of a pax header: its length counts itself. */
function paxRecord(key: string, value: string): Uint8Array {
  const rest = ` ${key}=${value}\n`;
  const size = encoder.encode(rest).length;
  const digits = String(size + String(size).length).length;
  return encoder.encode(`${size + digits}${rest}`);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

const end = new Uint8Array(1024);

async function* piecesOf(archive: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < archive.length; start += size) {
    yield archive.subarray(start, start + size);
    await Promise.resolve();
  }
}

async function read(archive: Uint8Array, wanted: readonly string[], pieceSize = 700, maxBytes = 10_000) {
  return await readTarFiles(piecesOf(archive, pieceSize), new Set(wanted), maxBytes);
}

test('files come out as they went in, whatever the pieces that the archive arrives in', async () => {
  const file = fc.record({
    name: fc.stringMatching(/^[a-z]{1,12}(\/[a-z]{1,60}){0,3}$/),
    content: fc.uint8Array({ maxLength: 2000 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(file, { selector: ({ name }) => name, minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 3000 }),
      async (files, pieceSize) => {
        const parts = files.flatMap(({ name, content }) => {
          const path = `package/${name}`;
          return path.length <= 100
            ? entryOf(path, content)
            : [...entryOf('PaxHeader', paxRecord('path', path), 'x'), ...entryOf('shortened', content)];
        });
        const names = files.map(({ name }) => name);
        const found = await read(joined([...parts, end]), names, pieceSize);
        expect([...found.keys()].toSorted()).toEqual(names.toSorted());
        for (const { name, content } of files) expect(found.get(name)).toEqual(content);
      },
    ),
    { numRuns: 60 },
  );
});

test('long names in the prefix field and in GNU entries are understood', async () => {
  const content = encoder.encode('content');
  const archive = joined([
    ...entryOf('model.bin', content, '0', 'package/some/folder'),
    ...entryOf('././@LongLink', encoder.encode('package/other/model.bin\0'), 'L'),
    ...entryOf('package/oth', content),
    end,
  ]);
  const found = await read(archive, ['some/folder/model.bin', 'other/model.bin']);
  expect([...found.keys()]).toEqual(['some/folder/model.bin', 'other/model.bin']);
});

test('folders and links are never taken for files', async () => {
  const archive = joined([headerOf('package/a', 0, '5'), headerOf('package/b', 0, '2'), end]);
  expect(await read(archive, ['a', 'b'])).toEqual(new Map());
});

test('an archive that ends in the middle of a file is refused', async () => {
  const archive = joined(entryOf('package/a', new Uint8Array(900)));
  await expect(read(archive.subarray(0, 1000), ['a'])).rejects.toThrow(AppError);
});

test('a damaged header is refused', async () => {
  const archive = joined([...entryOf('package/a', new Uint8Array(10)), end]);
  archive[3] = 0x41;
  await expect(read(archive, ['a'])).rejects.toThrow(/checksum/);
});

test('a file above the bound is refused before it is read', async () => {
  const archive = joined([...entryOf('package/a', new Uint8Array(2000)), end]);
  await expect(read(archive, ['a'], 700, 1999)).rejects.toThrow(/2000 bytes/);
});
