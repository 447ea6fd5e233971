const blockSize = 512;
/** What eleven octal digits hold; a larger file says its size in an extended header. */
const largestPlainSize = 8 ** 11 - 1;
const longestPlainPath = 100;

export interface TarFileHeader {
  /** With forward slashes. */
  readonly path: string;
  readonly size: number;
  /** Epoch ms. */
  readonly modifiedAt: number;
}

/** What follows the last file. */
export const tarEnd: Uint8Array = new Uint8Array(2 * blockSize);

/** What stands before a file's content (POSIX.1-2001: ustar, with a pax header where that is too small). */
export function tarHeader({ path, size, modifiedAt }: TarFileHeader): Uint8Array {
  const isLong = Buffer.byteLength(path) > longestPlainPath;
  const isLarge = size > largestPlainSize;
  const plain = { name: path.slice(-longestPlainPath), size: isLarge ? 0 : size, modifiedAt };
  if (!isLong && !isLarge) return block({ ...plain, type: '0' });
  const records = Buffer.concat([
    ...(isLong ? [paxRecord('path', path)] : []),
    ...(isLarge ? [paxRecord('size', String(size))] : []),
  ]);
  return Buffer.concat([
    block({ name: 'pax', size: records.length, modifiedAt, type: 'x' }),
    records,
    tarPadding(records.length),
    block({ ...plain, type: '0' }),
  ]);
}

/** What follows a file's content of so many bytes. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((blockSize - (size % blockSize)) % blockSize);
}

function block({
  name,
  size,
  modifiedAt,
  type,
}: {
  readonly name: string;
  readonly size: number;
  readonly modifiedAt: number;
  readonly type: '0' | 'x';
}): Uint8Array {
  const bytes = Buffer.alloc(blockSize);
  bytes.write(name, 0, longestPlainPath);
  // Mode, owner, group: whoever unpacks it by hand owns it, and nobody else reads it.
  bytes.write('0000600\0', 100);
  bytes.write('0000000\0', 108);
  bytes.write('0000000\0', 116);
  bytes.write(`${octal(size, 11)}\0`, 124);
  bytes.write(`${octal(Math.max(0, Math.floor(modifiedAt / 1000)), 11)}\0`, 136);
  bytes.fill(' ', 148, 156);
  bytes.write(type, 156);
  bytes.write('ustar\x0000', 257);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${octal(sum, 6)}\0 `, 148);
  return bytes;
}

/** `<length> <key>=<value>\n`; the length, in bytes, counts its own digits too. */
function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  const restBytes = Buffer.byteLength(rest);
  let length = restBytes + 1;
  while (String(length).length + restBytes !== length) length = String(length).length + restBytes;
  return Buffer.from(`${length}${rest}`);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
