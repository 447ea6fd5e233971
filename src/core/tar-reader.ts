import { AppError } from './errors.ts';

const blockSize = 512;

/** What an extension may say: a name, a size. */
const maxExtensionBytes = 65_536;

/** What is read is no tar archive, or only a part of one. */
export class TarDamagedError extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'TarDamagedError';
  }
}

export interface TarEntry {
  /** As it stands in the archive: it may lead anywhere. */
  readonly path: string;
  readonly size: number;
  /** `0` for a file (POSIX.1-2001). */
  readonly type: string;
  /** In pieces; once, and before the next entry is asked for. What is left is skipped. */
  readonly content: () => AsyncGenerator<Uint8Array>;
}

/**
 * The entries of a tar archive (POSIX ustar with pax headers, and GNU long names), one after the other. Ends with the
 * archive, or with the source between two entries.
 *
 * @param source the unzipped archive, in pieces of any size
 * @throws TarDamagedError
 */
export async function* readTarEntries(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const reader = createByteReader(source);
  let extended: Extension = {};
  for (;;) {
    const block = await reader.read(blockSize);
    if (block === undefined || block.every((byte) => byte === 0)) return;
    const header = parseHeader(block);
    const size = extended.size ?? header.size;
    const path = extended.path ?? header.path;
    const padding = (blockSize - (size % blockSize)) % blockSize;
    if (header.type === 'x' || header.type === 'L') {
      if (size > maxExtensionBytes) throw new TarDamagedError(`a header has ${size} bytes`);
      const content = await reader.read(size);
      if (content === undefined) throw new TarDamagedError(`it ends in the middle of ${path}`);
      extended = Object.assign(extended, parseExtension(header.type, content));
    } else {
      let left = size;
      yield {
        path,
        size,
        type: header.type,
        async *content() {
          while (left > 0) {
            const piece = await reader.take(left);
            if (piece === undefined) throw new TarDamagedError(`it ends in the middle of ${path}`);
            left -= piece.length;
            yield piece;
          }
        },
      };
      await reader.skip(left);
      // A global pax header (`g`) says nothing that is needed here; it does not end the next entry's own.
      if (header.type !== 'g') extended = {};
    }
    await reader.skip(padding);
  }
}

/**
 * Takes files out of an archive of the kind that npm publishes.
 *
 * @param source the unzipped archive, in pieces of any size
 * @param wanted paths without the archive's top folder, which npm packages name `package` or otherwise
 * @param maxFileBytes of one wanted file; a larger one is refused before it is read
 * @returns what was found; a wanted file that is missing is missing here too
 * @throws AppError `MODEL_UNAVAILABLE` when the archive is damaged or a wanted file too large
 */
export async function readTarFiles(
  source: AsyncIterable<Uint8Array>,
  wanted: ReadonlySet<string>,
  maxFileBytes: number,
): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  if (wanted.size === 0) return found;
  try {
    for await (const { path: full, size, type, content } of readTarEntries(source)) {
      const path = full.replace(/^\.\//, '').replace(/^[^/]*\//, '');
      if (!(type === '0' || type === '\0') || !wanted.has(path)) continue;
      if (size > maxFileBytes) {
        throw new TarDamagedError(`${path} has ${size} bytes, at most ${maxFileBytes} were expected`);
      }
      found.set(path, await gather(content(), size));
      if (found.size === wanted.size) break;
    }
  } catch (error) {
    if (!(error instanceof TarDamagedError)) throw error;
    throw new AppError('MODEL_UNAVAILABLE', `The package's archive is damaged: ${error.message}.`, {
      cause: error,
    });
  }
  return found;
}

/** @param size of all pieces together */
export async function gather(pieces: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let filled = 0;
  for await (const piece of pieces) {
    bytes.set(piece, filled);
    filled += piece.length;
  }
  return bytes;
}

interface Header {
  readonly path: string;
  readonly size: number;
  readonly type: string;
}

/** What an extension header says of the entry that follows it. */
interface Extension {
  path?: string;
  size?: number;
}

// Offsets and lengths: POSIX.1-2001, "ustar Interchange Format".
function parseHeader(block: Uint8Array): Header {
  const sum = block.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  if (Number.parseInt(text(block, 148, 8), 8) !== sum)
    throw new TarDamagedError('a header has a wrong checksum');
  const size = Number.parseInt(text(block, 124, 12).trim() || '0', 8);
  if (!Number.isSafeInteger(size) || size < 0) throw new TarDamagedError('a header has no readable size');
  const prefix = text(block, 257, 5) === 'ustar' ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    size,
    type: String.fromCharCode(block[156] ?? 0),
  };
}

function parseExtension(type: string, content: Uint8Array): Extension {
  if (type === 'L') return { path: text(content, 0, content.length) };
  // Records of the form "<length> <key>=<value>\n"; the length counts the whole record, in bytes.
  const extension: { path?: string; size?: number } = {};
  let rest = content;
  while (rest.length > 0) {
    const length = Number.parseInt(new TextDecoder().decode(rest.subarray(0, 8)), 10);
    if (!(length > 4 && length <= rest.length))
      throw new TarDamagedError('an extended header can not be read');
    const record = new TextDecoder().decode(rest.subarray(0, length - 1));
    const [, key, value] = /^\d+ ([^=]+)=([\s\S]*)$/.exec(record) ?? [];
    if (key === 'path' && value !== undefined) extension.path = value;
    if (key === 'size' && value !== undefined) extension.size = Number.parseInt(value, 10);
    rest = rest.subarray(length);
  }
  return extension;
}

/** A field that a NUL ends when it is shorter than its place. */
function text(bytes: Uint8Array, offset: number, length: number): string {
  const field = bytes.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end === -1 ? field : field.subarray(0, end));
}

function createByteReader(source: AsyncIterable<Uint8Array>) {
  const iterator = source[Symbol.asyncIterator]();
  let piece: Uint8Array = new Uint8Array(0);

  /** Up to `length` bytes, at least one; `undefined` at the end. */
  async function take(length: number): Promise<Uint8Array | undefined> {
    while (piece.length === 0) {
      const next = await iterator.next();
      if (next.done === true) return undefined;
      piece = next.value;
    }
    const taken = piece.subarray(0, length);
    piece = piece.subarray(taken.length);
    return taken;
  }

  return {
    take,
    /** Exactly `length` bytes; `undefined` when the source ends before. */
    async read(length: number): Promise<Uint8Array | undefined> {
      const bytes = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const part = await take(length - filled);
        if (part === undefined) return undefined;
        bytes.set(part, filled);
        filled += part.length;
      }
      return bytes;
    },
    async skip(length: number): Promise<void> {
      let left = length;
      while (left > 0) {
        const part = await take(left);
        if (part === undefined) throw new TarDamagedError('it ends too early');
        left -= part.length;
      }
    },
  };
}
