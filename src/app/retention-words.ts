import type { RetentionPolicy } from '../store/cleanup-store.ts';

/** What is kept, in a sentence for the log and the API: what is kept for ever must not be guessed from a 0. */
export function describeRetention({ days, starredDays, maxBytes }: RetentionPolicy): string {
  const age = days === 0 ? 'Events are kept for ever' : `Events are kept for ${dayCount(days)}`;
  const starred = starredDays === 0 ? 'starred ones for ever' : `starred ones for ${dayCount(starredDays)}`;
  const size =
    maxBytes === null
      ? 'there is no cap on their size'
      : `above ${gigabytes(maxBytes)} the oldest without a star go`;
  return `${age}, ${starred}; ${size}.`;
}

function dayCount(days: number): string {
  return days === 1 ? '1 day' : `${days} days`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e9 ? 3 : 1)} GB`;
}
