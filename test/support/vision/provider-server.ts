import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { anthropicMaker } from './anthropic-maker.ts';
import { googleMaker } from './google-maker.ts';
import type { Maker, MakerRules } from './maker.ts';
import { openaiCompatibleMaker, type CompatibleFlavour } from './openai-compatible-maker.ts';
import { openaiMaker } from './openai-maker.ts';
import type { AnswerObject } from './provider-answer.ts';
import type { FaultPlan, ProviderFault } from './provider-fault.ts';
import { ProviderService, type ProviderAnswer } from './provider-service.ts';
import type { ProviderKind, RecordedRequest } from './recorded-request.ts';
import { selfSignedCertificate } from './self-signed-certificate.ts';
import { xaiMaker } from './xai-maker.ts';

export interface ProviderServerOptions {
  /** `null`: no key is wanted and any is taken, which is the default of `openai_compatible` only. */
  readonly apiKey?: string | null;
  /** Ids that it knows. Default: whatever looks like an id of this maker's. */
  readonly models?: readonly string[];
  /** Default `required`: a request that asks for no schema is refused. */
  readonly structuredOutput?: MakerRules['structuredOutput'];
  /** Of the base64 text. Default: the real service's limit. */
  readonly maxImageBytes?: number;
  /** Pixels of the longer side. Default: the real service's limit. */
  readonly maxImageSide?: number;
  /** Whose errors `openai_compatible` speaks. Default `ollama`. */
  readonly flavour?: CompatibleFlavour;
  /** How many of the last requests are kept. Default 500. */
  readonly keptRequests?: number;
}

export interface ProviderServer extends AsyncDisposable {
  readonly kind: ProviderKind;
  /** The `base_url` to configure. */
  readonly url: string;
  /** The same service behind a certificate that nobody vouches for. */
  readonly tlsUrl: string;
  /** Empty when none is wanted. */
  readonly apiKey: string;
  /** The last ones, in the order in which they were understood. */
  readonly requests: readonly RecordedRequest[];
  /** What was wrong with requests, faults of ours aside: empty when all were sound. */
  readonly problems: readonly string[];
  /** All requests, the refused ones too. */
  readonly calls: number;
  /** Good answers that went out whole. */
  readonly charged: number;
  /**
   * Sound requests that the model worked on. Makers send a bill for these: `charged`, and those whose answer was
   * spoilt, cut off, or given to a client that had gone.
   */
  readonly billed: number;
  /** Requests whose client hung up before the answer was out. */
  readonly abandoned: number;
  /** Requests that wait for their answer now. */
  readonly open: number;
  /** What the model says: a description's fields, raw text, or either made from the request. */
  answer: ProviderAnswer | null;
  /** Before each answer, also of a refusal. */
  latencyMs: number | ((call: number) => number);
  /** From now on, for every call, until it is taken back. Settles when the listeners are as the fault wants them. */
  setFault(fault: ProviderFault | FaultPlan | null): Promise<void>;
  /** For the next calls, one each, before the constant fault counts again; `null` lets one through. */
  queueFaults(...faults: readonly (ProviderFault | null)[]): void;
}

export type { AnswerObject, ProviderAnswer };

function makerOf(kind: ProviderKind, flavour: CompatibleFlavour): Maker {
  switch (kind) {
    case 'openai':
      return openaiMaker;
    case 'anthropic':
      return anthropicMaker;
    case 'google':
      return googleMaker;
    case 'xai':
      return xaiMaker;
    case 'openai_compatible':
      return openaiCompatibleMaker(flavour);
  }
  return kind satisfies never;
}

/** A maker's service on the loopback interface, with its true requests, answers and errors. */
export async function startProviderServer(
  kind: ProviderKind,
  options: ProviderServerOptions = {},
): Promise<ProviderServer> {
  const maker = makerOf(kind, options.flavour ?? 'ollama');
  const defaultKey = kind === 'openai_compatible' ? null : `test-key-of-${kind}-0123456789`;
  const apiKey = options.apiKey === undefined ? defaultKey : options.apiKey;
  const service = new ProviderService({
    maker,
    apiKey,
    keptRequests: options.keptRequests ?? 500,
    rules: {
      isKnownModel: (model) => options.models?.includes(model) ?? maker.modelPattern.test(model),
      structuredOutput: options.structuredOutput ?? 'required',
      maxImageBytes: options.maxImageBytes ?? maker.maxImageBytes,
      maxImageSide: options.maxImageSide ?? maker.maxImageSide,
    },
  });
  const plain = new Listener(createHttpServer(service.handle));
  const secure = new Listener(createHttpsServer(selfSignedCertificate(), service.handle));
  await Promise.all([plain.open(), secure.open()]);
  /** Changes of the listeners, one after the other. */
  let changes = Promise.resolve();
  const setListening = (isWanted: boolean): Promise<void> => {
    const before = changes;
    changes = (async () => {
      await before;
      await Promise.all([plain, secure].map((listener) => (isWanted ? listener.open() : listener.close())));
    })();
    return changes;
  };

  return {
    kind,
    url: `http://127.0.0.1:${plain.port}${maker.basePath}`,
    tlsUrl: `https://127.0.0.1:${secure.port}${maker.basePath}`,
    apiKey: apiKey ?? '',
    get requests() {
      return service.requests;
    },
    get problems() {
      return [...service.requests.flatMap(({ problem }) => problem ?? []), ...service.failures];
    },
    get calls() {
      return service.counts.calls;
    },
    get charged() {
      return service.counts.charged;
    },
    get billed() {
      return service.counts.billed;
    },
    get abandoned() {
      return service.counts.abandoned;
    },
    get open() {
      return service.counts.open;
    },
    get answer() {
      return service.answer;
    },
    set answer(answer) {
      service.answer = answer;
    },
    get latencyMs() {
      return service.latencyMs;
    },
    set latencyMs(latencyMs) {
      service.latencyMs = latencyMs;
    },
    setFault: async (fault) => {
      service.fault = fault;
      await setListening(typeof fault === 'function' || fault?.kind !== 'refused');
    },
    queueFaults: (...faults) => {
      if (faults.some((fault) => fault?.kind === 'refused')) {
        throw new Error(
          '"refused" can\'t be queued: nobody who listens can refuse a connection. Use setFault.',
        );
      }
      service.queuedFaults.push(...faults);
    },
    [Symbol.asyncDispose]: () => setListening(false),
  };
}

/** A server that can stop listening and begin again on its port. */
class Listener {
  readonly #server: Server;
  #port = 0;

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => socket.setNoDelay(true));
    // Clients that hang up or that dislike the certificate are no fault of the test's server.
    server.on('clientError', (_error, socket) => socket.destroy());
  }

  get port(): number {
    return this.#port;
  }

  async open(): Promise<void> {
    if (this.#server.listening) return;
    const listening = once(this.#server, 'listening');
    this.#server.listen(this.#port, '127.0.0.1');
    await listening;
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
