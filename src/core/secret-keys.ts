import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError, messageOf } from './errors.ts';

const keyBytes = 32;
/** Of a file; beyond it the oldest is forgotten when a new one is made. */
const maxKeysKept = 10;
const credentialName = 'vedette-secret-key';
const keyFileHead =
  '# The keys of the secrets that Vedette stores. The first seals, the others only open what was sealed before.\n' +
  '# Keep a copy apart from the database; whoever has both can read the secrets.\n';

export interface SecretKey {
  /** 8 hexadecimal digits; tells nothing of the key. */
  readonly id: string;
  readonly bytes: Buffer;
}

export interface SecretKeySources {
  /** `VEDETTE_SECRET_KEY` and `CREDENTIALS_DIRECTORY` are read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Made when a key is needed and there is none anywhere. */
  readonly keyFile: string;
}

/**
 * The keys, from the environment variable, the credential of systemd and the key file, in this order: the first key of
 * all seals, every other one opens what it has sealed. So a key moves from the file into the environment, or is
 * changed there, without anything becoming unreadable, as long as the former one stays somewhere behind it.
 */
export interface SecretKeyring {
  /** The key that seals; made now where there is none. */
  current(): SecretKey;
  /** The id of the key that seals, `undefined` as long as there is none. */
  readonly currentId: string | undefined;
  find(id: string): SecretKey | undefined;
  /**
   * Puts a new key before those of the file, when it is the file that seals.
   *
   * @returns false when the key comes from elsewhere: then a new one has to be put before it there
   */
  renew(): boolean;
}

/**
 * Reads the keys that are there. Each source is a text of keys, 32 bytes in base64 each, between blanks, commas or line
 * ends.
 *
 * @throws AppError `SECRET_KEY_INVALID` for what is no key, and for a key file that others can read
 */
export function openSecretKeyring({ env, keyFile }: SecretKeySources): SecretKeyring {
  const given = [
    ...parseKeys(env['VEDETTE_SECRET_KEY'] ?? '', 'The environment variable VEDETTE_SECRET_KEY'),
    ...readCredential(env['CREDENTIALS_DIRECTORY']),
  ];
  let inFile = readKeyFile(keyFile);

  function prepend(): SecretKey {
    const key = toKey(randomBytes(keyBytes));
    const keys = [key, ...inFile].slice(0, maxKeysKept);
    writeKeyFile(keyFile, keys);
    inFile = keys;
    return key;
  }

  return {
    current: () => given[0] ?? inFile[0] ?? prepend(),
    get currentId() {
      return (given[0] ?? inFile[0])?.id;
    },
    find: (id) => [...given, ...inFile].find((key) => key.id === id),
    renew: () => {
      if (given.length > 0) return false;
      prepend();
      return true;
    },
  };
}

function readCredential(folder: string | undefined): SecretKey[] {
  if (folder === undefined || folder === '') return [];
  const file = join(folder, credentialName);
  const text = readIfThere(file);
  return text === undefined ? [] : parseKeys(text, `The credential ${file}`);
}

function readKeyFile(file: string): SecretKey[] {
  const text = readIfThere(file);
  if (text === undefined) return [];
  const mode = statSync(file).mode & 0o777;
  // Windows has no such modes.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new AppError(
      'SECRET_KEY_INVALID',
      `The key file ${file} has the mode ${mode.toString(8)}, so that other users of this machine can use it; ` +
        `expected 600. Run: chmod 600 ${file}`,
    );
  }
  const keys = parseKeys(text, `The key file ${file}`);
  if (keys.length > 0) return keys;
  throw new AppError(
    'SECRET_KEY_INVALID',
    `The key file ${file} holds no key. Put back the copy that you have of it; without one, delete it, and ` +
      'the passwords and keys that are stored have to be entered again.',
  );
}

function parseKeys(text: string, source: string): SecretKey[] {
  const words = text
    .replaceAll(/^\s*#.*$/gm, '')
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  return words.map((word, index) => {
    const bytes = Buffer.from(word, 'base64');
    // What is not base64 is left out by the decoder: then the way back does not lead to the same text.
    const isBase64 = sameBase64(word, bytes);
    if (isBase64 && bytes.byteLength === keyBytes) return toKey(bytes);
    const received = isBase64 ? `${bytes.byteLength} bytes` : `${word.length} characters that are not base64`;
    throw new AppError(
      'SECRET_KEY_INVALID',
      `${source} holds ${received} as key ${index + 1}; expected ${keyBytes} bytes in base64, as ` +
        `this makes them: openssl rand -base64 ${keyBytes}`,
    );
  });
}

function sameBase64(word: string, bytes: Buffer): boolean {
  return bytes.toString('base64url') === word.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_');
}

function toKey(bytes: Buffer): SecretKey {
  const id = createHash('sha256').update('vedette secret key').update(bytes).digest('hex').slice(0, 8);
  return { id, bytes };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new AppError(
      'SECRET_KEY_INVALID',
      `The key in ${file} can't be read: ${messageOf(error)}. Give this user the right to read it.`,
      { cause: error },
    );
  }
}

/** Whole or not there, and on the disk before anything is sealed with it. */
function writeKeyFile(file: string, keys: readonly SecretKey[]): void {
  const unfinished = `${file}.${randomUUID()}.unfinished`;
  try {
    const descriptor = openSync(unfinished, 'wx', 0o600);
    try {
      writeSync(
        descriptor,
        `${keyFileHead}${keys.map(({ bytes }) => `${bytes.toString('base64')}\n`).join('')}`,
      );
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(unfinished, file);
    flushFolder(dirname(file));
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw new AppError(
      'SECRET_KEY_INVALID',
      `The key file ${file} can't be written: ${messageOf(error)}. Give this user the right to write there, or set ` +
        'VEDETTE_SECRET_KEY.',
      { cause: error },
    );
  }
}

function flushFolder(folder: string): void {
  // Windows can't open folders, and needs no flush of them.
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
