import type { z } from 'zod';
import { joinCredentials, type Credentials } from '../core/credentials.ts';
import { redact, splitCredentials } from '../core/redact.ts';

/** What the configuration needs to know of a kind of camera; every `CameraAdapter` fits. */
export interface AddressAdapter {
  readonly type: string;
  readonly title?: string;
  readonly url: z.ZodType<string>;
  /** Whether such a camera may have a small stream beside the large one. */
  readonly hasSubStream: boolean;
  accepts(url: string): boolean;
}

export interface CameraAddress extends Credentials {
  readonly type: string;
  /** Without credentials, as `subUrl`. */
  readonly url: string;
  readonly subUrl: string | null;
}

export interface AddressInput {
  readonly url: string;
  readonly sub_url?: string | undefined;
  readonly type?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

type AddressKey = 'url' | 'sub_url' | 'username';

export type AddressResult =
  | { readonly kind: 'address'; readonly address: CameraAddress }
  | { readonly kind: 'problem'; readonly key: AddressKey; readonly message: string };

/** Finds the adapter of an address, takes the credentials out of both and lets the adapter check the rest. */
export function resolveCameraAddress(
  input: AddressInput,
  adapters: readonly AddressAdapter[],
): AddressResult {
  const credentials = readCredentials(input.url);
  if (credentials === undefined) return problem('url', unreadable);
  const { url } = credentials;
  const adapter =
    input.type === undefined
      ? adapters.find((each) => each.accepts(url))
      : adapters.find(({ type }) => type === input.type);
  const types = adapters.map(({ type }) => type).join(', ');
  if (adapter === undefined) {
    return problem('url', `received ${showAddress(url)}, expected an address for one of ${types}`);
  }
  const misfit = misfitOf(url, adapter);
  if (misfit !== undefined) return problem('url', misfit);
  const isInUrl = credentials.username !== null || credentials.password !== null;
  if (isInUrl && (input.username !== undefined || input.password !== undefined)) {
    return problem('username', 'credentials stand in the url too; write them in one place only');
  }
  const own = {
    username: credentials.username ?? input.username ?? null,
    password: credentials.password ?? input.password ?? null,
  };
  if (input.sub_url === undefined) {
    return { kind: 'address', address: { type: adapter.type, url, subUrl: null, ...own } };
  }
  const sub = readCredentials(input.sub_url);
  if (sub === undefined) return problem('sub_url', unreadable);
  if (!adapter.hasSubStream) {
    return problem('sub_url', `a camera of the type ${adapter.type} has one stream only; leave sub_url out`);
  }
  const subMisfit = misfitOf(sub.url, adapter);
  if (subMisfit !== undefined) return problem('sub_url', subMisfit);
  const joined = joinCredentials(own, sub);
  if (joined === undefined) {
    return problem(
      'sub_url',
      'received another user name or password than the camera has; write them once: both streams are asked for with the same',
    );
  }
  return { kind: 'address', address: { type: adapter.type, url, subUrl: sub.url, ...joined } };
}

const unreadable = `received an address whose user name or password can't be read; write them as username and password of their own, or percent-encode them ("@" is %40, "%" is %25)`;

function misfitOf(url: string, adapter: AddressAdapter): string | undefined {
  const checked = adapter.url.safeParse(url);
  if (checked.success) return undefined;
  const reason = checked.error.issues.map(({ message }) => redact(message)).join('; ');
  return `received ${showAddress(url)} for the type ${adapter.type}: ${reason}`;
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

function problem(key: AddressKey, message: string): AddressResult {
  return { kind: 'problem', key, message };
}
