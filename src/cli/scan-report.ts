import type { ScanEvent } from '../app/scan.ts';
import { explainGuard, percent } from '../core/explain-motion.ts';
import type { GuardMargin } from '../core/motion-evidence.ts';
import type { MotionReason } from '../core/motion.ts';
import type { QuietReport } from '../motion/near-miss.ts';

/** Of the guards of an event only the nearest are told. */
const guardsTold = 4;

/** A recording on which nothing happened, as `--json --explain` tells of it: like an event, and yet none. */
export interface QuietRecording {
  readonly file: string;
  readonly start: null;
  readonly end: null;
  readonly labels: readonly [];
  readonly description: null;
  readonly thumbnail: null;
  readonly why: string;
  /** What could have called it nothing and did; empty when nothing differed from the scene. */
  readonly guards: readonly GuardMargin[];
  /** Frames that were judged, by what was said of them. */
  readonly frames: Readonly<Partial<Record<MotionReason, number>>>;
  /** When it was nearest to an event, seconds of the recording. */
  readonly nearest_at: number | null;
}

export function quietRecording(file: string, report: QuietReport): QuietRecording {
  const { frames, nearest } = report;
  return {
    file,
    start: null,
    end: null,
    labels: [],
    description: null,
    thumbnail: null,
    why: quietWords(report).join(' '),
    guards: nearest === undefined ? [] : [nearest.guard],
    frames: Object.fromEntries(frames),
    nearest_at: nearest === undefined ? null : Math.round(nearest.mediaTimeMs) / 1000,
  };
}

/** What happened on one recording, in lines. */
export function fileReport(
  file: string,
  events: readonly ScanEvent[],
  quiet: QuietReport | undefined,
): string[] {
  const count = events.length;
  const title = count === 0 ? 'nothing happened' : count === 1 ? '1 event' : `${count} events`;
  return [
    `${file}: ${title}`,
    ...events.flatMap(eventReport),
    ...(count > 0 || quiet === undefined ? [] : quietWords(quiet).map((words) => `      ${words}`)),
  ];
}

function eventReport({ start, end, description, labels, why, guards = [] }: ScanEvent): string[] {
  return [
    `  ${clockTime(start)} – ${clockTime(end)}  ${description ?? (labels.join(', ') || 'motion')}`,
    ...(why === undefined ? [] : [`      ${why}`]),
    ...guards
      .slice(0, guardsTold)
      .map((guard) => `      ${`${guard.margin.toFixed(1)} ×`.padStart(7)}  ${explainGuard(guard)}`),
  ];
}

function quietWords({ frames, nearest }: QuietReport): string[] {
  const total = [...frames.values()].reduce((sum, own) => sum + own, 0);
  const parts = [...frames].toSorted(([, a], [, b]) => b - a).map(([reason, own]) => `${own} ${reason}`);
  return [
    `${total} frames: ${parts.join(', ')}.`,
    nearest === undefined
      ? 'Nothing differed from the scene.'
      : `Nearest to an event at ${clockTime(nearest.mediaTimeMs / 1000)}: something of ${percent(nearest.area)} of the picture; ` +
        `${explainGuard(nearest.guard)}.`,
  ];
}

/** Minutes and seconds of a recording, `1:02:03.4` with hours. */
function clockTime(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const hours = Math.floor(tenths / 36_000);
  const minutes = Math.floor((tenths % 36_000) / 600);
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}
