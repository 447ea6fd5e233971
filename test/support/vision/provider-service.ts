import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  schemaText,
  textTokens,
  type Completion,
  type Failure,
  type Maker,
  type MakerRules,
  type UnderstoodRequest,
} from './maker.ts';
import { damagedText, defaultAnswer, refusalText, type AnswerObject } from './provider-answer.ts';
import {
  isLineFault,
  isSpoilingFault,
  quotaForms,
  type FaultPlan,
  type ProviderFault,
} from './provider-fault.ts';
import type { RecordedRequest } from './recorded-request.ts';
import {
  isBrokenByUs,
  redirectTarget,
  sendLineFault,
  sendReply,
  sendSpoilt,
  waitUnlessGone,
} from './reply-sender.ts';
import { flatHeaders, readBody, withoutKey } from './request-reading.ts';
import { fitToSchema } from './schema-rules.ts';
import { RequestProblem, type WireReply } from './wire-reply.ts';

export type ProviderAnswer =
  | AnswerObject
  | string
  | ((request: RecordedRequest) => AnswerObject | string | Promise<AnswerObject | string>);

interface Looked {
  readonly understood: UnderstoodRequest | null;
  /** The maker's refusal of an unsound request. */
  readonly refusal: WireReply | null;
}

/** What a maker's service does with requests, whoever listens for them. */
export class ProviderService {
  fault: ProviderFault | FaultPlan | null = null;
  readonly queuedFaults: (ProviderFault | null)[] = [];
  answer: ProviderAnswer | null = null;
  latencyMs: number | ((call: number) => number) = 0;
  readonly requests: RecordedRequest[] = [];
  /** Errors of this server itself. */
  readonly failures: string[] = [];
  readonly counts = { calls: 0, charged: 0, billed: 0, abandoned: 0, open: 0 };
  readonly #maker: Maker;
  readonly #apiKey: string | null;
  readonly #rules: MakerRules;
  readonly #keptRequests: number;

  constructor(options: {
    readonly maker: Maker;
    readonly apiKey: string | null;
    readonly rules: MakerRules;
    readonly keptRequests: number;
  }) {
    this.#maker = options.maker;
    this.#apiKey = options.apiKey;
    this.#rules = options.rules;
    this.#keptRequests = options.keptRequests;
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    const { counts } = this;
    counts.calls += 1;
    counts.open += 1;
    const gone = new AbortController();
    response.on('error', () => undefined);
    response.on('close', () => {
      counts.open -= 1;
      if (!response.writableFinished && !isBrokenByUs(response)) counts.abandoned += 1;
      gone.abort();
    });
    this.#serve(counts.calls, request, response, gone.signal).catch((error: unknown) => {
      // A client that leaves in the middle of its request is no failure.
      if (gone.signal.aborted) return;
      this.failures.push(`The test server failed: ${String(error)}`);
      response.destroy();
    });
  };

  async #serve(
    call: number,
    request: IncomingMessage,
    response: ServerResponse,
    gone: AbortSignal,
  ): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://127.0.0.1').pathname;
    // Whoever follows a redirect arrives, and is seen to have.
    const fault = path === redirectTarget ? null : this.#nextFault(call);
    const body = await readBody(request);
    const key = this.#maker.presentedKey(flatHeaders(request));
    const hasRightKey = this.#apiKey === null || key === this.#apiKey;
    const looked = await this.#look(request, path, body, key);
    const recorded: RecordedRequest = {
      call,
      receivedAt: Date.now(),
      method: request.method ?? 'GET',
      path,
      headers: withoutKey(flatHeaders(request), hasRightKey),
      hasRightKey,
      body,
      modelCall: looked.understood?.modelCall ?? null,
      problem: looked.refusal && `${looked.refusal.status} ${looked.refusal.body}`,
      fault,
    };
    this.requests.push(recorded);
    if (this.requests.length > this.#keptRequests) this.requests.shift();

    const model = looked.understood?.modelCall.model ?? 'unknown-model';
    const early = fault && this.#refusalByFault(fault, model, key ?? '');
    const isSound = looked.understood !== null && early === null && !isLineFault(fault);
    if (isSound && fault?.kind !== 'blocked') this.counts.billed += 1;
    const latency = typeof this.latencyMs === 'function' ? this.latencyMs(call) : this.latencyMs;
    await waitUnlessGone(latency + (fault?.kind === 'delay' ? fault.ms : 0), gone);
    if (gone.aborted) return;

    if (early !== null) {
      sendReply(response, early);
      return;
    }
    if (isLineFault(fault)) {
      sendLineFault(response, fault);
      return;
    }
    if (looked.understood === null) {
      if (looked.refusal !== null) sendReply(response, looked.refusal);
      return;
    }
    const { reply, isGood } = await this.#answered(looked.understood, recorded, fault);
    if (gone.aborted) return;
    if (isGood) response.on('finish', () => (this.counts.charged += 1));
    if (isSpoilingFault(fault)) sendSpoilt(response, fault, reply);
    else sendReply(response, reply);
  }

  #nextFault(call: number): ProviderFault | null {
    const queued = this.queuedFaults.shift();
    if (queued !== undefined) return queued;
    return typeof this.fault === 'function' ? this.fault(call) : this.fault;
  }

  async #look(
    request: IncomingMessage,
    path: string,
    body: unknown,
    key: string | undefined,
  ): Promise<Looked> {
    try {
      if (this.#apiKey !== null && key === undefined) throw new RequestProblem(this.#maker.missingKey());
      if (this.#apiKey !== null && key !== this.#apiKey) {
        throw new RequestProblem(this.#maker.failure({ kind: 'auth', status: 401, key: key ?? '' }, ''));
      }
      const understood = await this.#maker.read(
        { method: request.method ?? 'GET', path, headers: flatHeaders(request), body },
        this.#rules,
      );
      return { understood, refusal: null };
    } catch (error) {
      if (error instanceof RequestProblem) return { understood: null, refusal: error.reply };
      throw error;
    }
  }

  #refusalByFault(fault: ProviderFault, model: string, key: string): WireReply | null {
    const failure = failureOf(fault, this.#maker, key);
    return failure && this.#maker.failure(failure, model);
  }

  async #answered(
    understood: UnderstoodRequest,
    recorded: RecordedRequest,
    fault: ProviderFault | null,
  ): Promise<{ readonly reply: WireReply; readonly isGood: boolean }> {
    const { modelCall } = understood;
    const answer =
      typeof this.answer === 'function'
        ? await this.answer(recorded)
        : (this.answer ?? (fitToSchema(defaultAnswer(this.#maker.kind), modelCall.schema) as AnswerObject));
    const whole = typeof answer === 'string' ? answer : JSON.stringify(answer);
    const completion = this.#completion(understood, whole, answer, fault);
    const isSpoilt =
      fault?.kind === 'damaged_answer' || fault?.kind === 'half_body' || fault?.kind === 'garbage';
    return { reply: understood.complete(completion), isGood: completion.ending === 'stop' && !isSpoilt };
  }

  #completion(
    { modelCall, tokensPerImage }: UnderstoodRequest,
    whole: string,
    answer: AnswerObject | string,
    fault: ProviderFault | null,
  ): Completion {
    const prompt = modelCall.instructions + modelCall.text + schemaText(modelCall.schema);
    const imageTokens = modelCall.images.reduce(
      (sum, image) => sum + (tokensPerImage ?? this.#maker.imageTokens(image)),
      0,
    );
    const inputTokens = textTokens(prompt) + imageTokens;
    const ended = (text: string, ending: Completion['ending']): Completion => {
      // The limit holds for good answers too, as it does at the maker's.
      const room = modelCall.maxOutputTokens;
      if (ending === 'stop' && room !== null && textTokens(text) > room) {
        return { text: text.slice(0, room * 4), ending: 'length', inputTokens, outputTokens: room };
      }
      return { text, ending, inputTokens, outputTokens: textTokens(text) };
    };
    if (fault?.kind === 'damaged_answer') {
      const fields = typeof answer === 'string' ? defaultAnswer(this.#maker.kind) : answer;
      return ended(damagedText(fault.how, fields, modelCall.schema), 'stop');
    }
    if (fault?.kind === 'refusal') return ended(refusalText(), 'refusal');
    if (fault?.kind === 'blocked') return ended('', 'blocked');
    if (fault?.kind === 'truncated') return ended(whole.slice(0, Math.floor(whole.length / 2)), 'length');
    return ended(whole, 'stop');
  }
}

/** Faults that the maker words without knowing more. */
const plainFailures = new Set(['bad_request', 'unknown_model', 'server_error', 'unavailable', 'overloaded']);

function isPlainFailure(fault: ProviderFault): fault is Extract<ProviderFault, Failure> {
  return plainFailures.has(fault.kind);
}

function failureOf(fault: ProviderFault, maker: Maker, key: string): Failure | null {
  if (fault.kind === 'rate_limit') {
    const { retryAfterS: seconds, as = 'seconds' } = fault;
    if (seconds === undefined) return { kind: 'rate_limit', retryAfter: null };
    const httpDate = as === 'http_date' ? new Date(Date.now() + seconds * 1000).toUTCString() : null;
    return { kind: 'rate_limit', retryAfter: { seconds, httpDate } };
  }
  if (fault.kind === 'quota') return { kind: 'quota', form: fault.form ?? quotaForms[maker.kind][0] };
  if (fault.kind === 'auth') return { kind: 'auth', status: fault.status ?? 401, key };
  return isPlainFailure(fault) ? fault : null;
}
