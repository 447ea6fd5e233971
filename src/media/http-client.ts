import { Agent as HttpAgent, IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { once } from 'node:events';
import type { StreamRequest } from '../core/camera-source.ts';
import { messageOf } from '../core/errors.ts';
import { lost, lostBySystem, type StreamLost } from './camera-cause.ts';
import { HttpAuthorization } from './http-authorization.ts';

const redirectLimit = 3;

/** Asked of cameras whose certificates nobody has signed, as all of them are: FFmpeg does not check them either. */
const agentOptions = { keepAlive: true, maxSockets: 1, rejectUnauthorized: false };

/** Asks one camera, over one connection that is kept, one request at a time. */
export class HttpClient implements Disposable {
  readonly #request: StreamRequest;
  readonly #authorization: HttpAuthorization;
  readonly #agents = { 'http:': new HttpAgent(agentOptions), 'https:': new HttpsAgent(agentOptions) };

  constructor(request: StreamRequest) {
    this.#request = request;
    this.#authorization = new HttpAuthorization(request);
  }

  /**
   * Follows redirects within the same host. The body of the answer is to be read, or destroyed.
   *
   * @returns an answer with a status of 2xx, or 304
   * @throws StreamLost
   */
  async get(headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage> {
    if (!URL.canParse(this.#request.url)) throw lost('invalid_data', this.#request, 'not an address');
    let address = new URL(this.#request.url);
    let hasAnswered = false;
    for (let redirects = 0; redirects <= redirectLimit;) {
      const answer = await this.#ask(address, headers, signal);
      const status = answer.statusCode ?? 0;
      if ((status >= 200 && status < 300) || status === 304) return answer;
      answer.resume();
      if (status === 401 && !hasAnswered) {
        const challenges = answer.headersDistinct['www-authenticate'] ?? [];
        hasAnswered = this.#authorization.challenge(challenges);
        if (hasAnswered) continue;
      }
      if (status < 300 || status >= 400) throw this.#refusal(status);
      address = this.#redirected(address, answer.headers.location);
      redirects += 1;
    }
    throw lost('invalid_data', this.#request, `more than ${redirectLimit} redirects`);
  }

  [Symbol.dispose](): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  async #ask(
    address: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const isSecure = address.protocol === 'https:';
    const path = `${address.pathname}${address.search}`;
    const authorization = this.#authorization.header('GET', path);
    for (;;) {
      const asking = (isSecure ? httpsRequest : httpRequest)(address, {
        agent: this.#agents[isSecure ? 'https:' : 'http:'],
        headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
        signal,
      });
      try {
        const answered = once(asking, 'response');
        asking.end();
        const [answer]: unknown[] = await answered;
        if (answer instanceof IncomingMessage) return answer;
        throw new Error('an answer was expected');
      } catch (error) {
        // The camera had closed the kept connection before it saw this request.
        if (asking.reusedSocket && !signal.aborted) continue;
        throw this.explain(error);
      }
    }
  }

  /** What a failed request, or a body that could not be read to its end, means. */
  explain(error: unknown): StreamLost {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- looked for, not relied on
    const { code } = error as Partial<NodeJS.ErrnoException>;
    if (code?.startsWith('HPE_') === true) return lost('invalid_data', this.#request, messageOf(error));
    return lostBySystem(error, this.#request);
  }

  #refusal(status: number): StreamLost {
    const detail = `HTTP status ${status}`;
    if (status === 401 || status === 403) return lost('unauthorized', this.#request, detail);
    if (status === 404 || status === 410) return lost('not_found', this.#request, detail);
    return lost(status < 500 ? 'invalid_data' : 'unknown', this.#request, detail);
  }

  #redirected(from: URL, location: string | undefined): URL {
    const to =
      location !== undefined && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
    const isHttp = to !== undefined && /^https?:$/.test(to.protocol);
    if (isHttp && to.hostname === from.hostname) return to;
    const where = to === undefined ? 'nowhere' : `${to.protocol}//${to.host}`;
    throw lost(
      'invalid_data',
      this.#request,
      `it redirects to ${where}, which is not followed: if that is the camera, use the address there`,
    );
  }
}
