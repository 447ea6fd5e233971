import { isAbort, messageOf } from '../core/errors.ts';
import type { ServiceClient } from './service-client.ts';
import type { Terminal } from './terminal.ts';
import { UnfinishedFile } from './unfinished-file.ts';
import { WholeEvents, type ExportFormat } from './whole-events.ts';

const types: Readonly<Record<ExportFormat, string>> = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
};

export interface ExportRequest {
  readonly client: ServiceClient;
  readonly format: ExportFormat;
  /** Which events, as the API understands it. */
  readonly filter: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/**
 * Writes events as they come, none of them in part, and the next piece when the one before was taken.
 *
 * @throws AppError `ADDRESS_UNAVAILABLE`, ServiceRefusal; an Error that says how many events were written when it broke
 *   off or was stopped on the way; `EPIPE` when nobody reads any more
 */
export async function exportToStdout(request: ExportRequest, stdout: Terminal['stdout']): Promise<void> {
  await copyEvents(
    request,
    (bytes) => writeOut(stdout, bytes, request.signal),
    (count) => `${count} events were written, not all.`,
  );
}

/**
 * The file gets its name when it is whole.
 *
 * @returns how many events it holds
 * @throws as `exportToStdout`, and AppError `BAD_REQUEST` when there can be no such file; then what was there is still
 *   there
 */
export async function exportToFile(request: ExportRequest, name: string): Promise<number> {
  await using file = await UnfinishedFile.create(name);
  const count = await copyEvents(
    request,
    (bytes) => file.write(bytes),
    (received) => `${received} events had come; ${file.target} was not written.`,
  );
  await file.finish();
  return count;
}

async function copyEvents(
  { client, format, filter, signal }: ExportRequest,
  write: (bytes: Uint8Array) => Promise<void>,
  /** Says what is left of it when it does not come to its end. */
  remains: (count: number) => string,
): Promise<number> {
  const query = new URLSearchParams({ format, ...filter });
  const pieces = await client.stream(`/events/export?${query.toString()}`, types[format], signal);
  const events = new WholeEvents(format);
  try {
    for await (const piece of pieces) {
      const whole = events.take(piece);
      if (whole.length > 0) await write(whole);
    }
    if (!events.isAtEnd) throw new Error('The answer of the service ended within an event.');
    return events.count;
  } catch (error) {
    if (isBrokenPipe(error)) throw error;
    const what = isAbort(error) ? 'Stopped.' : messageOf(error);
    throw new Error(`${what} ${remains(events.count)}`, { cause: error });
  }
}

/** True when whoever read the output has gone, as `head` does. */
export function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}

/** Resolves when the bytes were taken. */
async function writeOut(stdout: Terminal['stdout'], bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const stop = (): void => {
    reject(signal.reason);
  };
  // Whoever reads may never go on.
  signal.addEventListener('abort', stop, { once: true });
  stdout.write(bytes, (error) => {
    if (error instanceof Error) reject(error);
    else resolve(undefined);
  });
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
