import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ComponentHealth } from '../api/api-services.ts';
import type { Config } from '../config/config-schema.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { Stop } from '../core/stop.ts';
import type { SettingStore } from '../store/event-store.ts';
import { runMaintenance } from '../store/maintenance.ts';
import { runDaily } from './daily.ts';

const lastBackupSetting = 'backup.last_done_at';
const ours = /^vedette-\d{4}-\d{2}-\d{2}T\d{6}Z\.tar$/;
const unfinishedOfOurs =
  /^vedette-\d{4}-\d{2}-\d{2}T\d{6}Z\.tar(?:\.database|\.sums)?\.unfinished(?:-journal)?$/;

export interface BackupsContext {
  readonly config: NonNullable<Config['backup']>;
  readonly dataDir: string;
  readonly databaseFile: string;
  readonly version: string;
  readonly settings: SettingStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly stop: Stop;
}

export interface Backups {
  /** Until it is stopped. */
  work(): Promise<void>;
  /** One now. Never rejects: a failure is in the log and in `health`. */
  runOnce(): Promise<void>;
  health(): ComponentHealth;
}

/** @returns the name of a backup of this moment; names sort as their moments do */
export function backupName(now: number): string {
  return `vedette-${new Date(now).toISOString().slice(0, 19).replaceAll(':', '')}Z.tar`;
}

/** A backup every day, of which the newest few are kept. */
export async function createBackups(context: BackupsContext): Promise<Backups> {
  const { config, dataDir, databaseFile, version, settings, clock, log, stop } = context;
  const { folder, keep, time, withSecretKey } = config;
  const saved = await settings.get(lastBackupSetting);
  let failure: string | undefined;

  async function back(): Promise<void> {
    const now = clock.now();
    await mkdir(folder, { recursive: true });
    await removeWhere((name) => unfinishedOfOurs.test(name));
    const target = join(folder, backupName(now));
    const summary = await runMaintenance(
      'backup',
      databaseFile,
      { dataDir, target, withSecretKey, version, now },
      stop.drain,
    );
    log.info(
      {
        target,
        events: summary.events,
        files: summary.files,
        bytes: summary.bytes,
        tookMs: clock.now() - now,
      },
      'backup made',
    );
    await settings.set(lastBackupSetting, now);
    const made = (await readdir(folder)).filter((name) => ours.test(name)).toSorted();
    const kept = new Set(made.slice(-keep));
    await removeWhere((name) => ours.test(name) && !kept.has(name));
  }

  async function removeWhere(isToGo: (name: string) => boolean): Promise<void> {
    for (const name of (await readdir(folder)).filter(isToGo)) await rm(join(folder, name), { force: true });
  }

  async function runOnce(): Promise<void> {
    try {
      await back();
      failure = undefined;
    } catch (error) {
      // What the stop has cut off is made up for at the next start.
      if (stop.drain.aborted) return;
      failure = `the last backup failed: ${messageOf(error)}`;
      log.error({ folder, error: messageOf(error) }, 'the backup failed');
    }
  }

  return {
    runOnce,
    work: () =>
      runDaily(
        { at: time, lastDoneAt: typeof saved === 'number' ? saved : clock.now(), run: runOnce },
        clock,
        stop,
      ),
    health: () =>
      failure === undefined ? { status: 'healthy', cause: null } : { status: 'degraded', cause: failure },
  };
}
