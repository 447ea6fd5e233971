import { z } from 'zod';
import type { CleanupReport, RetentionRun, RetentionService } from '../api/retention-service.ts';
import type { Config } from '../config/config-schema.ts';
import type { Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { Stop } from '../core/stop.ts';
import { nextTimeOfDay } from '../core/time-of-day.ts';
import type { Cleaner } from '../pipeline/cleaner.ts';
import type { FileRemoval } from '../pipeline/file-removal.ts';
import { removeOrphans, type OrphanContext } from '../pipeline/orphans.ts';
import type { CleanupPlan, CleanupRules, RetentionPolicy } from '../store/cleanup-store.ts';
import type { SettingStore } from '../store/event-store.ts';
import { runMaintenance } from '../store/maintenance.ts';
import { runDaily } from './daily.ts';
import { describeRetention } from './retention-words.ts';

const lastRunSetting = 'retention.last_run';
/** Who asks for a clean-up over the API gets its end within this time, or how it stands. */
const answerWithinMs = 20_000;
/** Files of deleted events that a disk has refused to remove are tried again so often. */
const sweepEveryMs = 600_000;

const runSchema = z.object({
  endedAt: z.number(),
  status: z.enum(['done', 'stopped', 'failed']),
  deletedEvents: z.number(),
  deletedBytes: z.number(),
  usedBytes: z.number().nullable(),
  orphansRemoved: z.number(),
  missingFiles: z.number(),
  cause: z.string().nullable(),
});

export interface RetentionContext {
  readonly policy: RetentionPolicy;
  readonly time: Config['retention']['time'];
  readonly databaseFile: string;
  readonly dataDir: string;
  readonly cleaner: Cleaner;
  readonly files: FileRemoval;
  readonly orphans: OrphanContext;
  readonly settings: SettingStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly stop: Stop;
}

export interface Retention extends RetentionService {
  /** Every night, and the leftovers of deletions now and then; resolves when it is stopped and no clean-up runs any more. */
  work(): Promise<void>;
  /** Lets the oldest events go until about so many bytes are free, if the policy has a cap: then old gives way to new. */
  makeRoom(wantedBytes: number): Promise<void>;
}

export async function createRetention(context: RetentionContext): Promise<Retention> {
  const { policy, time, databaseFile, dataDir, cleaner, files, settings, clock, log, stop } = context;
  const saved = runSchema.safeParse(await settings.get(lastRunSetting));
  let lastRun: RetentionRun | undefined = saved.success ? saved.data : undefined;
  const startedAt = clock.now();
  const summary = describeRetention(policy);
  log.info({ ...policy }, summary);
  /** The clean-up under way, from its counting on. */
  let underWay: Promise<CleanupReport> | undefined;

  function plan(rules: CleanupRules): Promise<CleanupPlan> {
    return runMaintenance('plan', databaseFile, rules, stop.drain);
  }

  /** How it ended is in the report. */
  async function execute(announced: CleanupPlan): Promise<CleanupReport> {
    if (announced.events > 0) {
      log.info(
        {
          events: announced.events,
          bytes: announced.sizeBytes,
          oldest: isoOrNull(announced.oldest),
          newest: isoOrNull(announced.newest),
        },
        'clean-up: these events are deleted now',
      );
    }
    const { end, failure, deletedEvents, deletedBytes } = await cleaner.run(announced, stop.drain);
    const deleted = { deletedEvents, deletedBytes };
    switch (end) {
      case 'done':
        if (deletedEvents > 0) log.info(deleted, 'clean-up: events were deleted');
        return { status: 'done', plan: announced, ...deleted, cause: null };
      case 'shutdown':
        return { status: 'stopped', plan: announced, ...deleted, cause: 'Vedette was stopped.' };
      case 'more_than_announced': {
        const cause = 'More events were to go than it had announced. Look at them, and run it again.';
        log.error({ ...deleted, announced: announced.events }, `clean-up: ${cause}`);
        return { status: 'stopped', plan: announced, ...deleted, cause };
      }
      case 'failed':
        log.error({ ...deleted, error: failure }, 'clean-up: it has ended, since it met an error');
        return { status: 'failed', plan: announced, ...deleted, cause: failure };
      default:
        return end satisfies never;
    }
  }

  /** One after the other is not enough: who asks twice would delete twice what was counted once. */
  async function alone(rules: CleanupRules): Promise<CleanupReport> {
    if (underWay !== undefined) {
      throw new AppError('CLEANUP_RUNNING', 'A clean-up is running already. Try again when it has ended.');
    }
    const work = (async () => execute(await plan(rules)))();
    underWay = work;
    try {
      return await work;
    } finally {
      underWay = undefined;
    }
  }

  function retentionRules(wantedBytes: number): CleanupRules {
    return { kind: 'retention', policy, wantedBytes, now: clock.now() };
  }

  async function applyPolicy(): Promise<CleanupReport> {
    const report = await alone(retentionRules(0));
    let orphansRemoved = 0;
    let missingFiles = 0;
    let { cause } = report;
    try {
      await files.sweep(stop.drain);
      orphansRemoved = await removeOrphans(context.orphans);
      const missing = await runMaintenance('missing', databaseFile, { dataDir }, stop.drain);
      missingFiles = missing.count;
      if (missing.count > 0) {
        log.warn(
          { files: missing.count, events: missing.events, first: missing.paths[0] },
          'pictures of events are gone from the disk: somebody removed them, or the disk has lost them',
        );
      }
    } catch (error) {
      if (stop.drain.aborted) return report;
      log.warn({ error: messageOf(error) }, 'the files could not be looked through');
      cause ??= messageOf(error);
    }
    if (report.plan.excessBytes > 0) {
      log.warn(
        { bytes: Math.round(report.plan.excessBytes) },
        'what is kept for ever is more than the cap: take stars away, raise the cap, or delete by hand',
      );
    }
    await remember({
      endedAt: clock.now(),
      status: report.status === 'running' ? 'stopped' : report.status,
      deletedEvents: report.deletedEvents,
      deletedBytes: report.deletedBytes,
      usedBytes: Math.max(0, report.plan.usedBytes - report.deletedBytes),
      orphansRemoved,
      missingFiles,
      cause,
    });
    return report;
  }

  async function remember(run: RetentionRun): Promise<void> {
    lastRun = run;
    await settings.set(lastRunSetting, run);
  }

  /** The report, or how it stands when it takes long. */
  async function answerInTime(work: Promise<CleanupReport>): Promise<CleanupReport> {
    const waiting = new AbortController();
    // Whoever asked may have gone: the failure is in the log then.
    work.catch(() => undefined);
    try {
      const first = await Promise.race([
        work,
        clock.sleep(answerWithinMs, waiting.signal).then(() => undefined),
      ]);
      if (first !== undefined) return first;
      return runningReport() ?? (await work);
    } finally {
      waiting.abort();
    }
  }

  function runningReport(): CleanupReport | undefined {
    const { running } = cleaner;
    if (running === undefined) return undefined;
    const { plan: announced, deletedEvents, deletedBytes } = running;
    return { status: 'running', plan: announced, deletedEvents, deletedBytes, cause: null };
  }

  async function sweepUntilStopped(): Promise<void> {
    while (!stop.drain.aborted) {
      try {
        const removed = await files.sweep(stop.drain);
        if (removed > 0) log.info({ files: removed }, 'files of deleted events that were left are removed');
      } catch (error) {
        log.warn({ error: messageOf(error) }, 'files of deleted events can not be looked for');
      }
      await clock.sleep(sweepEveryMs, stop.drain).catch(() => {
        // The drain ends the wait.
      });
    }
  }

  return {
    state: () => ({
      policy,
      time,
      summary,
      nextRunAt: nextTimeOfDay(time, clock.now()),
      running: runningReport(),
      lastRun,
    }),
    run: () => answerInTime(applyPolicy()),
    plan: (scopes) => plan({ kind: 'chosen', scopes, now: clock.now() }),
    cleanUp: (scopes) => answerInTime(alone({ kind: 'chosen', scopes, now: clock.now() })),
    async makeRoom(wantedBytes) {
      if (policy.maxBytes === null || underWay !== undefined) return;
      await alone(retentionRules(wantedBytes));
    },
    async work() {
      const nightly = runDaily(
        {
          at: time,
          lastDoneAt: lastRun?.endedAt ?? startedAt,
          run: async () => {
            try {
              await applyPolicy();
            } catch (error) {
              if (!stop.drain.aborted)
                log.error({ error: messageOf(error) }, 'the nightly clean-up did not run');
            }
          },
        },
        clock,
        stop,
      );
      await Promise.all([nightly, sweepUntilStopped()]);
      await underWay?.catch(() => {
        // Told to whoever asked for it.
      });
    },
  };
}

function isoOrNull(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
