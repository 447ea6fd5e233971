import type { Credentials } from './credentials.ts';

/** Up to the last `@` before the path: passwords hold `@`, and some even `/`. A port is no password. */
const credentialsInUrl = /([a-z][a-z0-9+.-]*:\/\/)(?:[^\s/@:]*:(?!\d+\/)[^\s]*|[^/\s]*)@/gi;
const secretQuery =
  /([?&](?:password|passwd|pwd|pass|token|key|api_key|apikey|secret|auth|user|username)=)[^&\s#"'`]*/gi;

/** Takes the credentials out of every URL in a text. Everything that is logged, shown or thrown passes here first. */
export function redact(text: string): string {
  return text.replace(credentialsInUrl, '$1***@').replace(secretQuery, '$1***');
}

export interface SplitUrl extends Credentials {
  /** Without credentials. */
  readonly url: string;
}

/** Takes `user:password@` out of an address; the parts come back percent-decoded where they can be. An unparsable address is left as it is. */
export function splitCredentials(address: string): SplitUrl {
  if (!URL.canParse(address)) return { url: address, username: null, password: null };
  const parsed = new URL(address);
  const username = parsed.username === '' ? null : decode(parsed.username);
  const password = parsed.password === '' ? null : decode(parsed.password);
  if (username === null && password === null) return { url: address, username, password };
  parsed.username = '';
  parsed.password = '';
  return { url: parsed.href, username, password };
}

/** A password that holds a bare `%` is meant as it stands. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
