import { workerBounds } from './config-schema.ts';

/**
 * How many events are described at the same time. A wrong number does not keep the service from starting.
 *
 * @param configured `pipeline.workers`
 * @param environment `EVENT_WORKER_COUNT`, which wins
 */
export function chooseWorkerCount(
  configured: number,
  environment: string | undefined,
): { readonly workers: number; readonly warnings: readonly string[] } {
  const text = environment?.trim() ?? '';
  if (text === '') return clamped(configured, 'pipeline.workers');
  if (/^[+-]?\d+$/.test(text)) return clamped(Number(text), 'EVENT_WORKER_COUNT');
  const fallback = clamped(configured, 'pipeline.workers');
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return {
    workers: fallback.workers,
    warnings: [
      `EVENT_WORKER_COUNT: received "${shown}", expected a whole number from ${workerBounds.least} to ${workerBounds.most}; ${fallback.workers} workers are used`,
      ...fallback.warnings,
    ],
  };
}

function clamped(
  count: number,
  name: string,
): { readonly workers: number; readonly warnings: readonly string[] } {
  const workers = Math.min(workerBounds.most, Math.max(workerBounds.least, count));
  return {
    workers,
    warnings:
      workers === count
        ? []
        : [
            `${name}: received ${count}, expected ${workerBounds.least} to ${workerBounds.most}; ${workers} workers are used`,
          ],
  };
}
