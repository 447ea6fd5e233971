import { z } from 'zod';
import { retentionDaysSchema } from '../core/camera-settings-wire.ts';
import type { CameraSettings } from '../core/camera-settings.ts';
import type { Camera, PictureCondition } from '../core/camera.ts';
import type { TimeOfDay } from '../core/time-of-day.ts';
import { logLevels, type LogLevel } from '../core/log.ts';
import { isTimeZone } from '../core/calendar-day.ts';
import type { Budget } from '../store/spending.ts';
import type { ProviderSettings } from '../vision/provider-adapter.ts';
import type { AddressAdapter } from './camera-address.ts';
import { createCameraSchema } from './camera-schema.ts';
import { name, wholeNumber } from './config-values.ts';
import type { ProviderSchema } from './provider-list.ts';

export type ConfiguredCamera = CameraSettings &
  Pick<
    Camera,
    | 'name'
    | 'type'
    | 'url'
    | 'username'
    | 'password'
    | 'frameRate'
    | 'isEnabled'
    | 'motionSensitivity'
    | 'motionCooldown'
    | 'isLocalOnly'
    | 'promptAddition'
    | 'maxEventsPerHour'
  >;

export interface ConfiguredWebhook {
  readonly name: string;
  /** May hold credentials. */
  readonly url: string;
  readonly secret: string | null;
}

/** What an operator decides before the start; checked, complete, and never changed while it runs. */
export interface Config {
  /** Absolute. */
  readonly dataDir: string;
  readonly server: { readonly host: string; readonly port: number };
  readonly log: { readonly level: LogLevel };
  readonly pipeline: {
    /** 2–5. */
    readonly workers: number;
    readonly queueCapacity: number;
    readonly captureWindowMs: number;
    readonly drainMs: number;
  };
  readonly vision: {
    /** From the frame to the first description. */
    readonly deadlineMs: number;
    /** From the frame to a better description than the local one. */
    readonly betterWithinMs: number;
    /** The file lists the providers; else they are those whose keys stand in the environment. */
    readonly isListedInFile: boolean;
    /** Frames sent to a provider that does not say how many it wants; 1–6. */
    readonly pictures: number;
    /** Asked in this order; their names are unique. */
    readonly providers: readonly ProviderSettings[];
    readonly budget: Budget;
    /** The file sets limits; else they are the defaults. */
    readonly isBudgetInFile: boolean;
    /** Starts the next provider when one is slower than it usually is. */
    readonly isHedging: boolean;
    /** Of the answers, e.g. `English`. */
    readonly language: string;
    /** How long the description of nearly the same picture is used again; 0 for never. */
    readonly reuseMinutes: number;
    /** Whether what failed or was skipped is described later, when there is nothing else to do. */
    readonly isBackfilling: boolean;
  };
  readonly media: { readonly streamsPerHost: number };
  /** What people are told of cameras. */
  readonly notifications: {
    /** Milliseconds; `null`: never told. */
    readonly lostAfterMs: number | null;
    readonly conditions: readonly Exclude<PictureCondition, 'clear'>[];
  };
  readonly cameras: readonly ConfiguredCamera[];
  readonly retention: {
    /** 0 for ever. */
    readonly days: number;
    /** 0 for ever. */
    readonly starredDays: number;
    /** `null` for no cap; `undefined` for a share of what is free at the first start. */
    readonly maxBytes: number | null | undefined;
    readonly time: TimeOfDay;
  };
  /** `null` when none is to be made. */
  readonly backup: {
    /** Absolute. */
    readonly folder: string;
    readonly time: TimeOfDay;
    readonly keep: number;
    readonly withSecretKey: boolean;
  } | null;
  readonly webhooks: readonly ConfiguredWebhook[];
}

/** Least and most workers; what lies outside is clamped with a warning. */
export const workerBounds = { least: 2, most: 5 } as const;

/** 0 for ever; an empty value in the file means the same. */
const keptDays = (fallback: number) => retentionDaysSchema.nullable().default(fallback);
const timeOfDay = (fallback: string) =>
  z
    .string()
    .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, { error: 'expected a time of day such as 03:30, in quotes' })
    .default(fallback);

/** US dollars; `null` in the file for no limit. */
const dollars = (fallback: number | null) => z.number().min(0).max(1_000_000).nullable().default(fallback);

/**
 * The configuration document, as written: snake_case, unknown keys refused. What is wrong with an address or a name that
 * is used twice is found also where other keys of the same camera are wrong.
 */
export function createConfigSchema(
  adapters: readonly AddressAdapter[],
  providers: readonly ProviderSchema[] = [],
) {
  const webhook = z.strictObject({
    name: name().describe('Unique. Deliveries that wait for this target are kept by its name.'),
    url: z
      .string()
      .refine(isWebAddress, { error: 'expected an http:// or https:// address' })
      .describe('Receives a POST with JSON for every described event. Redirects are not followed.'),
    secret: z
      .string()
      .min(1)
      .optional()
      .describe('Signs each request (HMAC-SHA256). Better given as `${VARIABLE}` than written down.'),
  });

  return z.strictObject({
    data_dir: z
      .string()
      .min(1)
      .default('./data')
      .describe('Folder of the database, the pictures and the logs; relative to the folder of the start.'),
    server: z
      .strictObject({
        host: z
          .string()
          .min(1)
          .default('127.0.0.1')
          .describe('Address to listen on. Until there is a sign-in only loopback addresses are accepted.'),
        port: wholeNumber(0, 65_535).default(8470).describe('0 takes any free port.'),
      })
      .prefault({}),
    log: z
      .strictObject({ level: z.enum(logLevels).default('info').describe('The least that is logged.') })
      .prefault({}),
    pipeline: z
      .strictObject({
        workers: z
          .number()
          .int()
          .default(workerBounds.least)
          .describe(
            `Events described at the same time, ${workerBounds.least}–${workerBounds.most}; what lies outside is clamped with a warning. The environment variable EVENT_WORKER_COUNT wins.`,
          ),
        queue_capacity: wholeNumber(1, 10_000)
          .default(50)
          .describe(
            'Events that may wait for their description; the oldest of the busiest camera gives way.',
          ),
        capture_window_ms: wholeNumber(100, 10_000)
          .default(1200)
          .describe('Milliseconds from the first moving frame to the choice of the picture.'),
        drain_ms: wholeNumber(1000, 30_000)
          .default(30_000)
          .describe('Milliseconds that a shutdown may take.'),
      })
      .prefault({}),
    vision: z
      .strictObject({
        deadline_ms: wholeNumber(1000, 600_000)
          .default(5000)
          .describe('Milliseconds from the frame to its first description.'),
        better_within_ms: wholeNumber(1000, 600_000)
          .default(60_000)
          .describe(
            'Milliseconds from the frame within which a better description may take the place of the local one, when only that one was there in time.',
          ),
        providers: z
          .array(z.looseObject({ type: z.enum(providers.map(({ type }) => type)) }))
          .max(20)
          .optional()
          .describe(
            'Asked in this order. Without the list, every provider whose key stands in the environment, then the local describer.',
          ),
        local_fallback: z
          .boolean()
          .default(true)
          .describe('Puts the local describer behind a list that does not name it.'),
        budget: z
          .strictObject({
            daily_usd: dollars(1).describe('US dollars a day; 0 asks no paid provider.'),
            monthly_usd: dollars(20).describe('US dollars a calendar month.'),
            camera_daily_usd: dollars(null).describe('US dollars a day for the events of one camera.'),
            unpriced_calls_per_day: wholeNumber(0, 1_000_000)
              .nullable()
              .default(200)
              .describe('Calls a day of models whose price is not known.'),
            time_zone: z
              .string()
              .refine(isTimeZone, { error: 'expected the IANA name of a time zone, e.g. Europe/Berlin' })
              .optional()
              .describe("Whose midnight ends the day, e.g. `Europe/Berlin`; this machine's unless given."),
          })
          .prefault({}),
        language: z
          .string()
          .trim()
          .regex(/^\p{L}[\p{L}\p{M}\p{N} ().-]{1,39}$/u, {
            error: 'expected the name of a language, e.g. German or pt-BR',
          })
          .default('English')
          .describe('Of the descriptions; the local describer speaks English only.'),
        frames: wholeNumber(1, 6)
          .default(3)
          .describe('Pictures of an event that are sent at most, beside a crop of the subject.'),
        hedging: z
          .boolean()
          .default(false)
          .describe(
            'Asks the next provider too when one is slower than in 95 of 100 cases: faster, but both may be billed.',
          ),
        reuse_minutes: wholeNumber(0, 60)
          .default(5)
          .describe(
            'A picture that hardly differs from one of the same camera so recently gets its description, for nothing; 0 never does.',
          ),
        backfill: z
          .boolean()
          .default(true)
          .describe('Describes what failed or was skipped later, newest first, when nothing else waits.'),
      })
      .prefault({}),
    media: z
      .strictObject({
        streams_per_host: wholeNumber(1, 16)
          .default(8)
          .describe(
            'Cameras decoded by one process: fewer are safer, more need less memory (a process takes some 45 MB).',
          ),
      })
      .prefault({}),
    notifications: z
      .strictObject({
        lost_after: wholeNumber(0, 86_400)
          .default(60)
          .describe(
            'Seconds after which you are told that a camera is lost, and later that it is back; 0 never.',
          ),
        conditions: z
          .array(z.enum(['dark', 'covered', 'defocused']))
          .default(['dark', 'covered', 'defocused'])
          .describe(
            'What you are told of pictures: `dark` that came suddenly (indoors, a lamp that is switched off does that too: leave it out there), `covered`, `defocused`.',
          ),
      })
      .prefault({}),
    cameras: z
      .array(createCameraSchema(adapters))
      .superRefine(refuseRepeatedNames, { when: ({ value }) => Array.isArray(value) })
      .default([]),
    retention: z
      .strictObject({
        days: keptDays(30).describe('Days that events are kept; 0, or nothing behind the colon, for ever.'),
        starred_days: keptDays(0).describe('The same for events with a star.'),
        max_gb: z
          .number()
          .min(0)
          .max(1_000_000)
          .nullable()
          .optional()
          .describe(
            'Room for pictures, clips and the database, in GB (1,000,000,000 bytes): above it the oldest events go, starred ones never. ' +
              '0, or nothing behind the colon, for no cap; without the key 80 % of what was free at the first start.',
          ),
        time: timeOfDay('03:30').describe('When it is done, every night, in local time.'),
      })
      .prefault({}),
    backup: z
      .strictObject({
        folder: z
          .string()
          .min(1)
          .optional()
          .describe('Where a backup is put every day, best on another disk; without it none is made.'),
        time: timeOfDay('04:30').describe('When it is made, in local time.'),
        keep: wholeNumber(1, 1000).default(7).describe('So many are kept, the newest.'),
        with_secret_key: z
          .boolean()
          .default(false)
          .describe('Puts the key of the stored passwords in: whoever has the backup has them then.'),
      })
      .prefault({}),
    webhooks: z
      .array(webhook)
      .superRefine(refuseRepeatedNames, { when: ({ value }) => Array.isArray(value) })
      .default([]),
  });
}

export type ConfigSchema = ReturnType<typeof createConfigSchema>;
export type ConfigDocument = z.output<ConfigSchema>;

function isWebAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, username, password } = new URL(address);
  return /^https?:$/.test(protocol) && isPercentEncoded(username) && isPercentEncoded(password);
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function refuseRepeatedNames(entries: readonly unknown[], context: z.RefinementCtx): void {
  const firstWith = new Map<string, number>();
  for (const [index, entry] of entries.entries()) {
    if (typeof entry !== 'object' || entry === null || !('name' in entry)) continue;
    if (typeof entry.name !== 'string') continue;
    const shown = entry.name.trim();
    const first = firstWith.get(shown);
    if (first === undefined) firstWith.set(shown, index);
    else {
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: `received "${shown}", which is the name of number ${first + 1} already; expected a name of its own`,
      });
    }
  }
}
