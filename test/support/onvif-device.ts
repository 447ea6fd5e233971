import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Authenticator, type Credentials } from './http-auth.ts';
import { clockAnswer, onvifAnswers, type ChannelOptions, type OnvifStyle } from './onvif-messages.ts';

/** What goes wrong with every request, until it is taken back. */
export type OnvifFault =
  /** Requests are taken and never answered. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'body'; readonly body: string; readonly status?: number }
  /** An answer without an end. */
  | { readonly kind: 'endless' }
  | { readonly kind: 'redirect'; readonly to: string };

export interface OnvifDeviceOptions {
  readonly credentials?: Credentials;
  /** `token`: WS-UsernameToken, as most cameras; `digest`: HTTP Digest, as newer ones. Default `token`. */
  readonly auth?: 'token' | 'digest';
  /** What the camera's clock shows more than the true time. */
  readonly clockSkewMs?: number;
  /** Makers choose other prefixes for the same names. Default `gsoap`. */
  readonly style?: OnvifStyle;
  /** Default true. */
  readonly hasMedia2?: boolean;
  /** False for cameras that know `GetCapabilities` only. Default true. */
  readonly knowsGetServices?: boolean;
  /** False for cameras that answer a renewal with a fault. Default true. */
  readonly knowsRenewal?: boolean;
  /** The host and port that its answers name; its own unless given. */
  readonly namedHost?: string;
  /** Default one. */
  readonly channels?: readonly ChannelOptions[];
  /** What it grants, whatever is asked for. Default 60,000. */
  readonly subscriptionMs?: number;
  readonly manufacturer?: string;
}

export interface OnvifDevice extends AsyncDisposable {
  readonly port: number;
  readonly deviceUrl: string;
  setFault(fault: OnvifFault | null): void;
  setClockSkew(ms: number): void;
  /** Tells all subscribers. */
  say(notification: string): void;
  /** Forgets all subscriptions, as a camera that restarts. */
  restart(): void;
  stats(): {
    /** Requests by their name: `GetProfiles`, `PullMessages`, … */
    readonly requests: Readonly<Record<string, number>>;
    readonly refused: number;
    readonly subscriptions: number;
    /** Bodies and headers of all requests, to look for what must not be sent. */
    readonly received: string;
  };
}

interface Subscription {
  until: number;
  readonly waiting: string[];
  wake: () => void;
}

const openActions = new Set(['GetSystemDateAndTime']);
/** A token is refused that is older or newer, as cameras do. */
const tokenValidMs = 5000;
/** A pull is held open so long at most, so that tests need not wait. */
const longestHoldMs = 300;

/** A camera's ONVIF services on loopback, with the messages that cameras send. */
export async function startOnvifDevice(options: OnvifDeviceOptions = {}): Promise<OnvifDevice> {
  const subscriptions = new Map<string, Subscription>();
  const requests: Record<string, number> = {};
  const authenticator =
    options.credentials === undefined ? undefined : new Authenticator(options.credentials, 'digest');
  let fault: OnvifFault | null = null;
  let skewMs = options.clockSkewMs ?? 0;
  let refused = 0;
  let subscribed = 0;
  const received: string[] = [];

  const server: Server = createServer((request, response) => {
    void readBody(request).then((body) => answer(request, response, body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const here = options.namedHost ?? `127.0.0.1:${port}`;
  const answers = onvifAnswers({ ...options, here });
  const cameraNow = (): number => Date.now() + skewMs;

  async function answer(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    received.push(JSON.stringify(request.headers), body);
    if (fault !== null) {
      misbehave(fault, response);
      return;
    }
    const action = /<s:Body><\w+:(\w+)/.exec(body)?.[1] ?? '';
    requests[action] = (requests[action] ?? 0) + 1;
    const send = (status: number, text: string): void => {
      response.writeHead(status, { 'Content-Type': 'application/soap+xml; charset=utf-8' }).end(text);
    };
    if (!openActions.has(action) && !isAuthorized(request, body)) {
      refused += 1;
      if (options.auth === 'digest' && authenticator !== undefined)
        response.setHeader('WWW-Authenticate', authenticator.challenge);
      send(
        options.auth === 'digest' ? 401 : 400,
        answers.fault('Sender', 'NotAuthorized', 'Sender not Authorized'),
      );
      return;
    }
    if (action === 'GetSystemDateAndTime') {
      send(200, clockAnswer(cameraNow(), options.style ?? 'gsoap'));
    } else if (action === 'CreatePullPointSubscription') {
      subscribed += 1;
      const until = Date.now() + (options.subscriptionMs ?? 60_000);
      subscriptions.set(String(subscribed), { until, waiting: [], wake: () => undefined });
      send(200, answers.subscribed(String(subscribed), cameraNow(), until + skewMs));
    } else if (/^(?:PullMessages|Renew|Unsubscribe)$/.test(action)) {
      await answerSubscriber(action, subscriptionOf(request, body), send);
    } else {
      const text = answers.read(action, body);
      if (text === undefined)
        send(400, answers.fault('Receiver', 'ActionNotSupported', 'Optional Action Not Implemented'));
      else send(200, text);
    }
  }

  async function answerSubscriber(
    action: string,
    id: string,
    send: (status: number, text: string) => void,
  ): Promise<void> {
    const subscription = subscriptions.get(id);
    if (subscription === undefined || subscription.until < Date.now()) {
      subscriptions.delete(id);
      send(400, answers.fault('Sender', 'ResourceUnknownFault', 'The subscription has ended'));
    } else if (action === 'Unsubscribe') {
      subscriptions.delete(id);
      subscription.wake();
      send(200, answers.unsubscribed());
    } else if (action === 'Renew') {
      if (options.knowsRenewal === false) {
        send(400, answers.fault('Receiver', 'ActionNotSupported', 'Renew is not supported'));
        return;
      }
      subscription.until = Date.now() + (options.subscriptionMs ?? 60_000);
      send(200, answers.renewed(cameraNow(), subscription.until + skewMs));
    } else {
      if (subscription.waiting.length === 0) {
        const woken = Promise.withResolvers<void>();
        subscription.wake = woken.resolve;
        const timer = setTimeout(woken.resolve, longestHoldMs);
        await woken.promise;
        clearTimeout(timer);
      }
      send(200, answers.pulled(subscription.waiting.splice(0), cameraNow(), subscription.until + skewMs));
    }
  }

  /** Axis keeps all subscriptions at one address; others give each its own. */
  function subscriptionOf(request: IncomingMessage, body: string): string {
    const number = /SubscriptionId[^>]*>(\d+)</.exec(body)?.[1];
    return options.style === 'axis' ? (number ?? '') : (request.url ?? '').replace(/^.*\//, '');
  }

  function isAuthorized(request: IncomingMessage, body: string): boolean {
    const { credentials } = options;
    if (credentials === undefined || authenticator === undefined) return true;
    if (options.auth === 'digest') return authenticator.isAuthorized('POST', request.headers.authorization);
    return hasToken(body, credentials, cameraNow());
  }

  return {
    port,
    deviceUrl: `http://127.0.0.1:${port}/onvif/device_service`,
    setFault(next) {
      fault = next;
    },
    setClockSkew(ms) {
      skewMs = ms;
    },
    say(notification) {
      for (const subscription of subscriptions.values()) {
        subscription.waiting.push(notification);
        subscription.wake();
      }
    },
    restart() {
      for (const { wake } of subscriptions.values()) wake();
      subscriptions.clear();
    },
    stats: () => ({ requests, refused, subscriptions: subscriptions.size, received: received.join('\n') }),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function misbehave(fault: OnvifFault, response: ServerResponse): void {
  switch (fault.kind) {
    case 'hang':
      return;
    case 'body':
      response.writeHead(fault.status ?? 200, { 'Content-Type': 'application/soap+xml' }).end(fault.body);
      return;
    case 'redirect':
      response.writeHead(302, { Location: fault.to }).end();
      return;
    case 'endless': {
      response.writeHead(200, { 'Content-Type': 'application/soap+xml' });
      const write = (): void => {
        if (!response.destroyed) response.write(' '.repeat(64 * 1024), write);
      };
      // Whoever is cut off by the client hears an error, which is as it should be.
      response.on('error', () => undefined);
      write();
    }
  }
}

/** Looks at a WS-UsernameToken as the OASIS profile says it is made. */
function hasToken(body: string, { username, password }: Credentials, now: number): boolean {
  const read = (name: string): string =>
    new RegExp(`<wss?[eu]:${name}(?:\\s[^>]*)?>([^<]*)<`).exec(body)?.[1] ?? '';
  const created = read('Created');
  const digest = createHash('sha1')
    .update(
      Buffer.concat([Buffer.from(read('Nonce'), 'base64'), Buffer.from(created), Buffer.from(password)]),
    )
    .digest('base64');
  const isFresh = Math.abs(Date.parse(created) - now) <= tokenValidMs;
  return read('Username') === username && read('Password') === digest && isFresh;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
