import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import { redact } from '../core/redact.ts';
import { nullableTime, toWireTime, wireTime } from '../core/wire-values.ts';
import type { ProviderEntry } from '../vision/provider-adapter.ts';
import type {
  ProviderChange,
  ProviderList,
  ProviderListing,
  ProviderService,
  ProviderTestResult,
} from './ai-services.ts';
import { validationError } from './validation.ts';
import { toWireUsd } from '../core/wire-values.ts';

const origin = z.enum(['config', 'environment', 'saved']);

const priceSchema = z.object({ input_usd: z.number(), output_usd: z.number() });

const stateSchema = z.object({
  breaker: z.enum(['closed', 'open', 'half_open']).meta({
    description: 'closed: it is asked; open: it failed too often just now; half_open: the next call decides',
  }),
  open_because: z.string().nullable().meta({ description: 'The fault for which it is not asked' }),
  open_until: nullableTime.meta({ description: 'When it will be asked again' }),
  last_error: z.object({ fault: z.string(), message: z.string(), at: wireTime }).nullable(),
  p50_ms: z.number().nullable().meta({ description: 'Of the last 100 descriptions' }),
  p95_ms: z.number().nullable(),
  calls: z.int().meta({ description: 'Since the start, or since the list was last changed' }),
  described: z.int(),
  failures: z.record(z.string(), z.int()).meta({ description: 'How many of each fault' }),
});

const providerSchema = z
  .object({
    name: z.string(),
    type: z.string(),
    title: z.string(),
    model: z.string().nullable(),
    base_url: z
      .string()
      .nullable()
      .meta({ description: "null: the maker's own; secrets in its query are shown as ***" }),
    api_key: z.string().nullable().meta({
      description:
        '`****` and the last four characters; null without a key. The key itself never leaves the server',
    }),
    api_key_source: origin.nullable(),
    timeout_ms: z.int().nullable(),
    requests_per_minute: z.int().nullable(),
    price: priceSchema.nullable().meta({ description: 'US dollars per million tokens, where it was stated' }),
    pictures: z.int().meta({ description: 'Frames sent at most' }),
    is_local: z.boolean().meta({ description: 'Nothing that it is given leaves this machine' }),
    state: stateSchema,
  })
  .meta({ id: 'Provider' });

export const providerListSchema = z
  .object({
    providers: z.array(providerSchema).meta({ description: 'In the order in which they are asked' }),
    total_count: z.int(),
    source: origin.meta({ description: 'config: listed in the configuration file, and changed only there' }),
    is_read_only: z.boolean(),
    problems: z.array(z.string()).meta({ description: 'What is saved and can not be used' }),
    types: z
      .array(z.object({ type: z.string(), title: z.string(), key_variable: z.string().nullable() }))
      .meta({ description: 'The kinds of provider that can be set up' }),
  })
  .meta({ id: 'ProviderList' });

export type ProviderListWire = z.output<typeof providerListSchema>;

export const providerTestSchema = z
  .discriminatedUnion('ok', [
    z.object({
      ok: z.literal(true),
      latency_ms: z.int(),
      description: z.string(),
      title: z.string().nullable(),
      confidence: z.number().nullable(),
      objects: z.array(z.string()),
      model: z.string().nullable(),
      cost_usd: z.number().nullable().meta({ description: 'null: the price of the model is not known' }),
    }),
    z.object({ ok: z.literal(false), fault: z.string(), message: z.string() }),
  ])
  .meta({ id: 'ProviderTestResult' });

export function toProviderListWire(
  { origin, providers, problems }: ProviderList,
  adapters: ProviderService['adapters'],
): ProviderListWire {
  return {
    providers: providers.map(toProviderWire),
    total_count: providers.length,
    source: origin,
    is_read_only: origin === 'config',
    problems: [...problems],
    types: adapters.map(({ type, title, keyVariable }) => ({ type, title, key_variable: keyVariable })),
  };
}

function toProviderWire(listing: ProviderListing): z.output<typeof providerSchema> {
  const { state, price } = listing;
  return {
    name: listing.name,
    type: listing.type,
    title: listing.title,
    model: listing.model ?? state.model,
    base_url: listing.baseUrl === null ? null : redact(listing.baseUrl),
    api_key: listing.maskedKey,
    api_key_source: listing.keyOrigin,
    timeout_ms: listing.timeoutMs,
    requests_per_minute: listing.requestsPerMinute,
    price: price === null ? null : { input_usd: price.inputUsd, output_usd: price.outputUsd },
    pictures: listing.pictures,
    is_local: state.isLocal,
    state: {
      breaker: state.breaker,
      open_because: state.openBecause,
      open_until: state.openUntil === null ? null : toWireTime(state.openUntil),
      last_error:
        state.lastError === null
          ? null
          : {
              fault: state.lastError.fault,
              message: redact(state.lastError.message),
              at: toWireTime(state.lastError.at),
            },
      p50_ms: rounded(state.p50Ms),
      p95_ms: rounded(state.p95Ms),
      calls: state.calls,
      described: state.described,
      failures: { ...state.failures },
    },
  };
}

function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms);
}

export function toProviderTestWire(result: ProviderTestResult): z.output<typeof providerTestSchema> {
  if (result.kind === 'failed') return { ok: false, fault: result.fault, message: redact(result.message) };
  const { text, title, confidence, objects, model, costUsd } = result.description;
  return {
    ok: true,
    latency_ms: Math.round(result.latencyMs),
    description: text,
    title,
    confidence,
    objects: [...objects],
    model,
    cost_usd: toWireUsd(costUsd),
  };
}

/** What can stand in a header of HTTP; what people paste often ends in a line break. */
const writableKey = z
  .string()
  .trim()
  .min(1)
  .max(1000)
  .regex(/^[\x21-\x7e]+$/, 'a key without spaces and special characters')
  .nullable()
  .optional()
  .meta({
    description:
      'Write-only. Kept when it is left out (or comes back as it was shown) and the address of the provider stays; null deletes the one that was saved',
  });

const mostProviders = 20;

export interface ProviderListBody {
  readonly providers: readonly (Omit<ProviderEntry, 'api_key'> & {
    readonly api_key?: string | null | undefined;
  })[];
  readonly local_fallback: boolean;
}

/** Made of the schemas of the adapters: what each kind of provider takes, and nothing else. */
export function providerListBody(adapters: ProviderService['adapters']): z.ZodType<ProviderListBody> {
  const kinds = adapters.map(({ type, schema }) => {
    if (!(schema instanceof z.ZodObject)) {
      throw new AppError('INTERNAL', `The schema of the provider "${type}" is no object.`);
    }
    return 'api_key' in schema.shape ? schema.extend({ api_key: writableKey }) : schema;
  });
  const [first, ...others] = kinds;
  if (first === undefined) throw new AppError('INTERNAL', 'There is no kind of provider.');
  const names = adapters.map(({ type }) => type).join(', ');
  const entry = z.discriminatedUnion('type', [first, ...others], { error: `one of ${names}` });
  const body = z
    .strictObject({
      providers: z
        .array(entry)
        .min(1)
        .max(mostProviders)
        .meta({ description: 'In the order in which they are to be asked' }),
      local_fallback: z.boolean().default(true).meta({
        description: 'Puts the local describer behind a list that does not name it',
      }),
    })
    .meta({ id: 'ProviderListBody' });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each entry is what its adapter's schema makes: a ProviderEntry
  return body as z.ZodType as z.ZodType<ProviderListBody>;
}

/**
 * What a client sent, as the service takes it. What the client can't know (a key, the secrets in an address) is kept when
 * it comes back as it was shown.
 *
 * @throws AppError `VALIDATION_FAILED` for a masked key that is none of those that were shown
 */
export function toProviderChanges(
  { providers, local_fallback: hasLocalFallback }: ProviderListBody,
  adapters: ProviderService['adapters'],
  current: ProviderList,
): ProviderChange[] {
  const isLocalMissing =
    hasLocalFallback &&
    adapters.some(({ type }) => type === 'local') &&
    providers.every(({ type }) => type !== 'local');
  const changes = providers.map(({ api_key: apiKey, ...entry }, index): ProviderChange => {
    const former = current.providers.find(({ name }) => name === (entry.name ?? entry.type));
    return {
      entry: {
        ...entry,
        ...(former?.baseUrl != null && entry.base_url === redact(former.baseUrl)
          ? { base_url: former.baseUrl }
          : {}),
      },
      apiKey: unmasked(apiKey, former, index),
    };
  });
  return isLocalMissing ? [...changes, { entry: { type: 'local' }, apiKey: undefined }] : changes;
}

function unmasked(
  given: string | null | undefined,
  former: ProviderListing | undefined,
  index: number,
): string | null | undefined {
  if (given == null || !given.startsWith('****')) return given;
  if (given === former?.maskedKey) return undefined;
  throw validationError([
    {
      in: 'body',
      path: `providers[${index}].api_key`,
      received: 'a masked key that is not the one of this provider',
      expected: 'the whole key, or no api_key to keep the one that there is',
    },
  ]);
}
