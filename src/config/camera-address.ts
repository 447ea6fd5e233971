import type { z } from 'zod';
import { redact, splitCredentials } from '../core/redact.ts';

/** What the configuration needs to know of a kind of camera; every `CameraAdapter` fits. */
export interface AddressAdapter {
  readonly type: string;
  readonly title?: string;
  readonly url: z.ZodType<string>;
  accepts(url: string): boolean;
}

export interface CameraAddress {
  readonly type: string;
  /** Without credentials. */
  readonly url: string;
  readonly username: string | null;
  readonly password: string | null;
}

export interface AddressInput {
  readonly url: string;
  readonly type?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

export type AddressResult =
  | { readonly kind: 'address'; readonly address: CameraAddress }
  | { readonly kind: 'problem'; readonly key: 'url' | 'username'; readonly message: string };

/** Finds the adapter of an address, takes the credentials out of it and lets the adapter check the rest. */
export function resolveCameraAddress(
  input: AddressInput,
  adapters: readonly AddressAdapter[],
): AddressResult {
  const credentials = readCredentials(input.url);
  if (credentials === undefined) {
    return problem(
      'url',
      `received an address whose user name or password can't be read; write them as username and password of their own, or percent-encode them ("@" is %40, "%" is %25)`,
    );
  }
  const { url } = credentials;
  const adapter =
    input.type === undefined
      ? adapters.find((each) => each.accepts(url))
      : adapters.find(({ type }) => type === input.type);
  const types = adapters.map(({ type }) => type).join(', ');
  if (adapter === undefined) {
    return problem('url', `received ${showAddress(url)}, expected an address for one of ${types}`);
  }
  const checked = adapter.url.safeParse(url);
  if (!checked.success) {
    const reason = checked.error.issues.map(({ message }) => redact(message)).join('; ');
    return problem('url', `received ${showAddress(url)} for the type ${adapter.type}: ${reason}`);
  }
  const isInUrl = credentials.username !== null || credentials.password !== null;
  if (isInUrl && (input.username !== undefined || input.password !== undefined)) {
    return problem('username', 'credentials stand in the url too; write them in one place only');
  }
  return {
    kind: 'address',
    address: {
      type: adapter.type,
      url: checked.data,
      username: credentials.username ?? input.username ?? null,
      password: credentials.password ?? input.password ?? null,
    },
  };
}

/** `undefined` for credentials that can't be read: badly percent-encoded, or with characters that end them too early. */
function readCredentials(address: string): ReturnType<typeof splitCredentials> | undefined {
  try {
    const split = splitCredentials(address);
    return /^[a-z][a-z0-9+.-]*:\/\/[^?]*:[^?]*@/i.test(split.url) && !URL.canParse(split.url)
      ? undefined
      : split;
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** An address as it may be shown. One that holds an `@` after redaction may hold a password, and is not shown. */
function showAddress(address: string): string {
  const shown = redact(address);
  return shown.replaceAll('***@', '').includes('@') ? 'an address' : `"${shown}"`;
}

function problem(key: 'url' | 'username', message: string): AddressResult {
  return { kind: 'problem', key, message };
}
