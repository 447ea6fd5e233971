import type { AiServices } from '../../src/api/ai-services.ts';
import { createBudgetSettings } from '../../src/app/budget-settings.ts';
import { providerAdapters } from '../../src/app/builtins.ts';
import { createProviderService } from '../../src/app/provider-service.ts';
import { createMembers, createProviderSettings } from '../../src/app/provider-settings.ts';
import { createReloadableChain, type ReloadableChain } from '../../src/app/reloadable-chain.ts';
import { resolveProviders } from '../../src/config/provider-list.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { Logger } from '../../src/core/log.ts';
import type { ObjectDetector } from '../../src/core/object-detector.ts';
import type { Store } from '../../src/store/event-store.ts';
import type { Budget } from '../../src/store/spending.ts';
import { createChain } from '../../src/vision/chain.ts';
import type { ProviderEntry } from '../../src/vision/provider-adapter.ts';

export interface AiRigOptions {
  /** As in the configuration file; `undefined` when it lists none. */
  readonly listed?: readonly ProviderEntry[];
  readonly env?: Readonly<Record<string, string>>;
  /** As in the configuration file; `undefined` when it sets none. */
  readonly budget?: Budget;
}

export interface AiRig extends AiServices, AsyncDisposable {
  readonly chain: ReloadableChain;
}

/** Sees nobody. */
export const blindDetector: ObjectDetector = {
  model: 'blind',
  detect: () => Promise.resolve([]),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

const defaultBudget: Budget = {
  dailyUsd: 1,
  monthlyUsd: 20,
  cameraDailyUsd: null,
  unpricedCallsPerDay: 200,
  timeZone: 'UTC',
};

/** Providers and budget as the application has them, over a real store; only the detector sees nothing. */
export async function createAiRig(
  { store, clock, log }: { readonly store: Store; readonly clock: Clock; readonly log: Logger },
  { listed, env = {}, budget }: AiRigOptions = {},
): Promise<AiRig> {
  const adapters = providerAdapters;
  const context = { clock, detector: blindDetector };
  const settings = await createProviderSettings({
    configured: resolveProviders(listed, adapters, env, { hasLocalFallback: true, pictures: 3 }),
    isListedInFile: listed !== undefined,
    pictures: 3,
    adapters,
    env,
    store,
    log,
  });
  const stop = new AbortController();
  const chain = createReloadableChain(
    () =>
      createChain({
        providers: createMembers(settings.current(), adapters, context),
        clock,
        ledger: store.spending,
        deadlineMs: 5000,
        log,
      }),
    log,
  );
  return {
    chain,
    providers: createProviderService({
      settings,
      chain,
      adapters,
      context,
      ledger: store.spending,
      stop: stop.signal,
    }),
    budget: await createBudgetSettings({
      configured: budget ?? defaultBudget,
      isSetInFile: budget !== undefined,
      store,
      log,
    }),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await chain[Symbol.asyncDispose]();
    },
  };
}
