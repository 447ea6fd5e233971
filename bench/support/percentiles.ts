/** 50th, 95th and 99th percentile (nearest rank); NaN of nothing. */
export function percentilesOf(values: readonly number[]): [p50: number, p95: number, p99: number] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return [at(0.5), at(0.95), at(0.99)];
}
