import { Worker } from 'node:worker_threads';
import type { Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { siblingModule } from '../core/sibling-module.ts';
import type { DatabaseReply, DatabaseRequest, DatabaseWorkerData } from './database-worker.ts';
import { fromErrorMessage } from './store-errors.ts';
import type { OperationName, StoreOperations } from './store-operations.ts';

export interface DatabaseClientOptions extends DatabaseWorkerData {
  readonly log: Logger;
  readonly clock: Clock;
  /** Calls that may wait for the worker at once; one more is refused with `STORE_UNAVAILABLE`. */
  readonly maxWaiting: number;
}

export interface DatabaseCounters {
  /** Calls that wait for the worker now. */
  readonly waiting: number;
  /** Calls refused because too many waited. */
  readonly refused: number;
  /** How often the worker thread died and was started again. */
  readonly restarts: number;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: AppError): void;
}

/**
 * The main thread's side of the database. A worker that dies fails the calls that it held, and the next call (or
 * those that wait already) starts another one.
 */
export class DatabaseClient implements AsyncDisposable {
  readonly #options: DatabaseClientOptions;
  #connection: WorkerConnection | undefined;
  #refused = 0;
  #restarts = 0;
  #closing: Promise<void> | undefined;

  private constructor(options: DatabaseClientOptions) {
    this.#options = options;
  }

  /** @throws AppError `STORE_UNAVAILABLE`, `STORE_CORRUPT` or `STORE_TOO_NEW` when the database can't be opened */
  static async open(options: DatabaseClientOptions): Promise<DatabaseClient> {
    const client = new DatabaseClient(options);
    await client.#connect().opened;
    return client;
  }

  /** As `open`, but the thread starts with the first call, which fails when the database can't be opened. */
  static openLater(options: DatabaseClientOptions): DatabaseClient {
    return new DatabaseClient(options);
  }

  get counters(): DatabaseCounters {
    return { waiting: this.#connection?.waiting ?? 0, refused: this.#refused, restarts: this.#restarts };
  }

  async call<Name extends OperationName>(
    name: Name,
    ...parameters: Parameters<StoreOperations[Name]>
  ): Promise<Awaited<ReturnType<StoreOperations[Name]>>> {
    if (this.#closing !== undefined)
      throw new AppError('STORE_UNAVAILABLE', 'The store is closed.', { isRetryable: false });
    if (this.counters.waiting >= this.#options.maxWaiting) {
      this.#refused += 1;
      throw new AppError(
        'STORE_UNAVAILABLE',
        `${this.#options.maxWaiting} calls wait for the database already; expected fewer. Try again later.`,
      );
    }
    const value = await this.#connect().call(name, this.#options.clock.now(), parameters);
    // The worker answers each operation with what its own type promises.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    return value as Awaited<ReturnType<StoreOperations[Name]>>;
  }

  /** Calls made before are answered first. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#connection?.close() ?? Promise.resolve();
    await this.#closing;
  }

  #connect(): WorkerConnection {
    const { log } = this.#options;
    this.#connection ??= new WorkerConnection(this.#options, {
      onOpen: (unreadableSecrets) => {
        if (unreadableSecrets.length === 0) return;
        log.warn(
          { stage: 'store', secrets: unreadableSecrets },
          'stored secrets can not be read: put the former key back, or enter them again',
        );
      },
      onEnd: (error) => {
        this.#connection = undefined;
        if (error === undefined) return;
        this.#restarts += 1;
        log.error({ stage: 'store', error: error.message }, 'database worker lost');
      },
    });
    return this.#connection;
  }
}

interface ConnectionListener {
  readonly onOpen: (unreadableSecrets: readonly string[]) => void;
  /** Called once, with an error when the thread died by itself after it had opened the database. */
  readonly onEnd: (error: AppError | undefined) => void;
}

/** One life of the worker thread. */
class WorkerConnection {
  readonly opened: Promise<void>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #nextId = 0;
  #isClosing = false;

  constructor(
    { file, busyTimeoutMs, secretKeys, isReader }: DatabaseWorkerData,
    { onOpen, onEnd }: ConnectionListener,
  ) {
    const workerData: DatabaseWorkerData = { file, busyTimeoutMs, secretKeys, isReader };
    this.#worker = new Worker(siblingModule(import.meta.url, 'database-worker'), { workerData });
    const opened = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    this.opened = opened.promise;
    this.#ended = ended.promise;
    // Who only calls learns of it from the call.
    opened.promise.catch(() => undefined);
    let isOpen = false;
    let failure: AppError | undefined;
    this.#worker.on('message', (reply: DatabaseReply) => {
      switch (reply.kind) {
        case 'opened':
          isOpen = true;
          onOpen(reply.unreadableSecrets);
          opened.resolve();
          break;
        case 'notOpened':
          failure = fromErrorMessage(reply.error);
          break;
        case 'result':
          this.#take(reply.id)?.resolve(reply.value);
          break;
        case 'error':
          this.#take(reply.id)?.reject(fromErrorMessage(reply.error));
          break;
        default:
          reply satisfies never;
      }
    });
    this.#worker.on('error', (error) => {
      failure = lostError(messageOf(error), error);
    });
    this.#worker.on('exit', (code) => {
      const error = failure ?? lostError(`it ended with code ${code}`, undefined);
      onEnd(isOpen && !this.#isClosing ? error : undefined);
      opened.reject(error);
      for (const waiting of this.#waiting.values()) waiting.reject(error);
      this.#waiting.clear();
      ended.resolve();
    });
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  call(name: OperationName, now: number, parameters: readonly unknown[]): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = this.#nextId;
    this.#nextId += 1;
    this.#send({ kind: 'call', id, name, now, parameters });
    this.#waiting.set(id, { resolve, reject });
    return promise;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#send({ kind: 'close' });
    await this.#ended;
  }

  #send(request: DatabaseRequest): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#worker.postMessage(request);
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}

function lostError(reason: string, cause: unknown): AppError {
  return new AppError(
    'STORE_UNAVAILABLE',
    `The thread of the database was lost: ${reason}. It is started again; try again.`,
    { cause },
  );
}
