import type { ProviderAttempt } from '../core/vision.ts';
import { canHeal, VisionError } from './vision-error.ts';

const longestMessage = 1000;

/**
 * The error of an event that nobody described. `budget` when only money was missing; else a fault that may heal, if
 * there is one: the event is then worth another try.
 */
export function nobodyDescribed(attempts: readonly ProviderAttempt[], cause?: unknown): VisionError {
  const faults = attempts.flatMap(({ outcome }) => (outcome === 'described' ? [] : [outcome]));
  const isMoney =
    faults.includes('budget') && faults.every((fault) => fault === 'budget' || fault === 'privacy');
  const fault = isMoney ? 'budget' : (faults.findLast(canHeal) ?? faults.at(-1) ?? 'bad_request');
  const told = attempts.flatMap(({ message }) => (message === null ? [] : [message]));
  const text = told.length === 0 ? 'there is no provider that may be asked' : told.join('; ');
  return new VisionError(fault, text.slice(0, longestMessage), {
    attempts,
    ...(cause === undefined ? {} : { cause }),
  });
}
