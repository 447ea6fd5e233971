import SqliteDatabase from 'better-sqlite3';
import { AppError, errorCodes, messageOf, type ErrorCode } from '../core/errors.ts';
import { redact } from '../core/redact.ts';

/** An error as it crosses the thread. */
export interface ErrorMessage {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: readonly unknown[];
  readonly isRetryable: boolean;
  readonly retryAfterMs: number | undefined;
  /** Of the original, for the log. */
  readonly stack: string | undefined;
}

const unavailable = /^SQLITE_(BUSY|LOCKED|IOERR|CANTOPEN|READONLY|PROTOCOL|PERM|NOMEM)/;
const corrupt = /^SQLITE_(CORRUPT|NOTADB)/;

/** Gives what SQLite or the file system threw its code and says what to do. AppErrors pass as they are. */
export function toStoreError(error: unknown, file: string): AppError {
  if (error instanceof AppError) return error;
  if (isSystemError(error)) return toFileError(error, 'The database');
  if (!(error instanceof SqliteDatabase.SqliteError)) {
    return new AppError('INTERNAL', redact(messageOf(error)), { cause: error });
  }
  if (error.code.startsWith('SQLITE_FULL')) {
    return new AppError('DISK_FULL', `The disk of the database ${file} is full: make room.`, {
      cause: error,
    });
  }
  if (unavailable.test(error.code)) {
    return new AppError(
      'STORE_UNAVAILABLE',
      `The database ${file} can't be used at the moment: ${error.message} (${error.code}). ${adviceFor(error.code)}`,
      { cause: error },
    );
  }
  if (corrupt.test(error.code)) {
    return new AppError(
      'STORE_CORRUPT',
      `The database ${file} is damaged, or is not a database: ${error.message} (${error.code}). Stop Vedette and bring a ` +
        'backup back (vedette restore FILE --force); without one, move the file away together with its -wal and -shm: ' +
        'Vedette starts with an empty database then.',
      { cause: error },
    );
  }
  return new AppError(
    'INTERNAL',
    `The database ${file} refused a statement: ${error.message} (${error.code}).`,
    {
      cause: error,
    },
  );
}

/** @param what begins the sentence, e.g. `The pictures` */
export function toFileError(error: unknown, what: string): AppError {
  if (error instanceof AppError) return error;
  if (isSystemError(error) && ['ENOSPC', 'EDQUOT'].includes(error.code ?? '')) {
    return new AppError('DISK_FULL', `${what} can't be written: the disk is full. Make room.`, {
      cause: error,
    });
  }
  return new AppError(
    'STORE_UNAVAILABLE',
    `${what} can't be used at the moment: ${messageOf(error)}. ${checkFolder}`,
    {
      cause: error,
    },
  );
}

/** What the operating system refused. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}

const checkFolder =
  'Check that the data folder exists, can be read and written, and that its disk is in order.';

function adviceFor(code: string): string {
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return 'Another program holds it: wait for it, or end it.';
  }
  if (code.startsWith('SQLITE_NOMEM')) return 'There is not enough memory.';
  return checkFolder;
}

export function toErrorMessage(error: AppError): ErrorMessage {
  const { code, message, details, isRetryable, retryAfterMs, cause } = error;
  return {
    code,
    message,
    details,
    isRetryable,
    retryAfterMs,
    stack: cause instanceof Error ? cause.stack : error.stack,
  };
}

export function fromErrorMessage({
  code,
  message,
  details,
  isRetryable,
  retryAfterMs,
  stack,
}: ErrorMessage): AppError {
  const cause = new Error(message);
  if (stack !== undefined) cause.stack = stack;
  return new AppError(code in errorCodes ? code : 'INTERNAL', message, {
    cause,
    details,
    isRetryable,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}
