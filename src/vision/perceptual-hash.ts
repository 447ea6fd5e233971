/** 64 bits. */
export type PerceptualHash = bigint;

/** Size of the gray picture that `differenceHash` wants. */
export const hashInput = { width: 9, height: 8 } as const;

/**
 * Difference hash: one bit for each pair of neighbours in a row, whether it gets brighter. Small changes of light,
 * scale and compression leave it as it is.
 *
 * Source: N. Krawetz, "Kind of Like That", 2013.
 *
 * @param gray 9 × 8 bytes, row by row
 */
export function differenceHash(gray: Uint8Array): PerceptualHash {
  let hash = 0n;
  for (let y = 0; y < hashInput.height; y += 1) {
    for (let x = 0; x + 1 < hashInput.width; x += 1) {
      const at = y * hashInput.width + x;
      hash = (hash << 1n) | ((gray[at + 1] ?? 0) > (gray[at] ?? 0) ? 1n : 0n);
    }
  }
  return hash;
}

/** How many of the 64 bits differ. */
export function hashDistance(a: PerceptualHash, b: PerceptualHash): number {
  let different = a ^ b;
  let count = 0;
  while (different > 0n) {
    different &= different - 1n;
    count += 1;
  }
  return count;
}
