import { statSync } from 'node:fs';
import type { CameraStore, DeliveryStore, EventStore, SettingStore, Store } from './event-store.ts';
import { captureEvent } from './capture-operations.ts';
import { clearTombstones, deleteBatch, listTombstones } from './cleanup-operations.ts';
import type { CleanupStore } from './cleanup-store.ts';
import type { SecretStore } from './secret-store.ts';
import type { SpendingCalls } from './spending.ts';
import {
  createCamera,
  deleteCamera,
  getCamera,
  listCameras,
  replaceCameras,
  updateCamera,
} from './camera-operations.ts';
import { beginClip, failOpenClips, finishClip } from './clip-operations.ts';
import {
  dueDeliveries,
  listDeliveries,
  markDeliveryFailed,
  markDeliverySent,
  retryDelivery,
} from './delivery-operations.ts';
import { eventAttempts, finishEvent, improveDescription } from './description-operations.ts';
import { evidenceOf, motionRows } from './evidence-operations.ts';
import { listEvents, walkEvents } from './event-list.ts';
import { eventStats } from './event-stats.ts';
import {
  annotateEvent,
  beginAttempt,
  closeOpenEpisodes,
  deleteEvent,
  existingEvents,
  extendEvent,
  getEvent,
  pendingJobs,
  releaseAttempt,
} from './event-operations.ts';
import {
  addNotification,
  camerasToldLost,
  getNotification,
  listNotifications,
  markAllNotificationsRead,
  markNotificationRead,
} from './notification-operations.ts';
import type { NotificationStore } from './notification-store.ts';
import type { OpenDatabase } from './open-database.ts';
import { describeRequestsOf, requeueEvents, undescribedEvents } from './requeue-operations.ts';
import { deleteSecret, getSecret, listSecrets, rotateSecrets, setSecret } from './sealed-secrets.ts';
import { recordSent, sentRequestsOf } from './sent-operations.ts';
import { reserveSpending, settleSpending } from './spending-operations.ts';
import { reportUsage, summariseSpending } from './spending-reports.ts';

/** Prefixes the methods of a part of the store with its name: `events.capture`. */
type Prefixed<Part extends string, Methods> = {
  [Name in keyof Methods & string as `${Part}.${Name}`]: Methods[Name];
};

/** What crosses to the worker thread: the methods of the port under their full names. */
export type StoreOperations = Prefixed<'events', EventStore> &
  Prefixed<'cameras', CameraStore> &
  Prefixed<'deliveries', DeliveryStore> &
  Prefixed<'notifications', NotificationStore> &
  Prefixed<'settings', SettingStore> &
  Prefixed<'spending', SpendingCalls> &
  Prefixed<'secrets', SecretStore> &
  Prefixed<'cleanup', CleanupStore> & { 'store.checkHealth': Store['checkHealth'] };

export type OperationName = keyof StoreOperations;

/** @param now the caller's clock when it called, epoch ms */
export function createOperations(open: OpenDatabase, now: () => number): StoreOperations {
  return {
    'events.capture': (event) => captureEvent(open, now(), event),
    'events.finish': (request) => finishEvent(open, now(), request),
    'events.improve': (request) => improveDescription(open, now(), request),
    'events.attempts': (eventId) => eventAttempts(open, eventId),
    'events.requeue': (request) => requeueEvents(open, now(), request),
    'events.undescribed': (query) => undescribedEvents(open, query),
    'events.describeRequests': (eventId) => describeRequestsOf(open, eventId),
    'events.recordSent': (eventId, request) => recordSent(open, now(), eventId, request),
    'events.sentRequests': (eventId) => sentRequestsOf(open, eventId),
    'events.extend': (eventId, change) => extendEvent(open, now(), eventId, change),
    'events.motion': (query) => motionRows(open, query),
    'events.evidence': (eventIds) => evidenceOf(open, eventIds),
    'events.annotate': (eventId, annotation) => annotateEvent(open, now(), eventId, annotation),
    'events.beginAttempt': (eventId) => beginAttempt(open, eventId),
    'events.releaseAttempt': (eventId) => releaseAttempt(open, eventId),
    'events.pendingJobs': () => pendingJobs(open),
    'events.get': (id) => getEvent(open, id),
    'events.list': (query) => listEvents(open, query),
    'events.stats': (query) => eventStats(open, query),
    'events.walk': (query) => walkEvents(open, query),
    'events.delete': (id) => deleteEvent(open, now(), id),
    'events.beginClip': (eventId, path) => beginClip(open, eventId, path),
    'events.finishClip': (eventId, outcome) => finishClip(open, now(), eventId, outcome),
    'events.failOpenClips': (reason) => failOpenClips(open, now(), reason),
    'events.closeOpenEpisodes': () => closeOpenEpisodes(open, now()),
    'events.existing': (ids) => existingEvents(open, ids),
    'cameras.list': () => listCameras(open),
    'cameras.get': (id) => getCamera(open, id),
    'cameras.create': (camera) => createCamera(open, now(), camera),
    'cameras.update': (id, change) => updateCamera(open, now(), id, change),
    'cameras.delete': (id) => deleteCamera(open, now(), id),
    'cameras.replaceAll': (origin, cameras) => replaceCameras(open, now(), origin, cameras),
    'deliveries.due': (target, dueAt, limit) => dueDeliveries(open, target, dueAt, limit),
    'deliveries.markSent': (id, sentAt) => markDeliverySent(open, id, sentAt),
    'deliveries.markFailed': (id, error, nextAttemptAt, failedAt) =>
      markDeliveryFailed(open, id, error, nextAttemptAt, failedAt),
    'deliveries.retry': (id, dueAt) => retryDelivery(open, id, dueAt),
    'deliveries.list': (query) => listDeliveries(open, query),
    'notifications.add': (notification, deliverTo) => addNotification(open, now(), notification, deliverTo),
    'notifications.get': (id) => getNotification(open, id),
    'notifications.list': (query) => listNotifications(open, query),
    'notifications.markRead': (id, readAt) => markNotificationRead(open, id, readAt),
    'notifications.markAllRead': (readAt) => markAllNotificationsRead(open, readAt),
    'notifications.toldLost': () => camerasToldLost(open),
    'settings.get': (key) => getSetting(open, key),
    'settings.set': (key, value) => setSetting(open, now(), key, value),
    'spending.reserve': (budget, request) => reserveSpending(open, now(), budget, request),
    'spending.settle': (budget, id, attempt) => settleSpending(open, now(), budget, id, attempt),
    'spending.summary': (budget) => summariseSpending(open, now(), budget),
    'spending.usage': (days) => reportUsage(open, days),
    'secrets.get': (name) => getSecret(open, name),
    'secrets.set': (name, value) => setSecret(open, now(), name, value),
    'secrets.delete': (name) => deleteSecret(open, name),
    'secrets.list': () => listSecrets(open),
    'secrets.rotate': () => rotateSecrets(open),
    'cleanup.deleteBatch': (request) => deleteBatch(open, now(), request),
    'cleanup.tombstones': (limit) => listTombstones(open, limit),
    'cleanup.clearTombstones': (paths) => clearTombstones(open, paths),
    'store.checkHealth': () => checkHealth(open, now()),
  };
}

async function getSetting({ database }: OpenDatabase, key: string): Promise<unknown> {
  const row = await database
    .selectFrom('settings')
    .select('value_json')
    .where('key', '=', key)
    .executeTakeFirst();
  return row === undefined ? undefined : (JSON.parse(row.value_json) as unknown);
}

/** `undefined` deletes it. */
async function setSetting(
  { durably }: OpenDatabase,
  now: number,
  key: string,
  value: unknown,
): Promise<void> {
  await durably(async (transaction) => {
    if (value === undefined) {
      await transaction.deleteFrom('settings').where('key', '=', key).execute();
      return;
    }
    const row = { value_json: JSON.stringify(value), updated_at: now };
    await transaction
      .insertInto('settings')
      .values({ key, ...row })
      .onConflict((conflict) => conflict.column('key').doUpdateSet(row))
      .execute();
  });
}

async function checkHealth(
  open: OpenDatabase,
  now: number,
): Promise<{ schemaVersion: number; sizeBytes: number }> {
  await open.database
    .insertInto('health_checks')
    .values({ id: 1, checked_at: now })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ checked_at: now }))
    .execute();
  await open.database.selectFrom('health_checks').select('checked_at').executeTakeFirstOrThrow();
  const sizeBytes = [open.file, `${open.file}-wal`]
    .map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
  return { schemaVersion: open.schemaVersion, sizeBytes };
}
