import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';
import { DatabaseClient, type DatabaseCounters } from './database-client.ts';
import type { Store } from './event-store.ts';
import { createSpending } from './open-spending.ts';
import type { SpendAlert } from './spending.ts';
import { lockFolder } from './folder-lock.ts';
import { finishRestore, isRestoreReady } from './restore-swap.ts';
import { toStoreError } from './store-errors.ts';

export interface OpenStoreOptions {
  /** Made when it is not there. Holds `vedette.db`, its copies, and the pictures. */
  readonly dataDir: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** How long a call waits for another program that holds the database. */
  readonly busyTimeoutMs?: number;
  /** Calls that may wait at once; one more is refused with `STORE_UNAVAILABLE` and counted. */
  readonly maxWaiting?: number;
  /** Where the key of the secrets may stand (secret-keys.ts); the process's own unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Told when a share of a spending cap is passed; it is logged in any case. */
  readonly onSpendAlert?: (alert: SpendAlert) => void;
}

export interface SqliteStore extends Store {
  /** The database, for `maintenance.ts`. */
  readonly file: string;
  readonly counters: DatabaseCounters;
}

/**
 * @throws AppError `STORE_IN_USE` when another process has the folder, `STORE_TOO_NEW`, `STORE_CORRUPT` or
 *   `STORE_UNAVAILABLE`
 */
export async function openStore(given: OpenStoreOptions): Promise<SqliteStore> {
  const { log, clock, busyTimeoutMs = 5_000, maxWaiting = 10_000, env = process.env, onSpendAlert } = given;
  const dataDir = resolve(given.dataDir);
  const file = join(dataDir, 'vedette.db');
  await using cleanup = new AsyncDisposableStack();
  try {
    await mkdir(dataDir, { recursive: true });
    cleanup.use(lockFolder(dataDir));
    if (isRestoreReady(dataDir)) {
      log.warn({ replaced: finishRestore(dataDir) }, 'a restore that was cut off is carried to its end');
    }
  } catch (error) {
    throw toStoreError(error, file);
  }
  const secretKeys = {
    env: pick(env, ['VEDETTE_SECRET_KEY', 'CREDENTIALS_DIRECTORY']),
    keyFile: join(dataDir, 'secret.key'),
  };
  const options = { file, busyTimeoutMs, secretKeys, maxWaiting, log, clock };
  const client = cleanup.use(await DatabaseClient.open({ ...options, isReader: false }));
  // What may take long to find waits for no write, and no write for it.
  const reader = cleanup.use(DatabaseClient.openLater({ ...options, isReader: true }));
  const resources = cleanup.move();
  return {
    file,
    get counters() {
      return addCounters(client.counters, reader.counters);
    },
    events: {
      capture: (event) => client.call('events.capture', event),
      finish: (request) => client.call('events.finish', request),
      improve: (request) => client.call('events.improve', request),
      attempts: (eventId) => client.call('events.attempts', eventId),
      requeue: (request) => client.call('events.requeue', request),
      undescribed: (query) => client.call('events.undescribed', query),
      describeRequests: (eventId) => client.call('events.describeRequests', eventId),
      recordSent: (eventId, request) => client.call('events.recordSent', eventId, request),
      sentRequests: (eventId) => client.call('events.sentRequests', eventId),
      extend: (eventId, change) => client.call('events.extend', eventId, change),
      motion: (query) => reader.call('events.motion', query),
      evidence: (eventIds) => reader.call('events.evidence', eventIds),
      annotate: (eventId, annotation) => client.call('events.annotate', eventId, annotation),
      beginAttempt: (eventId) => client.call('events.beginAttempt', eventId),
      releaseAttempt: (eventId) => client.call('events.releaseAttempt', eventId),
      pendingJobs: () => client.call('events.pendingJobs'),
      get: (id) => client.call('events.get', id),
      list: (query) => reader.call('events.list', query),
      stats: (query) => reader.call('events.stats', query),
      walk: (query) => reader.call('events.walk', query),
      delete: (id) => client.call('events.delete', id),
      beginClip: (eventId, path) => client.call('events.beginClip', eventId, path),
      finishClip: (eventId, outcome) => client.call('events.finishClip', eventId, outcome),
      failOpenClips: (reason) => client.call('events.failOpenClips', reason),
      closeOpenEpisodes: () => client.call('events.closeOpenEpisodes'),
      existing: (ids) => client.call('events.existing', ids),
    },
    cameras: {
      list: () => client.call('cameras.list'),
      get: (id) => client.call('cameras.get', id),
      create: (camera) => client.call('cameras.create', camera),
      update: (id, change) => client.call('cameras.update', id, change),
      delete: (id) => client.call('cameras.delete', id),
      replaceAll: (origin, cameras) => client.call('cameras.replaceAll', origin, cameras),
    },
    deliveries: {
      due: (target, now, limit) => client.call('deliveries.due', target, now, limit),
      markSent: (id, now) => client.call('deliveries.markSent', id, now),
      markFailed: (id, error, nextAttemptAt, now) =>
        client.call('deliveries.markFailed', id, error, nextAttemptAt, now),
      retry: (id, now) => client.call('deliveries.retry', id, now),
      list: (query) => client.call('deliveries.list', query),
    },
    notifications: {
      add: (notification, deliverTo) => client.call('notifications.add', notification, deliverTo),
      get: (id) => client.call('notifications.get', id),
      list: (query) => client.call('notifications.list', query),
      markRead: (id, now) => client.call('notifications.markRead', id, now),
      markAllRead: (now) => client.call('notifications.markAllRead', now),
      toldLost: () => client.call('notifications.toldLost'),
    },
    settings: {
      get: (key) => client.call('settings.get', key),
      set: (key, value) => client.call('settings.set', key, value),
    },
    spending: createSpending(client, log, onSpendAlert),
    secrets: {
      get: (name) => client.call('secrets.get', name),
      set: (name, value) => client.call('secrets.set', name, value),
      delete: (name) => client.call('secrets.delete', name),
      list: () => client.call('secrets.list'),
      rotate: () => client.call('secrets.rotate'),
    },
    cleanup: {
      deleteBatch: (request) => client.call('cleanup.deleteBatch', request),
      tombstones: (limit) => client.call('cleanup.tombstones', limit),
      clearTombstones: (paths) => client.call('cleanup.clearTombstones', paths),
    },
    checkHealth: () => client.call('store.checkHealth'),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function addCounters(one: DatabaseCounters, other: DatabaseCounters): DatabaseCounters {
  return {
    waiting: one.waiting + other.waiting,
    refused: one.refused + other.refused,
    restarts: one.restarts + other.restarts,
  };
}

/** Only what the thread needs crosses to it. */
function pick(env: OpenStoreOptions['env'], names: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(names.map((name) => [name, env?.[name]]));
}
