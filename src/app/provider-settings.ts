import { validationError } from '../api/validation.ts';
import type { ProviderChange, ProviderOrigin } from '../api/ai-services.ts';
import { AppError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { Store } from '../store/event-store.ts';
import {
  settingsOf,
  type ProviderAdapter,
  type ProviderContext,
  type ProviderEntry,
  type ProviderSettings,
} from '../vision/provider-adapter.ts';
import type { ChainMember } from '../vision/vision-provider.ts';
import { createProviderKeys } from './provider-keys.ts';

/** Name of the setting that holds the saved list: entries in the words of the wire, without their keys. */
const settingName = 'vision.providers';

export interface ProviderSetup {
  readonly settings: ProviderSettings;
  readonly keyOrigin: ProviderOrigin | null;
}

export interface ProviderSettingsOptions {
  /** `config.vision.providers`: those of the file, or else those whose keys stand in the environment. */
  readonly configured: readonly ProviderSettings[];
  /** The file lists providers: then they are changed there only. */
  readonly isListedInFile: boolean;
  /** `vision.frames`, for saved providers that do not say how many pictures they get. */
  readonly pictures: number;
  readonly adapters: readonly ProviderAdapter[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly store: Pick<Store, 'settings' | 'secrets'>;
  readonly log: Logger;
}

/** Which providers are asked: those of the configuration file, else those saved over the API, else by the environment. */
export interface ProviderSettingsSource {
  readonly origin: ProviderOrigin;
  readonly isReadOnly: boolean;
  /** What is saved and can't be used. */
  readonly problems: readonly string[];
  /** In the order in which they are asked. */
  current(): readonly ProviderSetup[];
  /**
   * Saves the list. A key that is left out stays as long as its provider's address does.
   *
   * @throws AppError `PROVIDERS_IN_CONFIG`, `VALIDATION_FAILED`, `STORE_UNAVAILABLE`
   */
  replace(changes: readonly ProviderChange[]): Promise<void>;
}

export async function createProviderSettings(
  options: ProviderSettingsOptions,
): Promise<ProviderSettingsSource> {
  const { configured, isListedInFile, adapters, env, store, log } = options;
  const keys = createProviderKeys(store.secrets);
  /** One list is saved after the other. */
  let saving: Promise<unknown> = Promise.resolve();
  let inForce: Loaded = isListedInFile
    ? { origin: 'config', setups: configured.map(configuredSetup), problems: [] }
    : ((await load()) ?? {
        origin: 'environment',
        setups: configured.map(configuredSetup),
        problems: [],
      });
  for (const problem of inForce.problems) log.warn({ problem }, 'a saved vision provider can not be used');

  function environmentKey(type: string): string | null {
    const variable = adapters.find((adapter) => adapter.type === type)?.keyVariable ?? null;
    const key = variable === null ? '' : (env[variable]?.trim() ?? '');
    return key === '' ? null : key;
  }

  function configuredSetup(settings: ProviderSettings): ProviderSetup {
    if (settings.apiKey === null) return { settings, keyOrigin: null };
    const isFromEnvironment = settings.apiKey === environmentKey(settings.type);
    return { settings, keyOrigin: isFromEnvironment ? 'environment' : 'config' };
  }

  function savedSetup(entry: ProviderEntry, savedKey: string | null): ProviderSetup {
    // The key of the environment goes to the maker's own address only, not wherever a request says.
    const fromEnvironment = entry.base_url === undefined ? environmentKey(entry.type) : null;
    const apiKey = savedKey ?? fromEnvironment;
    const settings = settingsOf({
      ...entry,
      api_key: apiKey ?? undefined,
      pictures: entry.pictures ?? options.pictures,
    });
    const keyOrigin = savedKey !== null ? 'saved' : fromEnvironment !== null ? 'environment' : null;
    return { settings, keyOrigin };
  }

  /** `undefined` when no list is saved, or nothing of it can be used. */
  async function load(): Promise<Loaded | undefined> {
    const saved = await store.settings.get(settingName);
    if (saved === undefined) return undefined;
    const problems: string[] = [];
    const setups: ProviderSetup[] = [];
    for (const [index, entry] of (Array.isArray(saved) ? saved : [saved]).entries()) {
      const read = readEntry(entry, adapters);
      if (read === undefined) {
        problems.push(`Provider ${index + 1} of the saved list is not understood: save the list again.`);
        continue;
      }
      const key = await keys.read(nameOf(read));
      if (key.kind === 'unreadable') {
        problems.push(`The saved key of "${nameOf(read)}" can't be opened: enter it again. ${key.reason}`);
      }
      setups.push(savedSetup(read, key.kind === 'key' ? key.value : null));
    }
    if (setups.length > 0) return { origin: 'saved', setups, problems };
    return { origin: 'environment', setups: configured.map(configuredSetup), problems };
  }

  async function save(changes: readonly ProviderChange[]): Promise<void> {
    refuseRepeatedNames(changes);
    const planned = changes.map(({ entry, apiKey }, index) => {
      const former = inForce.setups.find(({ settings }) => settings.name === nameOf(entry));
      return { entry, key: plannedKey(entry, apiKey, former, index) };
    });
    const names = planned.map(({ entry }) => nameOf(entry));
    // A key that is stored before the list that needs it harms nobody; a list without its keys would.
    for (const { entry, key } of planned) if (key !== null) await keys.write(nameOf(entry), key);
    await store.settings.set(
      settingName,
      planned.map(({ entry }) => entry),
    );
    inForce = {
      origin: 'saved',
      setups: planned.map(({ entry, key }) => savedSetup(entry, key)),
      problems: [],
    };
    log.info({ providers: names }, 'the vision providers were changed');
    await keys.keepOnly(planned.flatMap(({ entry, key }) => (key === null ? [] : [nameOf(entry)])));
  }

  return {
    get origin() {
      return inForce.origin;
    },
    isReadOnly: isListedInFile,
    get problems() {
      return inForce.problems;
    },
    current: () => inForce.setups,
    replace: async (changes) => {
      if (isListedInFile) {
        throw new AppError(
          'PROVIDERS_IN_CONFIG',
          'The configuration file lists the providers (vision.providers): change them there and restart, or take the list out of the file.',
        );
      }
      const before = saving;
      const mine = (async () => {
        await before;
        await save(changes);
      })();
      // Whoever comes next waits for this one, however it ends.
      saving = mine.catch(() => undefined);
      await mine;
    },
  };
}

interface Loaded {
  readonly origin: ProviderOrigin;
  readonly setups: readonly ProviderSetup[];
  readonly problems: readonly string[];
}

/** The providers as the chain takes them. */
export function createMembers(
  setups: readonly ProviderSetup[],
  adapters: readonly ProviderAdapter[],
  context: ProviderContext,
): ChainMember[] {
  return setups.flatMap(({ settings }) => {
    const adapter = adapters.find(({ type }) => type === settings.type);
    return adapter === undefined ? [] : [adapter.create(settings, context)];
  });
}

function nameOf({ name, type }: Pick<ProviderEntry, 'name' | 'type'>): string {
  return name ?? type;
}

function readEntry(entry: unknown, adapters: readonly ProviderAdapter[]): ProviderEntry | undefined {
  for (const { schema } of adapters) {
    const parsed = schema.safeParse(entry);
    if (parsed.success) return parsed.data;
  }
  return undefined;
}

/**
 * The key that is to be saved for a provider. One that was saved before goes nowhere else than before: who may change
 * the list must not learn it by naming an address of their own.
 */
function plannedKey(
  entry: Pick<ProviderEntry, 'type' | 'base_url'>,
  given: string | null | undefined,
  former: ProviderSetup | undefined,
  index: number,
): string | null {
  if (given !== undefined) return given;
  if (former === undefined || former.keyOrigin !== 'saved') return null;
  const { type, baseUrl, apiKey } = former.settings;
  if (type === entry.type && baseUrl === (entry.base_url ?? null)) return apiKey;
  throw validationError([
    {
      in: 'body',
      path: `providers[${index}].api_key`,
      received: 'nothing',
      expected: 'the key again (or null for none), as type or base_url of the provider are others now',
    },
  ]);
}

function refuseRepeatedNames(changes: readonly ProviderChange[]): void {
  const names = changes.map(({ entry }) => nameOf(entry));
  const repeated = names.flatMap((name, index) => {
    const first = names.indexOf(name);
    return first === index ? [] : [{ index, first, name }];
  });
  if (repeated.length === 0) return;
  throw validationError(
    repeated.map(({ index, first, name }) => ({
      in: 'body',
      path: `providers[${index}].name`,
      received: JSON.stringify(name),
      expected: `a name of its own: it is that of providers[${first}] (without a name, the type is the name)`,
    })),
  );
}
