import type { Delivery, DeliveryStore } from './event-store.ts';
import type { OpenDatabase } from './open-database.ts';
import { toDelivery } from './row-translation.ts';

export async function dueDeliveries(
  { database }: OpenDatabase,
  target: string,
  now: number,
  limit: number,
): Promise<Delivery[]> {
  const rows = await database
    .selectFrom('deliveries')
    .selectAll()
    .where('target', '=', target)
    .where('status', '=', 'pending')
    .where('next_attempt_at', '<=', now)
    .orderBy('next_attempt_at')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(toDelivery);
}

export async function markDeliverySent({ database }: OpenDatabase, id: string, now: number): Promise<void> {
  await database
    .updateTable('deliveries')
    .set((column) => ({
      status: 'sent',
      attempts: column('attempts', '+', 1),
      last_error: null,
      updated_at: now,
    }))
    .where('id', '=', id)
    .execute();
}

export async function markDeliveryFailed(
  { database }: OpenDatabase,
  id: string,
  error: string,
  nextAttemptAt: number | null,
  now: number,
): Promise<void> {
  await database
    .updateTable('deliveries')
    .set((column) => ({
      status: nextAttemptAt === null ? 'dead' : 'pending',
      attempts: column('attempts', '+', 1),
      next_attempt_at: nextAttemptAt ?? now,
      last_error: error,
      updated_at: now,
    }))
    .where('id', '=', id)
    .execute();
}

export async function retryDelivery(
  { database }: OpenDatabase,
  id: string,
  now: number,
): Promise<Delivery | undefined> {
  const row = await database
    .updateTable('deliveries')
    .set({ status: 'pending', next_attempt_at: now, updated_at: now })
    .where('id', '=', id)
    .where('status', 'in', ['pending', 'dead'])
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : toDelivery(row);
}

/** Newest first. */
export async function listDeliveries(
  { database }: OpenDatabase,
  query: Parameters<DeliveryStore['list']>[0],
): Promise<Awaited<ReturnType<DeliveryStore['list']>>> {
  const { status } = query;
  let matching = database.selectFrom('deliveries');
  if (status !== undefined) matching = matching.where('status', '=', status);
  const { total } = await matching
    .select((count) => count.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  const rows = await matching
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(query.limit)
    .offset(query.offset)
    .execute();
  return { deliveries: rows.map(toDelivery), totalCount: total };
}
