import type { TimeOfDay } from '../core/time-of-day.ts';
import type { CleanupPlan, CleanupScope, RetentionPolicy } from '../store/cleanup-store.ts';

/** How a clean-up stands, or how it ended. */
export interface CleanupReport {
  readonly status: 'running' | 'done' | 'stopped' | 'failed';
  readonly plan: CleanupPlan;
  readonly deletedEvents: number;
  readonly deletedBytes: number;
  /** Why it stopped or failed, and what to do. */
  readonly cause: string | null;
}

/** The last run by itself or on demand. */
export interface RetentionRun {
  readonly endedAt: number;
  readonly status: 'done' | 'stopped' | 'failed';
  readonly deletedEvents: number;
  readonly deletedBytes: number;
  readonly usedBytes: number | null;
  /** Files without an event that were removed. */
  readonly orphansRemoved: number;
  /** Files that events name and the disk does not have. */
  readonly missingFiles: number;
  readonly cause: string | null;
}

export interface RetentionState {
  readonly policy: RetentionPolicy;
  readonly time: TimeOfDay;
  /** The policy in words, which say what is kept for ever. */
  readonly summary: string;
  readonly nextRunAt: number;
  readonly running: CleanupReport | undefined;
  readonly lastRun: RetentionRun | undefined;
}

/** What is kept, and deleting many events at once. One clean-up at a time: another is refused with `CLEANUP_RUNNING`. */
export interface RetentionService {
  state(): RetentionState;
  /** Applies the policy now. Answers when it has ended, or how it stands after some seconds. */
  run(): Promise<CleanupReport>;
  /** Counts what would go. */
  plan(scopes: readonly CleanupScope[]): Promise<CleanupPlan>;
  /** Counts and deletes; answers as `run` does. */
  cleanUp(scopes: readonly CleanupScope[]): Promise<CleanupReport>;
}
