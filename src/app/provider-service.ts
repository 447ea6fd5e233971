import type {
  ProviderEstimate,
  ProviderList,
  ProviderService,
  ProviderTestResult,
} from '../api/ai-services.ts';
import { AppError } from '../core/errors.ts';
import { createId } from '../core/ids.ts';
import { createChain } from '../vision/chain.ts';
import type { ProviderAdapter, ProviderContext } from '../vision/provider-adapter.ts';
import type { SpendLedger } from '../vision/spend-ledger.ts';
import { VisionError } from '../vision/vision-error.ts';
import type { ChainMember } from '../vision/vision-provider.ts';
import { makeExampleEvent } from './example-event.ts';
import { maskKey } from './provider-keys.ts';
import { createMembers, type ProviderSettingsSource, type ProviderSetup } from './provider-settings.ts';
import type { ReloadableChain } from './reloadable-chain.ts';

/** For making the pictures ready. */
const marginMs = 2000;

export interface ProviderServiceOptions {
  readonly settings: ProviderSettingsSource;
  readonly chain: Pick<ReloadableChain, 'states' | 'reload'>;
  readonly adapters: readonly ProviderAdapter[];
  readonly context: ProviderContext;
  /** Calls for trying out count like all others. */
  readonly ledger: SpendLedger;
  /** Breaks off what is tried out when the application ends. */
  readonly stop: AbortSignal;
}

/** What the API does with the providers: look at them, change them, try one out, and say what they cost. */
export function createProviderService({
  settings,
  chain,
  adapters,
  context,
  ledger,
  stop,
}: ProviderServiceOptions): ProviderService {
  return {
    adapters,
    list: (): ProviderList => {
      const states = chain.states();
      return {
        origin: settings.origin,
        problems: settings.problems,
        providers: settings.current().flatMap(({ settings: { apiKey, ...shown }, keyOrigin }) => {
          const state = states.find(({ name }) => name === shown.name);
          const title = adapters.find(({ type }) => type === shown.type)?.title ?? shown.type;
          return state === undefined
            ? []
            : [{ ...shown, title, maskedKey: maskKey(apiKey), keyOrigin, state }];
        }),
      };
    },
    replace: async (changes) => {
      await settings.replace(changes);
      chain.reload();
    },
    test: async (name, signal) => {
      const setup = settings.current().find((entry) => entry.settings.name === name);
      const [member] = setup === undefined ? [] : createMembers([setup], adapters, context);
      return member === undefined ? undefined : await tryOut(member, AbortSignal.any([signal, stop]));
    },
    estimate: async () => {
      const estimates = await Promise.all(settings.current().map((setup) => estimateOf(setup)));
      return estimates.flat();
    },
  };

  /** A chain of this one alone: its breaker, its key and its time are as they would be, and none of those at work is touched. */
  async function tryOut(member: ChainMember, signal: AbortSignal): Promise<ProviderTestResult> {
    const { clock } = context;
    await using alone = createChain({
      providers: [member],
      clock,
      ledger,
      // Its own limit is to end the call, not the one around it.
      deadlineMs: member.timeoutMs + marginMs,
      reusesDescriptions: false,
    });
    const event = await makeExampleEvent(`test-${createId()}`, 1, clock.now());
    const begin = clock.monotonic();
    try {
      const { first } = await alone.describe(event, signal);
      return { kind: 'described', latencyMs: clock.monotonic() - begin, description: first };
    } catch (error) {
      if (signal.aborted)
        throw new AppError('SHUTTING_DOWN', 'The test was broken off before an answer came.');
      if (!(error instanceof VisionError)) throw error;
      return { kind: 'failed', fault: error.fault, message: error.message };
    }
  }

  async function estimateOf(setup: ProviderSetup): Promise<ProviderEstimate[]> {
    const [member] = createMembers([setup], adapters, context);
    if (member === undefined) return [];
    await using provider = member;
    const { name, model, isFree } = provider;
    const needsKey = adapters.some(({ type, keyVariable }) => type === provider.type && keyVariable !== null);
    const mayBeAsked = !needsKey || setup.settings.apiKey !== null;
    if (isFree) return [{ name, model, mayBeAsked, usdPerEvent: 0 }];
    const event = await makeExampleEvent('estimate', setup.settings.pictures, context.clock.now());
    const { estimateUsd } = await provider.prepare(event, stop);
    return [{ name, model, mayBeAsked, usdPerEvent: estimateUsd }];
  }
}
