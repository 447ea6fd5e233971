export const leastShareMs = 1000;
/** What makers' small models take as a rule; until a provider is known. */
const typicalMs = 2000;
/** Above its own p95 a call is likelier to hang than to be slow. */
const patience = 1.2;

/**
 * How long one provider may take: what is left divided by what is still to try, at least a second. What is still to try
 * are as many providers as the time has room for: three calls of two seconds in three seconds would all be broken off
 * just before their answers, cost money and bring nothing. Those that fail at once leave their time to the next ones.
 *
 * @param leftMs until the deadline
 * @param others how many could be tried after it
 * @param usualMs its p95; `null` when it is not known
 */
export function timeShare(leftMs: number, others: number, usualMs: number | null): number {
  const neededMs = Math.max(leastShareMs, usualMs === null ? typicalMs : usualMs * patience);
  const tries = Math.min(others + 1, Math.max(1, Math.floor(leftMs / neededMs)));
  return Math.max(leastShareMs, leftMs / tries);
}
