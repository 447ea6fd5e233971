import { createHash, randomBytes } from 'node:crypto';

/** What a server said in `WWW-Authenticate: Digest …`. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: 'MD5' | 'SHA-256';
  /** False for servers of RFC 2069, which know no quality of protection. */
  readonly hasQop: boolean;
}

const longestField = 1024;

/**
 * The strongest Digest challenge among the headers that can be answered; `undefined` when there is none.
 *
 * @param headers values of `WWW-Authenticate`
 */
export function readDigestChallenge(headers: readonly string[]): DigestChallenge | undefined {
  const challenges = headers
    .flatMap((header) => header.split(/,\s*(?=(?:Basic|Digest|Negotiate|Bearer)\s)/i))
    .map(readChallenge)
    .filter((each) => each !== undefined);
  return challenges.find(({ algorithm }) => algorithm === 'SHA-256') ?? challenges[0];
}

/**
 * The value of `Authorization` for one request (RFC 7616).
 *
 * @param uri path and query as they stand in the request line
 * @param count how often this nonce was used, from 1
 */
export function answerDigest(
  challenge: DigestChallenge,
  credentials: { readonly username: string; readonly password: string },
  { method, uri, count }: { readonly method: string; readonly uri: string; readonly count: number },
): string {
  const { realm, nonce, opaque, algorithm, hasQop } = challenge;
  const hash = (text: string): string =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  const secret = hash(`${credentials.username}:${realm}:${credentials.password}`);
  const request = hash(`${method}:${uri}`);
  const clientNonce = randomBytes(8).toString('hex');
  const nonceCount = count.toString(16).padStart(8, '0');
  const protection = hasQop ? `${nonceCount}:${clientNonce}:auth:` : '';
  const fields = [
    `username="${quotable(credentials.username)}"`,
    `realm="${quotable(realm)}"`,
    `nonce="${quotable(nonce)}"`,
    `uri="${uri}"`,
    `response="${hash(`${secret}:${nonce}:${protection}${request}`)}"`,
    `algorithm=${algorithm}`,
    ...(hasQop ? ['qop=auth', `nc=${nonceCount}`, `cnonce="${clientNonce}"`] : []),
    ...(opaque === undefined ? [] : [`opaque="${quotable(opaque)}"`]),
  ];
  return `Digest ${fields.join(', ')}`;
}

function readChallenge(header: string): DigestChallenge | undefined {
  if (!/^Digest\s/i.test(header)) return undefined;
  const fields = new Map<string, string>();
  for (const [, name, quoted, bare] of header.matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g)) {
    if (name !== undefined) fields.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? bare ?? '');
  }
  const [realm, nonce] = [fields.get('realm') ?? '', fields.get('nonce')];
  const algorithm = (fields.get('algorithm') ?? 'MD5').toUpperCase();
  const qop = fields.get('qop');
  const isKnown = algorithm === 'MD5' || algorithm === 'SHA-256';
  const hasAuth = qop === undefined || qop.split(',').some((each) => each.trim() === 'auth');
  if (!isKnown || !hasAuth || nonce === undefined) return undefined;
  if (Math.max(realm.length, nonce.length) > longestField) return undefined;
  return { realm, nonce, opaque: fields.get('opaque'), algorithm, hasQop: qop !== undefined };
}

function quotable(text: string): string {
  return text.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll(/\p{Cc}/gu, '');
}
