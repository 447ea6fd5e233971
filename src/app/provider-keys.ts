import { AppError } from '../core/errors.ts';
import type { SecretStore } from '../store/secret-store.ts';

const prefix = 'vision.';
const suffix = '.api_key';

export type SavedKey =
  | { readonly kind: 'key'; readonly value: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** The keys of providers among the secrets, by the name of the provider. */
export interface ProviderKeys {
  read(provider: string): Promise<SavedKey>;
  write(provider: string, key: string): Promise<void>;
  /** Deletes the keys of all others. */
  keepOnly(providers: readonly string[]): Promise<void>;
}

export function createProviderKeys(secrets: SecretStore): ProviderKeys {
  return {
    read: async (provider) => {
      try {
        const value = await secrets.get(secretName(provider));
        return value === undefined ? { kind: 'none' } : { kind: 'key', value };
      } catch (error) {
        // The service runs without it; whoever looks at the list is told.
        if (error instanceof AppError && error.code === 'SECRET_UNREADABLE') {
          return { kind: 'unreadable', reason: error.message };
        }
        throw error;
      }
    },
    write: (provider, key) => secrets.set(secretName(provider), key),
    keepOnly: async (providers) => {
      const kept = new Set(providers.map(secretName));
      for (const { name } of await secrets.list()) {
        if (name.startsWith(prefix) && name.endsWith(suffix) && !kept.has(name)) await secrets.delete(name);
      }
    },
  };
}

function secretName(provider: string): string {
  return `${prefix}${provider}${suffix}`;
}

/** Four characters of a shorter one would tell too much of it. */
const shortestWithLast4 = 12;

/** How a key is shown, for recognising it. */
export function maskKey(key: string | null): string | null {
  if (key === null) return null;
  return key.length < shortestWithLast4 ? '****' : `****${key.slice(-4)}`;
}
