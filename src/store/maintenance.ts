import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AppError } from '../core/errors.ts';
import { leanAllocator } from '../core/lean-memory.ts';
import { siblingModule } from '../core/sibling-module.ts';
import type { BackupSummary } from './backup-format.ts';
import type { CleanupPlan, CleanupRules } from './cleanup-store.ts';
import type { DatabaseReport } from './database-check.ts';
import type { MissingFiles } from './missing-files.ts';
import { fromErrorMessage, type ErrorMessage } from './store-errors.ts';
import type { BackupOptions } from './write-backup.ts';

/** Work that reads the whole database, by name: what it is given and what it answers. */
export interface MaintenanceTasks {
  readonly plan: { readonly input: CleanupRules; readonly output: CleanupPlan };
  readonly backup: { readonly input: BackupOptions; readonly output: BackupSummary };
  readonly check: { readonly input: { readonly depth: 'quick' | 'full' }; readonly output: DatabaseReport };
  readonly missing: { readonly input: { readonly dataDir: string }; readonly output: MissingFiles };
}

export type MaintenanceKind = keyof MaintenanceTasks;

export type MaintenanceTask = {
  readonly [Kind in MaintenanceKind]: {
    readonly kind: Kind;
    /** The database. */
    readonly file: string;
    readonly input: MaintenanceTasks[Kind]['input'];
  };
}[MaintenanceKind];

export type MaintenanceReply =
  | { readonly kind: 'done'; readonly output: MaintenanceTasks[MaintenanceKind]['output'] }
  | { readonly kind: 'failed'; readonly error: ErrorMessage };

const stderrLimitCharacters = 4_000;

/**
 * Does it in a process of its own, over a connection that only reads: it may take minutes on a large database, during
 * which nobody waits, and one statement of SQLite can be ended by nothing but the end of its process.
 *
 * @throws AppError of the store; an `AbortError` when the signal aborts, with the process gone
 */
export async function runMaintenance<Kind extends MaintenanceKind>(
  kind: Kind,
  file: string,
  input: MaintenanceTasks[Kind]['input'],
  signal?: AbortSignal,
): Promise<MaintenanceTasks[Kind]['output']> {
  signal?.throwIfAborted();
  const child = fork(fileURLToPath(siblingModule(import.meta.url, 'maintenance-process')), [], {
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, ...leanAllocator() },
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-stderrLimitCharacters);
  });
  let reply: MaintenanceReply | undefined;
  child.once('message', (message: MaintenanceReply) => {
    reply = message;
  });
  const ended = Promise.withResolvers<string>();
  child.once('error', (error) => {
    ended.resolve(error.message);
  });
  child.once('close', (code, endSignal) => {
    ended.resolve(`it ended with ${endSignal ?? `exit code ${code}`}`);
  });
  const kill = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill, { once: true });
  try {
    child.send({ kind, file, input }, () => {
      // A process that is gone already shows itself by its end.
    });
    const end = await ended.promise;
    signal?.throwIfAborted();
    if (reply?.kind === 'failed') throw fromErrorMessage(reply.error);
    // The process answers each kind of work with what its own type promises.
    if (reply?.kind === 'done') return reply.output;
    const words = [stderr.trim(), end].filter((part) => part !== '').join('; ');
    throw new AppError(
      'STORE_UNAVAILABLE',
      `The process that reads the database did not answer: ${words}. Try again.`,
    );
  } finally {
    signal?.removeEventListener('abort', kill);
    kill();
  }
}
