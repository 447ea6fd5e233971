import { parentPort } from 'node:worker_threads';
import { PackedMotion } from '../motion/packed-motion.ts';
import type { MotionRow } from '../store/event-store.ts';
import { unpackEvidence, type StoredEvidence } from '../store/evidence-coding.ts';
import type { TuningReport, TuningSettings } from '../core/tuning.ts';
import { proposeTuning, type TuningEvent } from './tuning.ts';

/** The body of a thread that answers one question and ends: a week of a busy camera takes it some seconds. */

export type TuningRequest =
  | { readonly kind: 'events'; readonly rows: readonly MotionRow[] }
  /** Nothing comes behind it. */
  | { readonly kind: 'propose'; readonly settings: TuningSettings };

export type TuningAnswer =
  /** The events are taken: the next ones may come. */
  { readonly kind: 'taken' } | { readonly kind: 'proposed'; readonly report: TuningReport };

const events: TuningEvent[] = [];

parentPort?.on('message', (request: TuningRequest) => {
  if (request.kind === 'events') {
    for (const row of request.rows) events.push(toTuningEvent(row));
    answer({ kind: 'taken' });
    return;
  }
  answer({ kind: 'proposed', report: proposeTuning(events, request.settings) });
  parentPort?.close();
});

function answer(message: TuningAnswer): void {
  parentPort?.postMessage(message, []);
}

function toTuningEvent({ evidence, ...row }: MotionRow): TuningEvent {
  return { ...row, motion: evidence === null ? null : toMotion(evidence) };
}

/** What of it is needed; the beginning of an episode alone does not tell what the rest would have done. */
function toMotion(stored: StoredEvidence): TuningEvent['motion'] {
  const { sensitivity, isComplete, heat, samples } = unpackEvidence(stored);
  if (!isComplete) return null;
  return new PackedMotion({ sensitivity, samples, heat });
}
