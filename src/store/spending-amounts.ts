import { AppError } from '../core/errors.ts';

/** Amounts are counted in whole billionths of a dollar, so that sums are exact. */
const nanoPerUsd = 1e9;

/** Rounded up: what is reserved is never less than what may be spent. */
export function toEstimate(usd: number | null): number | null {
  if (usd === null) return null;
  if (!(Number.isFinite(usd) && usd >= 0)) {
    throw new AppError(
      'VALIDATION_FAILED',
      `The estimate of a call is ${usd}; expected US dollars, 0 or more, or null when the price is not known.`,
    );
  }
  // 0.1 + 0.2 is a hair above 0.3: noise of binary fractions must not become a billionth.
  return Math.ceil(Number((usd * nanoPerUsd).toFixed(3)));
}

/** `null` for what is no amount. */
export function toCost(usd: number | null): number | null {
  return usd !== null && Number.isFinite(usd) && usd >= 0 ? toNano(usd) : null;
}

export function toNano(usd: number): number {
  return Math.round(usd * nanoPerUsd);
}

export function toUsd(nano: number): number {
  return nano / nanoPerUsd;
}

/** At least two places, and as many as small amounts need. */
export function dollars(nano: number): string {
  const places = nano > 0 && nano < nanoPerUsd ? 4 : 2;
  return `$${toUsd(nano).toFixed(places)}`;
}
