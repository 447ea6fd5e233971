import type { ComponentHealth } from '../api/api-services.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { Stop } from '../core/stop.ts';
import { describeReport, type DatabaseReport } from '../store/database-check.ts';
import type { SettingStore } from '../store/event-store.ts';
import { runMaintenance } from '../store/maintenance.ts';
import { holdsPasswords, removeCopies, superfluousCopies } from '../store/old-copies.ts';

/** There while the service runs: who finds it at a start knows that the last run did not end in good order. */
const runningSetting = 'store.running_since';

export interface DatabaseCareContext {
  readonly databaseFile: string;
  readonly settings: SettingStore;
  readonly now: number;
  readonly log: Logger;
  readonly stop: Stop;
}

export interface DatabaseCare {
  /**
   * Checks the database behind the running service when the last run did not end in good order, and lets go of old
   * copies when it is sound. Never rejects.
   */
  work(): Promise<void>;
  /** Reads the whole database now. */
  check(depth: 'quick' | 'full'): Promise<DatabaseReport>;
  /** What the last check has found. */
  health(): ComponentHealth;
  /** To be called last, when everything has ended in good order. */
  markCleanStop(): Promise<void>;
}

export async function createDatabaseCare(context: DatabaseCareContext): Promise<DatabaseCare> {
  const { databaseFile, settings, now, log, stop } = context;
  const wasCutOff = (await settings.get(runningSetting)) !== undefined;
  let cause: string | null = null;
  try {
    await settings.set(runningSetting, now);
  } catch (error) {
    // A full disk: then the next start does not check, which it need not do for that.
    log.warn({ error: messageOf(error) }, 'the start can not be noted');
  }

  /** One at a time: whoever asks meanwhile gets the same answer. */
  let underWay: Promise<DatabaseReport> | undefined;

  async function check(depth: 'quick' | 'full'): Promise<DatabaseReport> {
    const work = (underWay ??= checkNow(depth));
    try {
      return await work;
    } finally {
      underWay = undefined;
    }
  }

  async function checkNow(depth: 'quick' | 'full'): Promise<DatabaseReport> {
    const report = await runMaintenance('check', databaseFile, { depth }, stop.drain);
    cause = describeReport(report);
    if (cause !== null) log.error({ problems: report.problems }, cause);
    return report;
  }

  return {
    check,
    async work() {
      try {
        const copies = await superfluousCopies(databaseFile);
        if (!wasCutOff && copies.length === 0) return;
        if (wasCutOff) log.info('the last run did not end in good order: the database is checked');
        await check('quick');
        if (cause !== null) return;
        if (wasCutOff) log.info('the database is sound');
        await removeCopies(databaseFile, copies);
        if (copies.length > 0) {
          log.warn(
            { removed: copies },
            copies.some(holdsPasswords)
              ? 'the upgrade is proven: copies of the database from before it are removed, one of which held passwords in clear'
              : 'copies of the database from before earlier upgrades are removed',
          );
        }
      } catch (error) {
        if (!stop.drain.aborted) log.warn({ error: messageOf(error) }, 'the database could not be checked');
      }
    },
    health: () => ({ status: cause === null ? 'healthy' : 'degraded', cause }),
    markCleanStop: () => settings.set(runningSetting, undefined),
  };
}
