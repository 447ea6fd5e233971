import type { ProviderAttempt } from '../core/vision.ts';

export interface SpendRequest {
  readonly provider: string;
  readonly model: string | null;
  readonly eventId: string;
  readonly cameraId: string;
  /** The most that the call can cost, US dollars; `null` when the price is not known. */
  readonly estimateUsd: number | null;
}

export type Reservation =
  | { readonly kind: 'reserved'; readonly id: string }
  /** A cap would be passed; free providers may still be asked. */
  | {
      readonly kind: 'over_budget';
      readonly cap: 'daily' | 'monthly' | 'camera';
      readonly spentUsd: number;
      readonly capUsd: number;
    };

/**
 * Keeps the money (guarantee 9). The caps are checked and the estimate is reserved in one transaction before the call;
 * afterwards the reservation becomes what the call really cost. A reservation that a crash left open counts in full.
 */
export interface SpendLedger {
  reserve(request: SpendRequest): Promise<Reservation>;
  /** The call is over, whichever way: one row in the ledger with its outcome. */
  settle(reservationId: string, attempt: ProviderAttempt): Promise<void>;
}
