import { parentPort, workerData } from 'node:worker_threads';
import { openSecretKeyring, type SecretKeySources } from '../core/secret-keys.ts';
import { migrations } from './migrations.ts';
import { openDatabase, type OpenDatabase } from './open-database.ts';
import { toErrorMessage, toStoreError, type ErrorMessage } from './store-errors.ts';
import { createOperations, type OperationName, type StoreOperations } from './store-operations.ts';

/** The database's own thread: SQLite's calls block, and here they block nobody else. Started by `database-client.ts`. */

export interface DatabaseWorkerData {
  readonly file: string;
  readonly busyTimeoutMs: number;
  readonly secretKeys: SecretKeySources;
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
  { file, busyTimeoutMs, secretKeys }: DatabaseWorkerData,
): Promise<void> {
  const reply = (message: DatabaseReply): void => {
    port.postMessage(message);
  };
  let open: OpenDatabase;
  try {
    const keyring = openSecretKeyring(secretKeys);
    open = await openDatabase({ file, busyTimeoutMs, migrations, keyring });
  } catch (error) {
    reply({ kind: 'notOpened', error: toErrorMessage(toStoreError(error, file)) });
    port.close();
    return;
  }
  let now = 0;
  const operations = createOperations(open, () => now);
  const answer = async (previous: Promise<void>, request: DatabaseRequest): Promise<void> => {
    await previous;
    if (request.kind === 'close') {
      await open.close();
      port.close();
      return;
    }
    now = request.now;
    try {
      reply({ kind: 'result', id: request.id, value: await run(operations, request) });
    } catch (error) {
      reply({ kind: 'error', id: request.id, error: toErrorMessage(toStoreError(error, file)) });
    }
  };
  // One after the other, in the order of their arrival.
  let turn: Promise<void> = Promise.resolve();
  port.on('message', (request: DatabaseRequest) => {
    turn = answer(turn, request);
  });
  reply({ kind: 'opened', unreadableSecrets: open.unreadableSecrets });
}

function run(
  operations: StoreOperations,
  { name, parameters }: Extract<DatabaseRequest, { kind: 'call' }>,
): Promise<unknown> {
  // The client's types have matched name and parameters.
  return Reflect.apply(operations[name], undefined, parameters);
}

if (parentPort !== null) await serve(parentPort, workerData);
