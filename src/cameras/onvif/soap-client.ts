import { CameraLostError } from '../../core/camera-source.ts';
import type { CameraCause } from '../../core/camera.ts';
import type { Clock } from '../../core/clock.ts';
import { answerDigest, readDigestChallenge, type DigestChallenge } from '../http-digest.ts';
import { postBounded, type HttpAnswer } from './http-post.ts';
import { readFault, writeEnvelope, writeUsernameToken, type SoapFault } from './soap-envelope.ts';
import { elementAt, parseLongXml, textAt, UnreadableXmlError, type XmlElement } from './xml-document.ts';

/** Slow cameras need seconds for their first answer after a while. */
const defaultTimeoutMs = 8000;
/** A clock that is off by less was not why a camera refused. */
const noticeableSkewMs = 2000;

export interface SoapClientOptions {
  /** Of the device service, e.g. `http://192.168.1.20/onvif/device_service`. */
  readonly deviceUrl: string;
  readonly username: string | null;
  readonly password: string | null;
  readonly clock: Clock;
}

export interface SoapCall {
  /** Of the service; the device service unless given. */
  readonly url?: URL;
  /** What is asked for, named by its WSDL. */
  readonly action: string;
  /** XML with the prefixes of `soap-envelope.ts`. */
  readonly body: string;
  /** XML, beside the credentials. */
  readonly header?: string;
  readonly timeoutMs?: number;
}

/**
 * Asks one camera. The password is never sent: first a WS-UsernameToken by the camera's own clock, and HTTP Digest from the
 * moment on at which the camera asks for it. A refused password is not tried again, since cameras lock accounts.
 */
export class SoapClient {
  /** Of the device service. */
  readonly deviceUrl: URL;
  readonly #options: SoapClientOptions;
  /** What the camera's clock shows more than ours; `undefined` until it was asked. */
  #skewMs: number | undefined;
  #challenge: DigestChallenge | undefined;
  #challengeUses = 0;

  constructor(options: SoapClientOptions) {
    this.#options = options;
    this.deviceUrl = new URL(options.deviceUrl);
    // Else they would be sent as they are, with every request.
    this.deviceUrl.username = '';
    this.deviceUrl.password = '';
  }

  /** By the camera's clock, epoch ms. */
  cameraTime(): number {
    return this.#options.clock.now() + (this.#skewMs ?? 0);
  }

  /**
   * @returns what stands in the body of the answer
   * @throws CameraLostError with its typed cause, an `AbortError`
   */
  async call(call: SoapCall, signal: AbortSignal): Promise<XmlElement> {
    if (this.#skewMs === undefined) await this.readClock(signal);
    const hadChallenge = this.#challenge !== undefined;
    let answer = await this.#post(call, signal);
    // Without a challenge before, this is the first that is heard of it; with one, its nonce may have got old.
    if (answer.status === 401 && this.#learnChallenge(answer)) answer = await this.#post(call, signal);
    if (answer.status === 401) throw this.#refused(answer);
    const received = await this.#read(answer);
    if (!('fault' in received)) return received.content;
    if (!isAuthorizationFault(received.fault)) throw this.#failed(received.fault);
    if (hadChallenge || !(await this.#hasClockMoved(signal))) throw this.#refused(answer, received.fault);
    const again = await this.#read(await this.#post(call, signal));
    if ('fault' in again) throw this.#refused(answer, again.fault);
    return again.content;
  }

  /** Asks for the camera's time, which it tells to everybody. One that will not is taken to have the right time. */
  async readClock(signal: AbortSignal, timeoutMs = defaultTimeoutMs): Promise<void> {
    const answer = await postBounded(
      this.deviceUrl,
      {
        headers: contentType(`${deviceNamespace}/GetSystemDateAndTime`),
        body: writeEnvelope({ header: '', body: '<tds:GetSystemDateAndTime/>' }),
        timeoutMs,
      },
      signal,
    );
    if (answer.status === 401) {
      this.#skewMs = 0;
      return;
    }
    const received = await this.#read(answer);
    const time = 'fault' in received ? undefined : readTime(received.content);
    this.#skewMs = time === undefined ? 0 : time - this.#options.clock.now();
  }

  async #hasClockMoved(signal: AbortSignal): Promise<boolean> {
    const before = this.#skewMs ?? 0;
    await this.readClock(signal);
    return Math.abs((this.#skewMs ?? 0) - before) > noticeableSkewMs;
  }

  #post(
    { url = this.deviceUrl, action, body, header = '', timeoutMs = defaultTimeoutMs }: SoapCall,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const credentials = this.#credentials();
    const isByToken = credentials !== undefined && this.#challenge === undefined;
    const token = isByToken ? writeUsernameToken(credentials, this.cameraTime()) : '';
    return postBounded(
      url,
      {
        headers: { ...contentType(action), ...this.#authorization(url) },
        body: writeEnvelope({ header: `${token}${header}`, body }),
        timeoutMs,
      },
      signal,
    );
  }

  #authorization(url: URL): Record<string, string> {
    const credentials = this.#credentials();
    if (credentials === undefined || this.#challenge === undefined) return {};
    this.#challengeUses += 1;
    const request = { method: 'POST', uri: `${url.pathname}${url.search}`, count: this.#challengeUses };
    return { Authorization: answerDigest(this.#challenge, credentials, request) };
  }

  /** True when the request is worth another try with what was learnt. */
  #learnChallenge({ challenges }: HttpAnswer): boolean {
    const challenge = readDigestChallenge(challenges);
    if (challenge === undefined || this.#credentials() === undefined) return false;
    if (challenge.nonce === this.#challenge?.nonce) return false;
    this.#challenge = challenge;
    this.#challengeUses = 0;
    return true;
  }

  async #read(answer: HttpAnswer): Promise<{ readonly content: XmlElement } | { readonly fault: SoapFault }> {
    const { host } = this.deviceUrl;
    if (answer.status >= 300 && answer.status < 400)
      throw lost(
        'invalid_data',
        `${host} sends to another address instead of answering; name that one if it is right.`,
      );
    if (answer.status === 404)
      throw lost(
        'not_found',
        `${host} has no ONVIF service at this address. Check the port, and that ONVIF is switched on.`,
      );
    let body: XmlElement | undefined;
    try {
      body = elementAt(await parseLongXml(answer.body), 'Body');
    } catch (error) {
      if (!(error instanceof UnreadableXmlError)) throw error;
    }
    const fault = readFault(body);
    if (fault !== undefined) return { fault };
    const content = body?.children[0];
    if (content !== undefined && answer.status < 300) return { content };
    throw lost(
      'invalid_data',
      `What ${host} answers is no ONVIF (status ${answer.status}). Check address and port.`,
    );
  }

  #refused({ challenges }: HttpAnswer, fault?: SoapFault): CameraLostError {
    const { host } = this.deviceUrl;
    const said = fault === undefined || fault.reason === '' ? '' : ` (${fault.reason})`;
    if (this.#credentials() === undefined)
      return lost('unauthorized', `${host} asks for a user name and a password of its ONVIF service${said}.`);
    if (challenges.length > 0 && readDigestChallenge(challenges) === undefined)
      return lost(
        'unauthorized',
        `${host} wants the password in a form that others can read. Set its ONVIF authentication to Digest.`,
      );
    return lost(
      'unauthorized',
      `${host} did not accept the user name and password for ONVIF${said}. Some makers keep ONVIF users of their own: create one in the camera.`,
    );
  }

  #failed({ codes, reason }: SoapFault): CameraLostError {
    const isMissing = codes.some((code) =>
      /NotSupported|NotImplemented|NoSuchService|UnknownAction/i.test(code),
    );
    const said = [codes.at(-1) ?? '', reason].filter((text) => text !== '').join(': ');
    return lost(
      isMissing ? 'not_found' : 'unknown',
      `${this.deviceUrl.host} answered with a fault (${said}).`,
    );
  }

  #credentials(): { readonly username: string; readonly password: string } | undefined {
    const { username, password } = this.#options;
    return username === null ? undefined : { username, password: password ?? '' };
  }
}

const deviceNamespace = 'http://www.onvif.org/ver10/device/wsdl';

function contentType(action: string): Record<string, string> {
  return { 'Content-Type': `application/soap+xml; charset=utf-8; action="${action}"` };
}

function isAuthorizationFault({ codes, reason }: SoapFault): boolean {
  return (
    codes.some((code) => /^(?:NotAuthorized|FailedAuthentication|FailedCheck|InvalidSecurity)/i.test(code)) ||
    /not authori[sz]ed|authori[sz]ation|time check failed/i.test(reason)
  );
}

function readTime(content: XmlElement): number | undefined {
  const utc = elementAt(content, 'SystemDateAndTime', 'UTCDateTime');
  const [year, month, day] = ['Year', 'Month', 'Day'].map((name) => Number(textAt(utc, 'Date', name)));
  const [hour, minute, second] = ['Hour', 'Minute', 'Second'].map((name) =>
    Number(textAt(utc, 'Time', name)),
  );
  const time = Date.UTC(year ?? NaN, (month ?? NaN) - 1, day, hour, minute, second);
  return Number.isFinite(time) && time > 0 ? time : undefined;
}

function lost(cause: CameraCause, message: string): CameraLostError {
  return new CameraLostError(cause, message);
}
