import type { Budget } from '../store/spending.ts';
import type { ProviderState } from '../vision/describe-chain.ts';
import type { ProviderAdapter, ProviderEntry, ProviderSettings } from '../vision/provider-adapter.ts';
import type { Description } from '../core/event.ts';
import type { VisionFault } from '../core/vision.ts';

/** Where the list of providers, or a key, comes from. */
export type ProviderOrigin = 'config' | 'environment' | 'saved';

/** A provider without its key, which stays with those who call it. */
export interface ProviderListing extends Omit<ProviderSettings, 'apiKey'> {
  readonly title: string;
  /** `****` with the last four characters of a long one; `null` without a key. */
  readonly maskedKey: string | null;
  readonly keyOrigin: ProviderOrigin | null;
  /** How it has done since the list was last changed. */
  readonly state: ProviderState;
}

export interface ProviderList {
  readonly origin: ProviderOrigin;
  /** In the order in which they are asked. */
  readonly providers: readonly ProviderListing[];
  /** What is saved and can't be used, and what to do. */
  readonly problems: readonly string[];
}

/** One provider of a new list. */
export interface ProviderChange {
  /** Checked by the schema of its adapter; without a key. */
  readonly entry: Omit<ProviderEntry, 'api_key'>;
  /** `undefined`: the one that there is, `null`: none that is saved. */
  readonly apiKey: string | null | undefined;
}

export type ProviderTestResult =
  | { readonly kind: 'described'; readonly latencyMs: number; readonly description: Description }
  | { readonly kind: 'failed'; readonly fault: VisionFault; readonly message: string };

export interface ProviderEstimate {
  readonly name: string;
  readonly model: string | null;
  /** False when a key is needed and there is none. */
  readonly mayBeAsked: boolean;
  /** The most that one event of the usual size costs, US dollars; `null` when the price is not known. */
  readonly usdPerEvent: number | null;
}

export interface ProviderService {
  /** The kinds of provider that can be set up. */
  readonly adapters: readonly Pick<ProviderAdapter, 'type' | 'title' | 'schema' | 'keyVariable'>[];
  list(): ProviderList;
  /**
   * Saves the list and asks by it from now on; calls under way end as they began. Throws `PROVIDERS_IN_CONFIG` when the
   * configuration file has the list, `VALIDATION_FAILED` for one that makes no sense.
   */
  replace(changes: readonly ProviderChange[]): Promise<void>;
  /** Has it describe a built-in picture, alone, within its own time; paid like any call. `undefined` when there is none. */
  test(name: string, signal: AbortSignal): Promise<ProviderTestResult | undefined>;
  /** In the order in which they are asked. Nothing is sent. */
  estimate(): Promise<ProviderEstimate[]>;
}

export interface BudgetService {
  /** The configuration file has it: it is changed there. */
  readonly isReadOnly: boolean;
  current(): Budget;
  /** Holds for every call from now on. Throws `BUDGET_IN_CONFIG`, `VALIDATION_FAILED`. */
  replace(budget: Budget): Promise<void>;
}

/** Who describes, and what it may cost. */
export interface AiServices {
  readonly providers: ProviderService;
  readonly budget: BudgetService;
}
