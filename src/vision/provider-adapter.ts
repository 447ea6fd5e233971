import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import type { ObjectDetector } from '../core/object-detector.ts';
import type { ChainMember } from './vision-provider.ts';

/** US dollars per million tokens. */
export interface TokenPrice {
  readonly inputUsd: number;
  readonly outputUsd: number;
}

/** One entry of `vision.providers`, checked. */
export interface ProviderSettings {
  readonly type: string;
  /** Unique in the list. */
  readonly name: string;
  /** `null`: the adapter's default. */
  readonly model: string | null;
  readonly apiKey: string | null;
  readonly baseUrl: string | null;
  readonly timeoutMs: number | null;
  readonly requestsPerMinute: number | null;
  /** Wins over the table of models. */
  readonly price: TokenPrice | null;
  /** Pictures sent at most, the crop of the subject not among them; 1–6. */
  readonly pictures: number;
}

export interface ProviderContext {
  readonly clock: Clock;
  /** Not owned by the provider. */
  readonly detector: ObjectDetector;
}

/** A kind of provider: one file that exports one of these, and one line in `app/builtins.ts`. */
export interface ProviderAdapter {
  /** The value of `type` in the configuration and the API. */
  readonly type: string;
  /** One line for the reference and the form. */
  readonly title: string;
  /** Checks one entry of the list, in snake_case; unknown keys are refused. */
  readonly schema: z.ZodType<ProviderEntry>;
  /** The environment variable whose presence puts the provider into the default order; `null` for none. */
  readonly keyVariable: string | null;
  create(settings: ProviderSettings, context: ProviderContext): ChainMember;
}

/** What an entry of the list can hold; each adapter's schema takes those keys that it understands. */
export interface ProviderEntry {
  readonly type: string;
  readonly name?: string | undefined;
  readonly model?: string | undefined;
  readonly api_key?: string | undefined;
  readonly base_url?: string | undefined;
  readonly timeout_ms?: number | undefined;
  readonly requests_per_minute?: number | undefined;
  readonly price?: { readonly input_usd: number; readonly output_usd: number } | undefined;
  readonly pictures?: number | undefined;
}

const defaultPictures = 3;

/** The one place where the names of the wire become those of the code. */
export function settingsOf(entry: ProviderEntry): ProviderSettings {
  const { price } = entry;
  return {
    type: entry.type,
    name: entry.name ?? entry.type,
    model: entry.model ?? null,
    apiKey: entry.api_key ?? null,
    baseUrl: entry.base_url ?? null,
    timeoutMs: entry.timeout_ms ?? null,
    requestsPerMinute: entry.requests_per_minute ?? null,
    price: price === undefined ? null : { inputUsd: price.input_usd, outputUsd: price.output_usd },
    pictures: entry.pictures ?? defaultPictures,
  };
}

/** The keys that every provider outside this process understands. */
export function remoteFields(defaultModel: string) {
  return {
    name: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .optional()
      .describe('Unique; shown with every description. The type, unless given.'),
    model: z.string().trim().min(1).max(200).optional().describe(`Without it: ${defaultModel}.`),
    api_key: z.string().min(1).optional().describe('Better given as `${VARIABLE}` than written down.'),
    base_url: webAddress().optional().describe("Instead of the maker's own address."),
    timeout_ms: z
      .number()
      .int()
      .min(1000)
      .max(600_000)
      .optional()
      .describe('The longest that one call may take, whatever the deadline leaves.'),
    requests_per_minute: z
      .number()
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe('Calls a minute at most; further events go to the next provider.'),
    price: z
      .strictObject({ input_usd: z.number().min(0), output_usd: z.number().min(0) })
      .optional()
      .describe('US dollars per million tokens, where the table of models does not know them.'),
    pictures: z.number().int().min(1).max(6).optional().describe('Frames sent at most; 3 unless given.'),
  };
}

export function webAddress() {
  return z.string().refine(
    (address) => {
      if (!URL.canParse(address)) return false;
      const { protocol, username, password } = new URL(address);
      return /^https?:$/.test(protocol) && username === '' && password === '';
    },
    { error: 'expected an http:// or https:// address without user and password' },
  );
}
