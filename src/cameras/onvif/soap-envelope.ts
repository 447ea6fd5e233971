import { createHash, randomBytes } from 'node:crypto';
import { redact } from '../../core/redact.ts';
import { elementAt, escapeXml, textAt, type XmlElement } from './xml-document.ts';

const security = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-';

/** Prefixes that every request may use. */
const namespaces = {
  s: 'http://www.w3.org/2003/05/soap-envelope',
  a: 'http://www.w3.org/2005/08/addressing',
  tds: 'http://www.onvif.org/ver10/device/wsdl',
  trt: 'http://www.onvif.org/ver10/media/wsdl',
  tr2: 'http://www.onvif.org/ver20/media/wsdl',
  tev: 'http://www.onvif.org/ver10/events/wsdl',
  tt: 'http://www.onvif.org/ver10/schema',
  wsnt: 'http://docs.oasis-open.org/wsn/b-2',
} as const;

export type NamespacePrefix = keyof typeof namespaces;

/** A SOAP 1.2 message; what is given must be XML already. */
export function writeEnvelope({ header, body }: { readonly header: string; readonly body: string }): string {
  const declared = Object.entries(namespaces)
    .filter(([prefix]) => prefix === 's' || header.includes(`${prefix}:`) || body.includes(`${prefix}:`))
    .map(([prefix, uri]) => ` xmlns:${prefix}="${uri}"`);
  const head = header === '' ? '' : `<s:Header>${header}</s:Header>`;
  return `<?xml version="1.0" encoding="utf-8"?><s:Envelope${declared.join('')}>${head}<s:Body>${body}</s:Body></s:Envelope>`;
}

/**
 * WS-UsernameToken with a password digest, good for one request: the password itself is not sent.
 *
 * @param createdAt by the camera's clock, epoch ms: it refuses a token that is minutes old or new
 */
export function writeUsernameToken(
  { username, password }: { readonly username: string; readonly password: string },
  createdAt: number,
): string {
  // Some cameras refuse a longer nonce.
  const nonce = randomBytes(16);
  const created = new Date(createdAt).toISOString();
  const digest = createHash('sha1').update(nonce).update(created).update(password).digest('base64');
  return (
    `<wsse:Security s:mustUnderstand="1" xmlns:wsse="${security}wssecurity-secext-1.0.xsd" xmlns:wsu="${security}wssecurity-utility-1.0.xsd">` +
    `<wsse:UsernameToken><wsse:Username>${escapeXml(username)}</wsse:Username>` +
    `<wsse:Password Type="${security}username-token-profile-1.0#PasswordDigest">${digest}</wsse:Password>` +
    `<wsse:Nonce EncodingType="${security}soap-message-security-1.0#Base64Binary">${nonce.toString('base64')}</wsse:Nonce>` +
    `<wsu:Created>${created}</wsu:Created></wsse:UsernameToken></wsse:Security>`
  );
}

/** What a camera answers instead of what it was asked for. */
export interface SoapFault {
  /** Without prefixes, from the general to the particular: `Sender`, `NotAuthorized`, … */
  readonly codes: readonly string[];
  /** In the camera's words, made safe to show. */
  readonly reason: string;
}

/** The fault of a message's body, of SOAP 1.2 or 1.1; `undefined` when it is none. */
export function readFault(body: XmlElement | undefined): SoapFault | undefined {
  const fault = elementAt(body, 'Fault');
  if (fault === undefined) return undefined;
  const codes: string[] = [];
  for (let code = elementAt(fault, 'Code'); code !== undefined; code = elementAt(code, 'Subcode'))
    codes.push(localName(textAt(code, 'Value') ?? ''));
  const older = textAt(fault, 'faultcode');
  if (older !== undefined) codes.push(localName(older));
  return {
    codes,
    reason: showable(textAt(fault, 'Reason', 'Text') ?? textAt(fault, 'faultstring') ?? '', 200),
  };
}

/** Text of a camera as it may be shown and logged: one line, no control characters, no credentials. */
export function showable(text: string, longest: number): string {
  return redact(text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim()).slice(0, longest);
}

function localName(qualified: string): string {
  return showable(qualified.replace(/^.*:/s, ''), 60);
}
