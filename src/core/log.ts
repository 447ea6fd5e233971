import { join } from 'node:path';
import { pino, stdSerializers, type Logger } from 'pino';
import { AppError, messageOf } from './errors.ts';
import { formatLogLine, readLogEntry, type LogEntry } from './log-line.ts';
import { RotatingFile, type RotatingFileOptions } from './rotating-file.ts';

export type { Logger };

/** The least that is logged. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** The log file is `logs/vedette.log` below it; without it nothing is written to the disk. */
  readonly dataDir?: string;
  /** What goes to stdout: JSON lines, one short readable line each, or nothing. JSON when it is left out. */
  readonly toConsole?: 'json' | 'pretty' | false;
  /** The bounds of the files; by default 7 days and 100 MB in all. */
  readonly rotation?: Omit<RotatingFileOptions, 'path'>;
}

export interface Logging extends AsyncDisposable {
  readonly log: Logger;
}

const largestBacklogBytes = 1024 * 1024;

/** A logger that writes nothing: for tests and for commands that print their own output. */
export function silentLog(): Logger {
  return pino({ level: 'silent' });
}

/**
 * The file is written as lines are logged, in the same call: what was logged before the process ended is in it, however
 * it ended. There is one line per change of state and none per frame, so this costs little. A file that can't be
 * written (a full disk) never disturbs the service: what it misses is still on the console.
 *
 * Secrets are kept out of every line, by the names of keys and by `redact`, which finds the credentials in addresses.
 *
 * @throws AppError `CONFIG_INVALID` when the file can't be opened
 */
export async function createLog({
  level,
  dataDir,
  toConsole = 'json',
  rotation,
}: LogOptions): Promise<Logging> {
  await using starting = new AsyncDisposableStack();
  const file =
    dataDir === undefined || level === 'silent'
      ? undefined
      : starting.use(await openLogFile({ ...rotation, path: join(dataDir, 'logs', 'vedette.log') }));
  const console =
    toConsole === false
      ? undefined
      : starting.adopt(openConsole(toConsole), (each) => {
          each.close();
        });
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.err, error: errorOrText },
    },
    {
      write: (line: string) => {
        const entry = readLogEntry(line);
        console?.write(entry);
        file?.write(`${JSON.stringify(entry)}\n`);
      },
    },
  );
  const parts = starting.move();
  return {
    log,
    [Symbol.asyncDispose]: async () => {
      await parts.disposeAsync();
    },
  };
}

async function openLogFile(options: RotatingFileOptions): Promise<RotatingFile> {
  try {
    return await RotatingFile.open(options);
  } catch (error) {
    throw new AppError(
      'CONFIG_INVALID',
      `the log file ${options.path} can't be written (${messageOf(error)}); give the folder to this user, or choose another one with --data`,
      { cause: error },
    );
  }
}

/**
 * Bound: once `largestBacklogBytes` wait for a reader of stdout that does not read, lines are left out, and their number
 * is said as soon as it reads again. A reader that has gone away (`vedette serve | head`) must not end the service.
 */
function openConsole(format: 'json' | 'pretty'): { write(entry: LogEntry): void; close(): void } {
  const { stdout } = process;
  let leftOutCount = 0;
  const print = (entry: LogEntry): void => {
    stdout.write(format === 'pretty' ? formatLogLine(entry) : `${JSON.stringify(entry)}\n`);
  };
  stdout.on('error', ignore);
  return {
    write: (entry) => {
      if (stdout.writableLength > largestBacklogBytes) {
        leftOutCount += 1;
        return;
      }
      if (leftOutCount > 0) {
        const { time } = entry;
        print({
          level: 'warn',
          time,
          lines: leftOutCount,
          msg: 'lines were left out here: nobody read the console',
        });
        leftOutCount = 0;
      }
      print(entry);
    },
    close: () => {
      stdout.off('error', ignore);
    },
  };
}

function ignore(): void {
  // Nothing can be said where nobody listens.
}

/** `error` holds an error's message in most lines; a whole error is written out as one. */
function errorOrText(value: unknown): unknown {
  return value instanceof Error ? stdSerializers.err(value) : value;
}
