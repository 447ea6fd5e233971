import { readFile, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { toClip, toOnvif, toSchedule } from '../core/camera-settings-wire.ts';
import { AppError, messageOf } from '../core/errors.ts';
import { assertLoopback } from '../core/loopback.ts';
import { parseTimeOfDay } from '../core/time-of-day.ts';
import { resolveCameraAddress, type AddressAdapter } from './camera-address.ts';
import { parseCameraFlag } from './camera-flag.ts';
import { problemsOf, schemaTree, showPath, type ConfigProblem } from './config-problems.ts';
import { createConfigSchema, type Config, type ConfigDocument, type ConfigSchema } from './config-schema.ts';
import { substituteEnvironment, type DocumentPath } from './env-substitution.ts';
import { providerProblems, resolveProviders, type ProviderSchema } from './provider-list.ts';
import { chooseWorkerCount } from './worker-count.ts';
import { readYaml, type YamlPosition } from './yaml-document.ts';

/** What stands on the command line; each wins over the file. */
export interface ConfigOverrides {
  readonly dataDir?: string;
  readonly host?: string;
  readonly port?: string;
  /** `NAME=URL`; added to the cameras of the file. */
  readonly cameras?: readonly string[];
}

export interface LoadConfigOptions {
  readonly adapters: readonly AddressAdapter[];
  /** The kinds of vision provider, in their default order. */
  readonly providerAdapters?: readonly ProviderSchema[];
  /** YAML; without one everything is at its default. */
  readonly file?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly overrides?: ConfigOverrides;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly string[];
}

/** One entry of the error's `details`. */
export interface ConfigProblemDetail {
  readonly path: string;
  readonly message: string;
  /** From 1; `null` where the place is not in the file. */
  readonly line: number | null;
  readonly column: number | null;
}

const largestFileBytes = 1024 * 1024;

/**
 * @throws AppError `CONFIG_INVALID` with every problem at once, one `ConfigProblemDetail` each; `ADDRESS_REFUSED` for a
 *   host that other machines can reach
 */
export async function loadConfig(options: LoadConfigOptions): Promise<LoadedConfig> {
  const text = options.file === undefined ? '' : await readConfigFile(options.file);
  return parseConfig(text, options);
}

/** `loadConfig` for a text at hand; `file` only names it in messages. */
export function parseConfig(
  text: string,
  { adapters, providerAdapters = [], file, env, overrides = {} }: LoadConfigOptions,
): LoadedConfig {
  const yaml = readYaml(text);
  const title = file === undefined ? 'the command line' : basename(file);
  if (yaml.kind === 'problems') {
    throw invalid(
      title,
      yaml.problems.map(({ message, position }) => ({
        path: '',
        message,
        line: position.line,
        column: position.column,
      })),
    );
  }
  const schema = createConfigSchema(adapters, providerAdapters);
  const written = withoutEmptySections(yaml.value, schema);
  const substituted = substituteEnvironment(written, env);
  const merged = applyOverrides(substituted.document, overrides);
  const parsed = schema.safeParse(merged.document);
  const isUnset = (path: DocumentPath): boolean =>
    substituted.problems.some((unset) => showPath(unset.path) === showPath(path));
  // What is received is shown as it is written, `${VARIABLE}` and all: a value from the environment may be a secret.
  const shown = applyOverrides(written, overrides).document;
  const problems: ConfigProblem[] = [
    ...substituted.problems,
    ...(parsed.success
      ? []
      : problemsOf(parsed.error.issues, shown, schemaTree(schema)).filter(({ path }) => !isUnset(path))),
    ...providerProblems(
      visionIn(merged.document)['providers'],
      visionIn(shown)['providers'],
      providerAdapters,
      visionIn(merged.document)['local_fallback'] !== false,
    ).filter(({ path }) => !isUnset(path)),
  ];
  if (problems.length > 0 || merged.problems.length > 0 || !parsed.success) {
    const located = problems.map((problem) => locate(problem, merged.sourceOf, yaml.positionOf));
    throw invalid(title, [...located, ...merged.problems]);
  }
  assertLoopback(parsed.data.server.host, 'server.host');
  const isBudgetInFile = visionIn(merged.document)['budget'] !== undefined;
  return toConfig(parsed.data, adapters, providerAdapters, env, isBudgetInFile);
}

async function readConfigFile(file: string): Promise<string> {
  const refuse = (reason: string, cause?: unknown): AppError =>
    new AppError('CONFIG_INVALID', `configuration ${file}: ${reason}`, {
      details: [{ path: '', message: reason, line: null, column: null } satisfies ConfigProblemDetail],
      ...(cause === undefined ? {} : { cause }),
    });
  let bytes: Uint8Array;
  try {
    const stats = await stat(file);
    if (stats.isDirectory()) throw refuse('this is a folder; expected a YAML file');
    if (stats.size > largestFileBytes) {
      throw refuse(
        `received ${stats.size} bytes, expected ${largestFileBytes} at most; is this the right file?`,
      );
    }
    bytes = await readFile(file);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') throw refuse('there is no such file; check the path given by --config', error);
    if (code === 'EACCES') throw refuse('no permission to read it; check its owner and mode', error);
    throw refuse(`it can't be read: ${messageOf(error)}`, error);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw refuse('this is not UTF-8 text; expected a YAML file', error);
  }
}

/** A section whose lines are all commented out is `null` in YAML, and means the defaults; so does an empty file. */
function withoutEmptySections(document: unknown, schema: ConfigSchema): unknown {
  if (document === null) return {};
  if (!isSection(document)) return document;
  return Object.fromEntries(
    Object.entries(document).filter(([key, value]) => value !== null || !Object.hasOwn(schema.shape, key)),
  );
}

interface Merged {
  readonly document: unknown;
  /** Flags that can't be read. */
  readonly problems: readonly ConfigProblemDetail[];
  /** Which flag the value at this path came from, and the rest of the path below it. */
  readonly sourceOf: (
    path: DocumentPath,
  ) => { readonly flag: string; readonly rest: DocumentPath } | undefined;
}

function applyOverrides(document: unknown, { dataDir, host, port, cameras = [] }: ConfigOverrides): Merged {
  const problems: ConfigProblemDetail[] = [];
  const added: { name: string; url: string }[] = [];
  for (const text of cameras) {
    try {
      added.push(parseCameraFlag(text));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      problems.push({
        path: '--camera',
        message: error.message.replace('--camera: ', ''),
        line: null,
        column: null,
      });
    }
  }
  const fromFile = isSection(document) && Array.isArray(document['cameras']) ? document['cameras'].length : 0;
  return {
    document: isSection(document) ? mergedSection(document) : document,
    problems,
    sourceOf: (path) => {
      const [first, second] = path;
      if (first === 'data_dir' && dataDir !== undefined) return { flag: '--data', rest: [] };
      if (first === 'server' && second === 'host' && host !== undefined) return { flag: '--host', rest: [] };
      if (first === 'server' && second === 'port' && port !== undefined) return { flag: '--port', rest: [] };
      if (first !== 'cameras' || typeof second !== 'number') return undefined;
      const camera = added[second - fromFile];
      return camera === undefined ? undefined : { flag: `--camera ${camera.name}`, rest: path.slice(2) };
    },
  };

  function mergedSection(sections: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const result: Record<string, unknown> = { ...sections };
    if (dataDir !== undefined) result['data_dir'] = dataDir;
    const server = sections['server'] ?? {};
    if (isSection(server) && (host !== undefined || port !== undefined)) {
      result['server'] = {
        ...server,
        ...(host === undefined ? {} : { host }),
        ...(port === undefined ? {} : { port: /^\d+$/.test(port) ? Number(port) : port }),
      };
    }
    const listed = sections['cameras'] ?? [];
    if (Array.isArray(listed) && added.length > 0) result['cameras'] = [...(listed as unknown[]), ...added];
    return result;
  }
}

function locate(
  { path, message }: ConfigProblem,
  sourceOf: Merged['sourceOf'],
  positionOf: (path: DocumentPath) => YamlPosition | undefined,
): ConfigProblemDetail {
  const source = sourceOf(path);
  if (source !== undefined) {
    const rest = source.rest.length === 0 ? '' : ` (${showPath(source.rest)})`;
    return { path: `${source.flag}${rest}`, message, line: null, column: null };
  }
  const position = positionOf(path);
  return { path: showPath(path), message, line: position?.line ?? null, column: position?.column ?? null };
}

function invalid(title: string, details: readonly ConfigProblemDetail[]): AppError {
  const lines = details.map(({ path, message, line, column }) => {
    const place = line === null ? '' : ` (line ${line}, column ${column})`;
    return path === '' ? `line ${line}, column ${column}: ${message}` : `${path}: ${message}${place}`;
  });
  const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`;
  return new AppError('CONFIG_INVALID', [`configuration from ${title}: ${count}`, ...lines].join('\n  '), {
    details,
  });
}

/** The one place where the names of the file become those of the code. */
function toConfig(
  document: ConfigDocument,
  adapters: readonly AddressAdapter[],
  providerAdapters: readonly ProviderSchema[],
  env: LoadConfigOptions['env'],
  isBudgetInFile: boolean,
): LoadedConfig {
  const { pipeline, vision } = document;
  const { workers, warnings } = chooseWorkerCount(pipeline.workers, env['EVENT_WORKER_COUNT']);
  const config: Config = {
    dataDir: resolve(document.data_dir),
    server: document.server,
    log: document.log,
    pipeline: {
      workers,
      queueCapacity: pipeline.queue_capacity,
      captureWindowMs: pipeline.capture_window_ms,
      drainMs: pipeline.drain_ms,
    },
    vision: {
      deadlineMs: vision.deadline_ms,
      betterWithinMs: vision.better_within_ms,
      isListedInFile: vision.providers !== undefined,
      pictures: vision.frames,
      providers: resolveProviders(vision.providers, providerAdapters, env, {
        hasLocalFallback: vision.local_fallback,
        pictures: vision.frames,
      }),
      budget: {
        dailyUsd: vision.budget.daily_usd,
        monthlyUsd: vision.budget.monthly_usd,
        cameraDailyUsd: vision.budget.camera_daily_usd,
        unpricedCallsPerDay: vision.budget.unpriced_calls_per_day,
        timeZone: vision.budget.time_zone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone,
      },
      isBudgetInFile,
      isHedging: vision.hedging,
      language: vision.language,
      reuseMinutes: vision.reuse_minutes,
      isBackfilling: vision.backfill,
    },
    media: { streamsPerHost: document.media.streams_per_host },
    notifications: {
      lostAfterMs: document.notifications.lost_after === 0 ? null : document.notifications.lost_after * 1000,
      conditions: document.notifications.conditions,
    },
    cameras: document.cameras.map((camera) => {
      const result = resolveCameraAddress(camera, adapters);
      if (result.kind === 'problem')
        throw new AppError('INTERNAL', `camera ${camera.name}: ${result.message}`);
      return {
        name: camera.name,
        ...result.address,
        frameRate: camera.frame_rate,
        isEnabled: camera.is_enabled,
        motionSensitivity: camera.motion_sensitivity,
        motionCooldown: camera.motion_cooldown,
        isLocalOnly: camera.privacy.local_only,
        promptAddition: camera.vision.prompt_addition ?? null,
        maxEventsPerHour: camera.vision.max_events_per_hour ?? null,
        zones: camera.zones,
        schedule: camera.schedule === null ? null : toSchedule(camera.schedule),
        privacyMasks: camera.privacy.masks,
        clip: toClip(camera.clip),
        onvif: toOnvif(camera.onvif),
        decode: camera.decode,
        labels: camera.labels,
        retentionDays: camera.retention_days ?? null,
      };
    }),
    retention: toRetention(document.retention),
    backup: toBackup(document.backup),
    webhooks: document.webhooks.map(({ name, url, secret }) => ({ name, url, secret: secret ?? null })),
  };
  return { config, warnings };
}

function toRetention(section: ConfigDocument['retention']): Config['retention'] {
  const { days, starred_days: starredDays, max_gb: maxGb, time } = section;
  return {
    days: days ?? 0,
    starredDays: starredDays ?? 0,
    maxBytes: maxGb === undefined ? undefined : bytesOf(maxGb),
    time: parseTimeOfDay(time),
  };
}

function toBackup(section: ConfigDocument['backup']): Config['backup'] {
  const { folder, time, keep, with_secret_key: withSecretKey } = section;
  return folder === undefined
    ? null
    : { folder: resolve(folder), time: parseTimeOfDay(time), keep, withSecretKey };
}

/** `null` for no cap. */
function bytesOf(gigabytes: number | null): number | null {
  return gigabytes === null || gigabytes === 0 ? null : Math.round(gigabytes * 1e9);
}

function visionIn(document: unknown): Readonly<Record<string, unknown>> {
  const vision = isSection(document) ? document['vision'] : undefined;
  return isSection(vision) ? vision : {};
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
