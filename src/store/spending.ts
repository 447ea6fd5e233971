import type { ProviderAttempt } from '../core/vision.ts';

/** What may be spent. `null` is no limit, 0 nothing at all. */
export interface Budget {
  /** US dollars of a calendar day. */
  readonly dailyUsd: number | null;
  /** US dollars of a calendar month. */
  readonly monthlyUsd: number | null;
  /** US dollars of a calendar day, for the events of one camera. */
  readonly cameraDailyUsd: number | null;
  /** Calls a day of models whose price is not known: their money can't be counted. */
  readonly unpricedCallsPerDay: number | null;
  /** IANA name of the zone whose midnight ends the day. */
  readonly timeZone: string;
}

export const unlimitedBudget: Budget = {
  dailyUsd: null,
  monthlyUsd: null,
  cameraDailyUsd: null,
  unpricedCallsPerDay: null,
  timeZone: 'UTC',
};

export interface SpendRequest {
  readonly provider: string;
  readonly model: string | null;
  readonly eventId: string;
  readonly cameraId: string;
  /**
   * The most that the call can cost, US dollars; `null` when the price is not known. 0 is free: never refused, and
   * written down like any other call.
   */
  readonly estimateUsd: number | null;
}

export type Reservation =
  | { readonly kind: 'reserved'; readonly id: string }
  | {
      readonly kind: 'over_budget';
      /** `camera` stands for the limits of one camera, `daily` for those of calls without a price too. */
      readonly cap: 'daily' | 'monthly' | 'camera';
      /** With what open reservations may still cost. */
      readonly spentUsd: number;
      /** Where it is not money that is limited, what was spent: nothing more may be. */
      readonly capUsd: number;
      /** Which limit it is, how far it is used up, and where it is set. */
      readonly message: string;
    };

/** A share of a cap was passed. Comes once for each share, period and cap. */
export interface SpendAlert {
  readonly period: 'day' | 'month';
  /** `YYYY-MM-DD` or `YYYY-MM`. */
  readonly name: string;
  /** 100: calls are refused from now on, until the period ends. */
  readonly percent: 50 | 80 | 100;
  readonly spentUsd: number;
  readonly capUsd: number;
}

export interface SpendPeriod {
  /** `YYYY-MM-DD` or `YYYY-MM`. */
  readonly name: string;
  readonly spentUsd: number;
  /** What calls that have not ended may still cost. */
  readonly reservedUsd: number;
  readonly capUsd: number | null;
  /** Never below 0; `null` without a cap. */
  readonly remainingUsd: number | null;
  readonly calls: number;
  /** Calls among them whose cost is not known. */
  readonly unpricedCalls: number;
}

export interface SpendSummary {
  readonly timeZone: string;
  readonly today: SpendPeriod;
  readonly thisMonth: SpendPeriod;
}

/** What was asked of one provider on one day. */
export interface UsageDay {
  /** `YYYY-MM-DD` in the zone of the budget as it was then. */
  readonly day: string;
  readonly provider: string;
  readonly calls: number;
  /** Calls among them that gave a description. */
  readonly described: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the calls whose cost is known. */
  readonly costUsd: number;
  readonly unpricedCalls: number;
}

export type UsageTotal = Omit<UsageDay, 'day' | 'provider'>;

export interface UsageReport {
  /** Newest first, then by provider. */
  readonly days: readonly UsageDay[];
  readonly total: UsageTotal;
}

/**
 * The ledger of what was asked of providers. The caps are checked and the estimate is reserved in one transaction before
 * the call; afterwards the reservation becomes what the call cost. One that a crash left open counts in full until it
 * is a day old.
 */
export interface Spending {
  /** Holds for the reservations from now on; unlimited before the first call. Throws `VALIDATION_FAILED`. */
  setBudget(budget: Budget): void;
  reserve(request: SpendRequest): Promise<Reservation>;
  /**
   * The call is over, whichever way: one row in the ledger with its outcome. A cost that is not known is the estimate.
   * Settling twice is settling once.
   */
  settle(reservationId: string, attempt: ProviderAttempt): Promise<void>;
  /** What is spent and left, today and this month. */
  summary(): Promise<SpendSummary>;
  /** @param days the span, `YYYY-MM-DD`, both inclusive; all that is known unless given */
  usage(days?: { readonly from?: string; readonly to?: string }): Promise<UsageReport>;
}

/** What crosses to the worker thread. */
export interface SpendingCalls {
  reserve(
    budget: Budget,
    request: SpendRequest,
  ): Promise<{ readonly reservation: Reservation; readonly alerts: readonly SpendAlert[] }>;
  settle(budget: Budget, reservationId: string, attempt: ProviderAttempt): Promise<readonly SpendAlert[]>;
  summary(budget: Budget): Promise<SpendSummary>;
  usage(days: { readonly from?: string; readonly to?: string }): Promise<UsageReport>;
}
