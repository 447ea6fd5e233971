/** US dollars to a billionth, as the ledger counts them: `0.00022970000000000003` is noise. */
export function toWireUsd(usd: number | null): number | null {
  return usd === null ? null : Math.round(usd * 1e9) / 1e9;
}
