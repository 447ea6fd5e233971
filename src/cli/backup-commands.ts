import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { cameraAdapters, providerAdapters } from '../app/builtins.ts';
import { backupName } from '../app/backups.ts';
import { loadConfig } from '../config/load-config.ts';
import type { BackupSummary } from '../store/backup-format.ts';
import { checkBackup, restoreBackup } from '../store/restore-backup.ts';
import { toStoreError } from '../store/store-errors.ts';
import { writeBackup } from '../store/write-backup.ts';
import { ProgressBar } from './progress-bar.ts';
import { readVersion } from './version.ts';

interface FolderOptions {
  readonly config?: string;
  readonly data?: string;
}

export function addBackupCommands(program: Command): void {
  program
    .command('backup')
    .description('Copy events, pictures and settings into one file, also while the service runs.')
    .argument('[file]', 'the file to be made (default: vedette-TIME.tar in this folder)')
    .option('-c, --config <file>', 'YAML configuration')
    .option('-d, --data <dir>', 'data folder (default: ./data)')
    .option(
      '--with-secret-key',
      'put the key of the stored passwords in: whoever has the backup has them then',
    )
    .action((file: string | undefined, options: FolderOptions & { readonly withSecretKey?: true }) =>
      runBackup(file ?? backupName(Date.now()), options),
    );
  program
    .command('restore')
    .description('Bring back what a backup holds. The service must not run.')
    .argument('<file>', 'a backup')
    .option('-c, --config <file>', 'YAML configuration')
    .option('-d, --data <dir>', 'data folder (default: ./data)')
    .option('--force', 'put aside what the folder holds, instead of refusing')
    .option('--check', 'only see whether the backup is whole')
    .action((file: string, options: FolderOptions & { readonly force?: true; readonly check?: true }) =>
      options.check === true ? runCheck(file) : runRestore(file, options, options.force === true),
    );
}

async function runBackup(
  file: string,
  options: FolderOptions & { readonly withSecretKey?: true },
): Promise<void> {
  const dataDir = await dataFolderOf(options);
  const target = resolve(file);
  await attended(join(dataDir, 'vedette.db'), async (signal, progress) => {
    const summary = await writeBackup(
      {
        dataDir,
        target,
        withSecretKey: options.withSecretKey === true,
        version: readVersion(),
        now: Date.now(),
      },
      {
        signal,
        onProgress: (share) => {
          progress.show('backup', share);
        },
      },
    );
    progress.end();
    process.stdout.write(`${target}: ${describe(summary)}\n`);
    if (!summary.has_secret_key) {
      process.stdout.write(
        'The key of the stored passwords (secret.key) is not in it: keep a copy of it apart, or say --with-secret-key.\n',
      );
    }
    if (summary.missing_files > 0) {
      process.stdout.write(`${summary.missing_files} pictures were gone from the disk before.\n`);
    }
  });
}

async function runRestore(file: string, options: FolderOptions, isForced: boolean): Promise<void> {
  const dataDir = await dataFolderOf(options);
  const archive = resolve(file);
  await attended(archive, async (signal, progress) => {
    const total = await sizeOf(archive);
    const { summary, replaced, hasSecretKey } = await restoreBackup(
      { archive, dataDir, isForced, now: Date.now() },
      {
        signal,
        onProgress: (bytes) => {
          progress.show('restore', Math.min(1, bytes / total));
        },
      },
    );
    progress.end();
    process.stdout.write(`${dataDir}: ${describe(summary)}\n`);
    if (replaced !== null) process.stdout.write(`What was there before is in ${replaced}.\n`);
    if (!hasSecretKey) {
      process.stdout.write(
        'The key of the stored passwords was not in the backup: put secret.key into the folder, or enter the passwords again.\n',
      );
    }
  });
}

async function runCheck(file: string): Promise<void> {
  const archive = resolve(file);
  const scratch = await mkdtemp(join(tmpdir(), 'vedette-check-'));
  try {
    await attended(archive, async (signal, progress) => {
      const total = await sizeOf(archive);
      const summary = await checkBackup(archive, scratch, {
        signal,
        onProgress: (bytes) => {
          progress.show('check', Math.min(1, bytes / total));
        },
      });
      progress.end();
      process.stdout.write(`${archive} is whole: ${describe(summary)}\n`);
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function dataFolderOf({ config: file, data }: FolderOptions): Promise<string> {
  const { config } = await loadConfig({
    adapters: cameraAdapters,
    providerAdapters,
    env: process.env,
    ...(file === undefined ? {} : { file }),
    overrides: data === undefined ? {} : { dataDir: data },
  });
  return config.dataDir;
}

/** @param what the file that errors are told of */
async function attended(
  what: string,
  work: (signal: AbortSignal, progress: ProgressBar) => Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  const onSignal = (): void => {
    abort.abort(new Error('Stopped; nothing was changed.'));
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const progress = new ProgressBar(process.stderr);
  try {
    await work(abort.signal, progress);
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : toStoreError(error, what);
  } finally {
    progress.end();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

async function sizeOf(archive: string): Promise<number> {
  try {
    return Math.max(1, (await stat(archive)).size);
  } catch {
    // It is told when it is read.
    return 1;
  }
}

function describe({ events, files, bytes, created_at: createdAt }: BackupSummary): string {
  return `${events} events, ${files} files, ${(bytes / 1e6).toFixed(1)} MB, of ${createdAt}`;
}
