/** The first wait; each further one is twice as long, up to the longest. */
export const firstDelayMs = 10_000;
export const longestDelayMs = 3_600_000;
/** A delivery that was not taken within this time from its making is given up. */
export const giveUpAfterMs = 24 * 3_600_000;

export interface ScheduleInput {
  /** Of the delivery, epoch ms. */
  readonly createdAt: number;
  /** How often it was tried, the attempt that has just failed included: from 1. */
  readonly attempts: number;
  readonly now: number;
  /** What the target asked for. It lengthens the wait, never shortens it. */
  readonly retryAfterMs?: number;
  /** 0..1, as `Math.random` gives. */
  readonly random?: () => number;
}

/**
 * When a delivery that has failed is due again, epoch ms; `null` when it is given up.
 *
 * The wait lies between half and the whole of the doubled delay ("equal jitter"), so that deliveries that failed
 * together do not come back together. The last attempt is made when the day is over: nothing is given up early because
 * its next wait would have been too long, nor because the target asked for a longer one.
 */
export function nextAttemptAt({
  createdAt,
  attempts,
  now,
  retryAfterMs = 0,
  random = Math.random,
}: ScheduleInput): number | null {
  const deadline = createdAt + giveUpAfterMs;
  if (now >= deadline) return null;
  const fullMs = Math.min(longestDelayMs, firstDelayMs * 2 ** (Math.max(1, attempts) - 1));
  const jitteredMs = fullMs * (0.5 + random() / 2);
  return Math.min(deadline, Math.ceil(now + Math.max(jitteredMs, retryAfterMs)));
}
