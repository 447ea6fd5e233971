import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { openSecretKeyring, type SecretKeySources } from '../core/secret-keys.ts';
import { captureEvents } from './capture-operations.ts';
import type { CapturedEvent } from './event-store.ts';
import { migrations } from './migrations.ts';
import { openDatabase, type OpenDatabase } from './open-database.ts';
import { openForReading } from './open-for-reading.ts';
import { toErrorMessage, toStoreError, type ErrorMessage } from './store-errors.ts';
import { createOperations, type OperationName, type StoreOperations } from './store-operations.ts';

/** A thread of the database: SQLite's calls block, and here they block nobody else. Started by `database-client.ts`. */

export interface DatabaseWorkerData {
  readonly file: string;
  readonly busyTimeoutMs: number;
  readonly secretKeys: SecretKeySources;
  /** Only reads, beside another thread that has opened the database before. */
  readonly isReader: boolean;
}

export type DatabaseRequest =
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly name: OperationName;
      readonly now: number;
      readonly parameters: readonly unknown[];
    }
  /** Everything before it is done first; then the thread ends. */
  | { readonly kind: 'close' };

export type DatabaseReply =
  | { readonly kind: 'opened'; readonly unreadableSecrets: readonly string[] }
  /** Nothing more comes. */
  | { readonly kind: 'notOpened'; readonly error: ErrorMessage }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: ErrorMessage };

async function serve(
  port: NonNullable<typeof parentPort>,
  { file, busyTimeoutMs, secretKeys, isReader }: DatabaseWorkerData,
): Promise<void> {
  const reply = (message: DatabaseReply): void => {
    port.postMessage(message);
  };
  let open: OpenDatabase;
  try {
    const keyring = openSecretKeyring(secretKeys);
    const options = { file, busyTimeoutMs, migrations, keyring };
    open = isReader ? openForReading(options) : await openDatabase(options);
  } catch (error) {
    reply({ kind: 'notOpened', error: toErrorMessage(toStoreError(error, file)) });
    port.close();
    return;
  }
  const fail = (id: number, error: unknown): void => {
    reply({ kind: 'error', id, error: toErrorMessage(toStoreError(error, file)) });
  };
  let now = 0;
  const operations = createOperations(open, () => now);
  const answer = async (request: DatabaseRequest): Promise<void> => {
    if (request.kind === 'close') {
      await open.close();
      port.close();
      return;
    }
    now = request.now;
    try {
      reply({ kind: 'result', id: request.id, value: await run(operations, request) });
    } catch (error) {
      fail(request.id, error);
    }
  };
  const answerCaptures = async (calls: readonly CaptureCall[]): Promise<void> => {
    try {
      const answers = await captureEvents(
        open,
        calls.map((call) => ({ now: call.now, captured: call.parameters[0] })),
      );
      for (const [index, { id }] of calls.entries()) {
        const given = answers[index];
        if (given?.kind === 'captured') reply({ kind: 'result', id, value: given.result });
        else fail(id, given?.error);
      }
    } catch (error) {
      for (const { id } of calls) fail(id, error);
    }
  };
  // One after the other, in the order of their arrival; captures that wait behind each other share a transaction.
  const waiting: DatabaseRequest[] = [];
  let isAnswering = false;
  const answerAll = async (): Promise<void> => {
    if (isAnswering) return;
    isAnswering = true;
    for (;;) {
      takeArrived(port, waiting);
      const captures = takeCaptures(waiting);
      if (captures.length > 1) {
        await answerCaptures(captures);
        continue;
      }
      const request = captures[0] ?? waiting.shift();
      if (request === undefined) break;
      await answer(request);
      // Nothing comes behind it, and its port is closed.
      if (request.kind === 'close') return;
    }
    isAnswering = false;
  };
  port.on('message', (request: DatabaseRequest) => {
    waiting.push(request);
    // It never rejects: every failure is an answer.
    void answerAll();
  });
  reply({ kind: 'opened', unreadableSecrets: open.unreadableSecrets });
}

type Call = Extract<DatabaseRequest, { kind: 'call' }>;
type CaptureCall = Call & { readonly parameters: readonly [CapturedEvent] };

/** Captures of one transaction, so that whoever comes behind them does not wait for long. */
const maxCaptures = 100;

/** The captures at the head of the line. */
function takeCaptures(waiting: DatabaseRequest[]): CaptureCall[] {
  const captures: CaptureCall[] = [];
  for (const request of waiting.slice(0, maxCaptures)) {
    if (!isCapture(request)) break;
    captures.push(request);
  }
  waiting.splice(0, captures.length);
  return captures;
}

/** The client's types have matched name and parameters. */
function isCapture(request: DatabaseRequest): request is CaptureCall {
  return request.kind === 'call' && request.name === 'events.capture';
}

/** What has arrived and was not handed out as an event yet. */
function takeArrived(port: NonNullable<typeof parentPort>, waiting: DatabaseRequest[]): void {
  for (;;) {
    const arrived: { readonly message: DatabaseRequest } | undefined = receiveMessageOnPort(port);
    if (arrived === undefined) return;
    waiting.push(arrived.message);
  }
}

function run(operations: StoreOperations, { name, parameters }: Call): Promise<unknown> {
  // The client's types have matched name and parameters.
  return Reflect.apply(operations[name], undefined, parameters);
}

if (parentPort !== null) await serve(parentPort, workerData);
