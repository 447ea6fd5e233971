import type { z } from 'zod';
import { settingsOf, type ProviderEntry, type ProviderSettings } from '../vision/provider-adapter.ts';
import { problemsOf, schemaNodeOf, type ConfigProblem } from './config-problems.ts';

/** What the configuration needs to know of a kind of provider; every `ProviderAdapter` fits. */
export interface ProviderSchema {
  readonly type: string;
  readonly title: string;
  readonly schema: z.ZodType<ProviderEntry>;
  /** The environment variable that may hold its key. */
  readonly keyVariable: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Comes with Vedette; always there, and last, unless the list says otherwise. */
const localType = 'local';

const listPath = ['vision', 'providers'] as const;

/**
 * Checks each entry of the list by the schema of its type; an entry without a known type is left to the schema of the
 * document.
 *
 * @param written the list as it stands in the file, for the messages: values from the environment may be secrets
 */
export function providerProblems(
  list: unknown,
  written: unknown,
  schemas: readonly ProviderSchema[],
  hasLocalFallback: boolean,
): ConfigProblem[] {
  if (!Array.isArray(list)) return [];
  const shown: readonly unknown[] = Array.isArray(written) ? written : [];
  const firstWith = new Map<string, number>();
  const isLocalAdded = hasLocalFallback && list.every((entry) => fieldOf(entry, 'type') !== localType);
  return list.flatMap((entry: unknown, index): ConfigProblem[] => {
    const kind = schemas.find(({ type }) => type === fieldOf(entry, 'type'));
    if (kind === undefined) return [];
    const path = [...listPath, index];
    const parsed = kind.schema.safeParse(entry);
    if (!parsed.success) {
      const problems = problemsOf(parsed.error.issues, shown[index], schemaNodeOf(kind.schema));
      return problems.map(({ path: within, message }) => ({ path: [...path, ...within], message }));
    }
    const name = parsed.data.name ?? kind.type;
    const first = firstWith.get(name);
    if (first === undefined) firstWith.set(name, index);
    const holder =
      first !== undefined
        ? `number ${first + 1} already`
        : isLocalAdded && name === localType
          ? 'the local describer'
          : undefined;
    if (holder === undefined) return [];
    const message = `received "${name}", which is the name of ${holder}; expected a name of its own`;
    return [{ path: [...path, 'name'], message }];
  });
}

/** @param entries checked by `providerProblems`; `undefined` for the default order */
export function resolveProviders(
  entries: readonly unknown[] | undefined,
  schemas: readonly ProviderSchema[],
  env: Environment,
  { hasLocalFallback, pictures }: { readonly hasLocalFallback: boolean; readonly pictures: number },
): ProviderSettings[] {
  const chosen = entries?.flatMap((entry) => parseEntry(entry, schemas)) ?? defaultEntries(schemas, env);
  const isLocalMissing =
    schemas.some(({ type }) => type === localType) && chosen.every(({ type }) => type !== localType);
  const all = isLocalMissing && hasLocalFallback ? [...chosen, { type: localType }] : chosen;
  return all.map((entry) => {
    const variable = schemas.find(({ type }) => type === entry.type)?.keyVariable ?? null;
    const key = entry.api_key ?? (variable === null ? undefined : keyIn(env, variable));
    return settingsOf({ ...entry, api_key: key, pictures: entry.pictures ?? pictures });
  });
}

function parseEntry(entry: unknown, schemas: readonly ProviderSchema[]): ProviderEntry[] {
  const kind = schemas.find(({ type }) => type === fieldOf(entry, 'type'));
  return kind === undefined ? [] : [kind.schema.parse(entry)];
}

/** In the order of the list of adapters. */
function defaultEntries(schemas: readonly ProviderSchema[], env: Environment): ProviderEntry[] {
  return schemas
    .filter(({ keyVariable }) => keyVariable !== null && keyIn(env, keyVariable) !== undefined)
    .map(({ type }) => ({ type }));
}

function keyIn(env: Environment, variable: string): string | undefined {
  const key = env[variable]?.trim() ?? '';
  return key === '' ? undefined : key;
}

function fieldOf(entry: unknown, name: string): unknown {
  if (typeof entry !== 'object' || entry === null) return undefined;
  return Object.entries(entry).find(([key]) => key === name)?.[1];
}
