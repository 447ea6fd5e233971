import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { AppError } from './errors.ts';
import { createSecretBox, type SecretBox } from './secret-box.ts';
import { openSecretKeyring, type SecretKeySources } from './secret-keys.ts';

const newKey = (): string => randomBytes(32).toString('base64');

function boxOf(env: SecretKeySources['env'], keyFile = '/nowhere/secret.key'): SecretBox {
  return createSecretBox(openSecretKeyring({ env, keyFile }));
}

test('what is sealed opens again in its context, and in no other', () => {
  const box = boxOf({ VEDETTE_SECRET_KEY: newKey() });
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.string(),
      fc.string(),
      (plain, context, other) => {
        const sealed = box.seal(plain, context);
        expect(box.open(sealed, context)).toBe(plain.toWellFormed());
        expect(sealed).toMatch(/^sealed:1:[0-9a-f]{8}:[\w-]+$/);
        fc.pre(other !== context);
        expect(() => box.open(sealed, other)).toThrow(/belongs to something else/);
      },
    ),
  );
});

test('the same text is never sealed to the same twice', () => {
  const box = boxOf({ VEDETTE_SECRET_KEY: newKey() });
  const sealed = Array.from({ length: 100 }, () => box.seal('hunter2', 'a'));
  expect(new Set(sealed).size).toBe(100);
});

test('a single changed character is noticed wherever it is', () => {
  const box = boxOf({ VEDETTE_SECRET_KEY: newKey() });
  const sealed = box.seal('hunter2', 'camera:1:password');
  let changed = 0;
  for (let place = 0; place < sealed.length; place += 1) {
    const letter = sealed[place] === 'A' ? 'B' : 'A';
    const forged = `${sealed.slice(0, place)}${letter}${sealed.slice(place + 1)}`;
    // The last character of base64 may hold bits that mean nothing.
    if (
      Buffer.from(forged.slice(18), 'base64url').equals(Buffer.from(sealed.slice(18), 'base64url')) &&
      place > 18
    ) {
      continue;
    }
    changed += 1;
    expect(() => box.open(forged, 'camera:1:password')).toThrow(
      expect.objectContaining({ code: 'SECRET_UNREADABLE' }),
    );
  }
  expect(changed).toBeGreaterThan(sealed.length - 3);
});

test.each(['', 'hunter2', 'sealed:1::', 'sealed:1:00000000:AAAA', 'sealed:2:00000000:AAAA'])(
  '%j is not taken for a sealed text',
  (text) => {
    expect(() => boxOf({ VEDETTE_SECRET_KEY: newKey() }).open(text, 'a')).toThrow(
      expect.objectContaining({ code: 'SECRET_UNREADABLE' }),
    );
  },
);

test('without any key a file is made when something is sealed first, for its owner only, and not before', async () => {
  await using dir = await makeTempDir();
  const keyFile = dir.file('secret.key');
  const keyring = openSecretKeyring({ env: {}, keyFile });
  const box = createSecretBox(keyring);
  expect(keyring.currentId).toBeUndefined();
  expect(box.isCurrent('sealed:1:00000000:AAAA')).toBe(false);
  expect(await readdir(dir.path)).toEqual([]);
  const sealed = box.seal('hunter2', 'a');
  expect(await readdir(dir.path)).toEqual(['secret.key']);
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  expect(boxOf({}, keyFile).open(sealed, 'a')).toBe('hunter2');
});

test.each([0o640, 0o604, 0o660, 0o644])(
  'a key file of mode %o is refused with the way to mend it',
  async (mode) => {
    await using dir = await makeTempDir();
    const keyFile = dir.file('secret.key');
    boxOf({}, keyFile).seal('hunter2', 'a');
    const [, , key = ''] = (await readFile(keyFile, 'utf8')).split('\n');
    expect(Buffer.from(key, 'base64').byteLength).toBe(32);
    await chmod(keyFile, mode);
    const message = failureOf({}, keyFile);
    expect(message).toContain(`chmod 600 ${keyFile}`);
    expect(message).not.toContain(key);
  },
);

test('a credential of systemd is used where there is no variable', async () => {
  await using dir = await makeTempDir();
  await mkdir(dir.file('credentials'));
  await writeFile(dir.file('credentials/vedette-secret-key'), `${newKey()}\n`, { mode: 0o400 });
  const env = { CREDENTIALS_DIRECTORY: dir.file('credentials') };
  const sealed = boxOf(env, dir.file('secret.key')).seal('hunter2', 'a');
  expect(boxOf(env, dir.file('secret.key')).open(sealed, 'a')).toBe('hunter2');
  const both = boxOf({ ...env, VEDETTE_SECRET_KEY: newKey() }, dir.file('secret.key'));
  expect(both.isCurrent(sealed)).toBe(false);
  expect(both.open(sealed, 'a')).toBe('hunter2');
  expect(await readdir(dir.path)).toEqual(['credentials']);
  // A folder of credentials that has none for Vedette is no fault.
  boxOf({ CREDENTIALS_DIRECTORY: dir.path }, dir.file('secret.key')).seal('hunter2', 'a');
  expect(await readdir(dir.path)).toContain('secret.key');
});

test('what an older key has sealed opens as long as that key stands behind the new one', async () => {
  await using dir = await makeTempDir();
  const keyFile = dir.file('secret.key');
  const byFile = boxOf({}, keyFile).seal('1', 'a');
  const [first, second] = [newKey(), newKey()];
  const moved = boxOf({ VEDETTE_SECRET_KEY: first }, keyFile);
  const byFirst = moved.seal('2', 'a');
  expect([moved.open(byFile, 'a'), moved.isCurrent(byFile), moved.isCurrent(byFirst)]).toEqual([
    '1',
    false,
    true,
  ]);
  const renewed = boxOf({ VEDETTE_SECRET_KEY: `${second}, ${first}` }, keyFile);
  expect([renewed.open(byFile, 'a'), renewed.open(byFirst, 'a')]).toEqual(['1', '2']);
  expect(renewed.isCurrent(renewed.seal('3', 'a'))).toBe(true);
  expect(() => boxOf({ VEDETTE_SECRET_KEY: second }, keyFile).open(byFirst, 'a')).toThrow(
    /which is not there/,
  );
});

test('a file is renewed by a key before the others, of which the last ten stay; a key from elsewhere is not', async () => {
  await using dir = await makeTempDir();
  const keyFile = dir.file('secret.key');
  const keyring = openSecretKeyring({ env: {}, keyFile });
  const box = createSecretBox(keyring);
  const sealed = [box.seal('0', 'a')];
  for (let round = 1; round <= 11; round += 1) {
    expect(keyring.renew()).toBe(true);
    sealed.push(box.seal(String(round), 'a'));
  }
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  const later = boxOf({}, keyFile);
  expect(later.isCurrent(sealed.at(-1) ?? '')).toBe(true);
  const opened = sealed.map((each) => {
    try {
      return later.open(each, 'a');
    } catch {
      return undefined;
    }
  });
  expect(opened).toEqual([undefined, undefined, '2', '3', '4', '5', '6', '7', '8', '9', '10', '11']);
  const given = openSecretKeyring({ env: { VEDETTE_SECRET_KEY: newKey() }, keyFile });
  const before = given.currentId;
  expect([given.renew(), given.currentId]).toEqual([false, before]);
});

test.each([
  ['too short', Buffer.alloc(31).toString('base64'), /31 bytes as key 1; expected 32/],
  ['no base64', 'hunter2!'.repeat(6), /48 characters that are not base64/],
  ['a wrong one behind a right one', `${newKey()} aGk=`, /2 bytes as key 2/],
])('a key that is %s is refused without being shown', (_name, text, expected) => {
  const message = failureOf({ VEDETTE_SECRET_KEY: text }, '/nowhere/secret.key');
  expect(message).toMatch(expected);
  expect(message).toContain('openssl rand -base64 32');
  for (const word of text.split(' ')) expect(message).not.toContain(word);
});

test('a key file that is empty is not taken for none: what it sealed would be lost', async () => {
  await using dir = await makeTempDir();
  await writeFile(dir.file('secret.key'), '# nothing\n', { mode: 0o600 });
  expect(failureOf({}, dir.file('secret.key'))).toMatch(/holds no key\. Put back the copy/);
});

function failureOf(env: SecretKeySources['env'], keyFile: string): string {
  try {
    openSecretKeyring({ env, keyFile });
  } catch (error) {
    if (error instanceof AppError && error.code === 'SECRET_KEY_INVALID') return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}
