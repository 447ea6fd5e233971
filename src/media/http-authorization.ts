import { createHash, randomBytes } from 'node:crypto';
import type { Credentials } from '../core/credentials.ts';

interface Challenge {
  readonly scheme: 'basic' | 'digest';
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * The client's half of Basic (RFC 7617) and Digest (RFC 7616: MD5 and SHA-256, also with `-sess`). Nothing is sent before
 * the camera has asked, and the password itself only to one that can't do better.
 */
export class HttpAuthorization {
  readonly #credentials: Credentials;
  #challenge: Challenge | undefined;
  #count = 0;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /**
   * @param headers all values of `WWW-Authenticate`
   * @returns false when there is nothing with which the challenge could be answered
   */
  challenge(headers: readonly string[]): boolean {
    const { username, password } = this.#credentials;
    if (username === null && password === null) return false;
    const challenges = headers.flatMap(readChallenge);
    this.#challenge = challenges.find(({ scheme }) => scheme === 'digest') ?? challenges[0];
    this.#count = 0;
    return this.#challenge !== undefined;
  }

  /** The value of `Authorization`; `undefined` as long as nobody has asked. */
  header(method: string, path: string): string | undefined {
    if (this.#challenge === undefined) return undefined;
    const username = this.#credentials.username ?? '';
    const password = this.#credentials.password ?? '';
    if (this.#challenge.scheme === 'basic') {
      return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    }
    return this.#digest(this.#challenge.fields, { username, password, method, path });
  }

  #digest(
    fields: Challenge['fields'],
    {
      username,
      password,
      method,
      path,
    }: Readonly<Record<'username' | 'password' | 'method' | 'path', string>>,
  ): string {
    const { realm = '', nonce = '', opaque, algorithm } = fields;
    const hash = hashOf(algorithm);
    this.#count += 1;
    const cnonce = randomBytes(8).toString('hex');
    const count = this.#count.toString(16).padStart(8, '0');
    const plain = hash(`${username}:${realm}:${password}`);
    const secret = /-sess$/i.test(algorithm ?? '') ? hash(`${plain}:${nonce}:${cnonce}`) : plain;
    const request = hash(`${method}:${path}`);
    const isProtected = /(?:^|[\s,])auth(?:$|[\s,])/.test(fields['qop'] ?? '');
    const response = isProtected
      ? hash(`${secret}:${nonce}:${count}:${cnonce}:auth:${request}`)
      : hash(`${secret}:${nonce}:${request}`);
    const parts = [
      `username="${escape(username)}"`,
      `realm="${escape(realm)}"`,
      `nonce="${escape(nonce)}"`,
      `uri="${path}"`,
      `response="${response}"`,
      ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
      ...(opaque === undefined ? [] : [`opaque="${escape(opaque)}"`]),
      ...(isProtected ? ['qop=auth', `nc=${count}`, `cnonce="${cnonce}"`] : []),
    ];
    return `Digest ${parts.join(', ')}`;
  }
}

/** One header may hold several challenges; a scheme is a word that no `=` follows. */
function readChallenge(header: string): Challenge[] {
  return header
    .split(/(?:^|,)\s*(?=[a-z]+\s+[a-z]+\s*=)/i)
    .filter((part) => part.trim() !== '')
    .flatMap((part) => {
      const scheme = /^\s*(basic|digest)\b/i.exec(part)?.[1]?.toLowerCase();
      if (scheme !== 'basic' && scheme !== 'digest') return [];
      const fields: Record<string, string> = {};
      for (const match of part.matchAll(/([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/gi)) {
        fields[(match[1] ?? '').toLowerCase()] = match[2]?.replaceAll(/\\(.)/g, '$1') ?? match[3] ?? '';
      }
      const isKnown = scheme === 'basic' || /^(?:md5|sha-256)(?:-sess)?$/i.test(fields['algorithm'] ?? 'md5');
      return isKnown ? [{ scheme, fields }] : [];
    });
}

function hashOf(algorithm: string | undefined): (text: string) => string {
  const name = /^sha-256/i.test(algorithm ?? '') ? 'sha256' : 'md5';
  return (text) => createHash(name).update(text).digest('hex');
}

function escape(text: string): string {
  return text.replaceAll(/["\\]/g, '\\$&');
}
