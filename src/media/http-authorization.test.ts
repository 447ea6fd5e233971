import { expect, test } from 'vitest';
import { HttpAuthorization } from './http-authorization.ts';

/** The example of RFC 7616, 3.9.1; the nonces of the client are its own, so the response is computed again here. */
const realm = 'http-auth@example.org';
const nonce = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';

function fieldsOf(header: string | undefined): Record<string, string | undefined> {
  const fields: Record<string, string | undefined> = {};
  for (const [, name = '', quoted, bare] of (header ?? '').matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)) {
    fields[name] = quoted ?? bare;
  }
  return fields;
}

test('says nothing before it is asked, and the password itself only to one that can do no better', () => {
  const authorization = new HttpAuthorization({ username: 'eva', password: 'a:b"c' });
  expect(authorization.header('GET', '/')).toBeUndefined();
  expect(authorization.challenge(['Basic realm="x"'])).toBe(true);
  expect(authorization.header('GET', '/')).toBe(`Basic ${Buffer.from('eva:a:b"c').toString('base64')}`);
  expect(authorization.challenge(['Basic realm="x", Digest realm="x", nonce="n", qop="auth-int,auth"'])).toBe(
    true,
  );
  expect(authorization.header('GET', '/')).toMatch(/^Digest /);
});

test.each([
  ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
  ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
])('answers as the standard has it (%s)', async (algorithm, expected) => {
  const { createHash } = await import('node:crypto');
  const hash = (text: string): string =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  const authorization = new HttpAuthorization({ username: 'Mufasa', password: 'Circle of Life' });
  authorization.challenge([
    `Digest realm="${realm}", qop="auth, auth-int", algorithm=${algorithm}, nonce="${nonce}", opaque="FQhe"`,
  ]);
  const answer = (cnonce: string, count: string): string =>
    hash(
      `${hash(`Mufasa:${realm}:Circle of Life`)}:${nonce}:${count}:${cnonce}:auth:${hash('GET:/dir/index.html')}`,
    );
  // The formula is that of the standard: with its nonce of the client it gives the response that is printed there.
  expect(answer('f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ', '00000001')).toBe(expected);
  for (const count of ['00000001', '00000002']) {
    const fields = fieldsOf(authorization.header('GET', '/dir/index.html'));
    expect(fields).toMatchObject({ username: 'Mufasa', realm, nonce, opaque: 'FQhe', algorithm, nc: count });
    expect(fields['response']).toBe(answer(fields['cnonce'] ?? '', count));
  }
});

test('does not answer without credentials, or what it does not know', () => {
  expect(new HttpAuthorization({ username: null, password: null }).challenge(['Basic realm="x"'])).toBe(
    false,
  );
  const authorization = new HttpAuthorization({ username: 'u', password: null });
  expect(authorization.challenge(['Negotiate', 'Digest realm="x", nonce="n", algorithm=SHA-512-256'])).toBe(
    false,
  );
  expect(authorization.challenge([])).toBe(false);
});
