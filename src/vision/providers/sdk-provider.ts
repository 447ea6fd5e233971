import type { generateText, LanguageModelUsage, wrapLanguageModel } from 'ai';
import type { Clock } from '../../core/clock.ts';
import type { Description } from '../../core/event.ts';
import type { TokenUsage } from '../../core/vision.ts';
import { readAnswer } from '../answer.ts';
import { answerInWords, answerSchema } from '../answer-schema.ts';
import { preparePictures } from '../event-pictures.ts';
import { costOf, pictureTokens, textTokens, usdOf } from '../model-cost.ts';
import type { PictureRule } from '../models.ts';
import { buildPrompt, promptVersion } from '../prompt.ts';
import type { TokenPrice } from '../provider-adapter.ts';
import { VisionError } from '../vision-error.ts';
import type { ChainMember, DescribeInput, PreparedCall, SentRequest } from '../vision-provider.ts';

type WrappedModel = Parameters<typeof wrapLanguageModel>[0]['model'];
type CallOptions = Parameters<typeof generateText>[0];

export interface SdkProviderOptions {
  readonly type: string;
  readonly name: string;
  readonly modelId: string;
  /** `withSchema` is false once the server has refused the schema. */
  readonly model: (withSchema: boolean) => Promise<WrappedModel>;
  readonly apiKey: string | null;
  /** Said when a key is needed and there is none. */
  readonly missingKey: string | null;
  readonly isLocal: boolean;
  readonly isFree: boolean;
  readonly requestsPerMinute: number | null;
  readonly timeoutMs: number;
  readonly mostPictures: number;
  readonly pictureRule: PictureRule;
  /** At this moment; `null` when it is not known. */
  readonly price: () => TokenPrice | null;
  /** Beyond the answer itself. */
  readonly hiddenTokens: number;
  readonly reasoning?: NonNullable<CallOptions['reasoning']>;
  readonly providerOptions?: NonNullable<CallOptions['providerOptions']>;
  /** The server may be one that takes no schema: then the answer's form is asked for in words. */
  readonly mayRefuseSchema: boolean;
  readonly clock: Clock;
}

/** The schema takes some 160 tokens in English and needs 230; twice that for languages that need more. */
const answerTokens = 400;
/** Wrapping that the services put around prompt and schema. */
const overheadTokens = 500;

/** A provider that is asked through the AI SDK, one HTTP request a call. */
export function createSdkProvider(options: SdkProviderOptions): ChainMember {
  let hasRefusedSchema = false;
  // Now rather than at the first event, which would wait for it. It takes 16 MB, which a service without such a provider saves.
  const client = loadClient();
  // Whoever asks learns of it.
  client.catch(() => undefined);

  async function prepare(input: DescribeInput, signal: AbortSignal): Promise<PreparedCall> {
    signal.throwIfAborted();
    const { pictures, isGray } = await preparePictures(input, options.mostPictures, options.pictureRule);
    signal.throwIfAborted();
    const prompt = buildPrompt({
      input,
      pictures,
      isGray,
      ...(hasRefusedSchema ? { answerInWords } : {}),
    });
    const request: SentRequest = {
      promptVersion,
      system: prompt.system,
      prompt: prompt.prompt,
      pictures: pictures.map(({ jpeg, width, height }, index) => ({
        label: prompt.labels[index] ?? '',
        jpeg,
        width,
        height,
      })),
    };
    const estimateUsd = estimateOf(request);
    return {
      request,
      estimateUsd,
      costOf: (usage) => spent(usage, estimateUsd),
      send: async (signal) => await send(request, input, estimateUsd, signal),
    };
  }

  function spent(usage: TokenUsage, estimateUsd: number | null): number | null {
    return options.isFree ? 0 : costOf(usage, options.price(), estimateUsd);
  }

  function estimateOf(request: SentRequest): number | null {
    if (options.isFree) return 0;
    const price = options.price();
    if (price === null) return null;
    const texts = [
      request.system,
      request.prompt,
      answerInWords,
      ...request.pictures.map(({ label }) => label),
    ];
    const input =
      overheadTokens +
      texts.reduce((sum, text) => sum + textTokens(text), 0) +
      request.pictures.reduce((sum, picture) => sum + pictureTokens(options.pictureRule.tokens, picture), 0);
    return usdOf({ input, output: answerTokens + options.hiddenTokens }, price);
  }

  async function send(
    request: SentRequest,
    input: DescribeInput,
    estimateUsd: number | null,
    signal: AbortSignal,
  ): Promise<Description> {
    if (options.missingKey !== null) throw new VisionError('auth', `${options.name}: ${options.missingKey}`);
    try {
      return await sendOnce(request, input, estimateUsd, signal);
    } catch (error) {
      if (!isSchemaRefused(error) || !options.mayRefuseSchema || hasRefusedSchema) throw error;
      hasRefusedSchema = true;
      try {
        return await sendOnce(request, input, estimateUsd, signal);
      } catch (again) {
        // It was not the schema that was refused.
        if (again instanceof VisionError && again.fault === 'bad_request') hasRefusedSchema = false;
        throw again;
      }
    }
  }

  async function sendOnce(
    request: SentRequest,
    input: DescribeInput,
    estimateUsd: number | null,
    signal: AbortSignal,
  ): Promise<Description> {
    const written = await ask(request, signal);
    const { usage, finish } = written;
    const context = { usage, isBillable: true };
    if (finish === 'content-filter') {
      throw new VisionError(
        'refusal',
        `${options.name}: the model refused to describe the pictures`,
        context,
      );
    }
    const reading = readAnswer(written.answer);
    if (reading.kind === 'refusal') {
      throw new VisionError('refusal', `${options.name}: the model refused: ${reading.reason}`, context);
    }
    if (reading.kind === 'unusable') {
      const cutOff = finish === 'length' ? 'it was cut off at the limit of tokens; ' : '';
      throw new VisionError('bad_answer', `${options.name}: ${cutOff}${reading.reason}`, context);
    }
    return {
      ...reading.answer,
      detections: input.hints?.detections ?? [],
      provider: options.name,
      model: options.modelId,
      costUsd: spent(usage, estimateUsd),
      usage,
    };
  }

  async function ask(
    { system, prompt, pictures }: SentRequest,
    signal: AbortSignal,
  ): Promise<{ readonly answer: unknown; readonly usage: TokenUsage; readonly finish: string | undefined }> {
    const withSchema = !hasRefusedSchema;
    const { generateText, NoObjectGeneratedError, output, visionErrorOf, wrapLanguageModel } = await client;
    try {
      const result = await generateText({
        // The client would print the warnings of every call on the console.
        model: wrapLanguageModel({ model: await options.model(withSchema), middleware: withoutWarnings }),
        instructions: system,
        messages: [
          {
            role: 'user',
            content: [
              ...pictures.flatMap(({ label, jpeg }) => [
                { type: 'text' as const, text: label },
                { type: 'file' as const, mediaType: 'image/jpeg', data: jpeg },
              ]),
              { type: 'text', text: withSchema ? prompt : inWords(prompt) },
            ],
          },
        ],
        ...(withSchema ? { output } : {}),
        maxOutputTokens: answerTokens + options.hiddenTokens,
        maxRetries: 0,
        abortSignal: signal,
        ...(options.reasoning === undefined ? {} : { reasoning: options.reasoning }),
        ...(options.providerOptions === undefined ? {} : { providerOptions: options.providerOptions }),
      });
      const { finishReason: finish, text } = result;
      // What stands in `text` may hold commentary beside the answer; without text there is no output to read.
      const answer: unknown = withSchema && text !== '' && finish !== 'tool-calls' ? result.output : text;
      return { answer, usage: tokenUsage(result.usage), finish };
    } catch (error) {
      signal.throwIfAborted();
      if (NoObjectGeneratedError.isInstance(error)) {
        const { text, usage, finishReason } = error;
        return { answer: text ?? '', usage: tokenUsage(usage), finish: finishReason };
      }
      throw visionErrorOf(error, {
        provider: options.name,
        apiKey: options.apiKey,
        now: options.clock.now(),
      });
    }
  }

  return {
    type: options.type,
    name: options.name,
    model: options.modelId,
    isLocal: options.isLocal,
    isFree: options.isFree,
    requestsPerMinute: options.requestsPerMinute,
    timeoutMs: options.timeoutMs,
    prepare,
    describe: async (input, signal) => await (await prepare(input, signal)).send(signal),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** What only a provider that is asked over the network needs. */
async function loadClient() {
  const { generateText, jsonSchema, NoObjectGeneratedError, Output, wrapLanguageModel } = await import('ai');
  const { visionErrorOf } = await import('./service-error.ts');
  // Validates nothing: the client is to hand over whatever came, `readAnswer` mends it.
  const output = Output.object({
    name: 'event_description',
    schema: jsonSchema(answerSchema, { validate: (value) => ({ success: true, value }) }),
  });
  return { generateText, NoObjectGeneratedError, output, visionErrorOf, wrapLanguageModel };
}

/** Prepared before the server refused the schema, it does not hold them yet. */
function inWords(prompt: string): string {
  return prompt.includes(answerInWords) ? prompt : `${prompt}\n\n${answerInWords}`;
}

const withoutWarnings: Parameters<typeof wrapLanguageModel>[0]['middleware'] = {
  specificationVersion: 'v4',
  wrapGenerate: async ({ doGenerate }) => ({ ...(await doGenerate()), warnings: [] }),
};

function tokenUsage(usage: LanguageModelUsage | undefined): TokenUsage {
  return { inputTokens: usage?.inputTokens ?? null, outputTokens: usage?.outputTokens ?? null };
}

/** A server that does not know `response_format` says so with a 400 or 422; a wrong model or key it reports otherwise. */
function isSchemaRefused(error: unknown): boolean {
  return (
    error instanceof VisionError &&
    error.fault === 'bad_request' &&
    /response_?format|json_?schema|structured|grammar|schema|\banswered (?:400|422|501)\b/i.test(
      error.message,
    ) &&
    !/\banswered (?:404|413)\b/.test(error.message)
  );
}
