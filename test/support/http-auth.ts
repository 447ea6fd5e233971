import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export type AuthScheme = 'basic' | 'digest';

/** The server's half of Basic (RFC 7617) and Digest (RFC 2617 with MD5, as cameras have it) for HTTP and RTSP. */
export class Authenticator {
  readonly #credentials: Credentials;
  readonly #scheme: AuthScheme;
  readonly #realm = 'Vedette test camera';
  readonly #nonce = randomBytes(16).toString('hex');

  constructor(credentials: Credentials, scheme: AuthScheme) {
    this.#credentials = credentials;
    this.#scheme = scheme;
  }

  /** The value of `WWW-Authenticate`. */
  get challenge(): string {
    return this.#scheme === 'basic'
      ? `Basic realm="${this.#realm}"`
      : `Digest realm="${this.#realm}", nonce="${this.#nonce}"`;
  }

  /** @param authorization the request's header, if it has one */
  isAuthorized(method: string, authorization: string | undefined): boolean {
    if (authorization === undefined) return false;
    const { username, password } = this.#credentials;
    if (this.#scheme === 'basic') {
      const expected = Buffer.from(`${username}:${password}`).toString('base64');
      return isSame(authorization, `Basic ${expected}`);
    }
    if (!/^Digest /i.test(authorization)) return false;
    const fields = parseFields(authorization.slice('Digest '.length));
    if (fields['username'] !== username || fields['nonce'] !== this.#nonce) return false;
    const secret = md5(`${username}:${this.#realm}:${password}`);
    const request = md5(`${method}:${fields['uri'] ?? ''}`);
    const protection =
      fields['qop'] === undefined ? '' : `${fields['nc'] ?? ''}:${fields['cnonce'] ?? ''}:${fields['qop']}:`;
    return isSame(fields['response'] ?? '', md5(`${secret}:${this.#nonce}:${protection}${request}`));
  }
}

function parseFields(text: string): Record<string, string | undefined> {
  const fields: Record<string, string | undefined> = {};
  for (const match of text.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)) {
    const name = match[1];
    if (name !== undefined) fields[name.toLowerCase()] = match[2] ?? match[3] ?? '';
  }
  return fields;
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

function isSame(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
