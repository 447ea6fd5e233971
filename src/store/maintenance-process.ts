import SqliteDatabase from 'better-sqlite3';
import { planCleanup } from './cleanup-plan.ts';
import { checkDatabase } from './database-check.ts';
import { findMissingFiles } from './missing-files.ts';
import type { MaintenanceReply, MaintenanceTask } from './maintenance.ts';
import { toErrorMessage, toStoreError } from './store-errors.ts';
import { writeBackup } from './write-backup.ts';

/** Does one piece of work that reads the whole database, answers, and ends. Started by `maintenance.ts`. */

const busyTimeoutMs = 10_000;

async function perform(task: MaintenanceTask): Promise<void> {
  const reply = await replyTo(task);
  process.send?.(reply, undefined, undefined, () => process.exit(0));
}

async function replyTo(task: MaintenanceTask): Promise<MaintenanceReply> {
  try {
    return { kind: 'done', output: await outputOf(task) };
  } catch (error) {
    return { kind: 'failed', error: toErrorMessage(toStoreError(error, task.file)) };
  }
}

async function outputOf(
  task: MaintenanceTask,
): Promise<Extract<MaintenanceReply, { kind: 'done' }>['output']> {
  if (task.kind === 'backup') return writeBackup(task.input);
  const connection = new SqliteDatabase(task.file, {
    readonly: true,
    fileMustExist: true,
    timeout: busyTimeoutMs,
  });
  try {
    switch (task.kind) {
      case 'plan':
        return planCleanup(connection, task.input);
      case 'check':
        return checkDatabase(connection, task.input.depth);
      case 'missing':
        return findMissingFiles(connection, task.input.dataDir);
      default:
        return task satisfies never;
    }
  } finally {
    connection.close();
  }
}

// Whoever asked is gone: nobody waits for the answer.
process.on('disconnect', () => process.exit(0));
// Ctrl+C and the service manager signal the whole group of processes: when this one ends is for the service to say.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.once('message', (task: MaintenanceTask) => {
  // Never rejects: what fails is answered.
  void perform(task);
});
