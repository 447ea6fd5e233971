import { sql, type Kysely } from 'kysely';
import type { DatabaseSchema } from './database-schema.ts';

type Db = Kysely<DatabaseSchema>;

/** A reservation that was never settled counts this long: nothing that a provider is asked takes a day. */
export const reservationLastsMs = 24 * 60 * 60 * 1_000;

/** What is spent and reserved, in billionths of a dollar. */
export interface Sums {
  readonly spent: number;
  readonly reserved: number;
  readonly calls: number;
  readonly unpricedCalls: number;
  readonly unpricedReserved: number;
}

export function used({ spent, reserved }: Sums): number {
  return spent + reserved;
}

/** @param period a day or a month: what begins with it */
export async function sumsOf(db: Db, now: number, period: string): Promise<Sums> {
  const spent = await db
    .selectFrom('provider_days')
    .select([
      sql<number>`coalesce(sum(cost_nano_usd), 0)`.as('spent'),
      sql<number>`coalesce(sum(calls), 0)`.as('calls'),
      sql<number>`coalesce(sum(unpriced_calls), 0)`.as('unpricedCalls'),
    ])
    .where('day', '>=', period)
    .where('day', '<', `${period}~`)
    .executeTakeFirstOrThrow();
  const open = await db
    .selectFrom('spend_reservations')
    .select([
      sql<number>`coalesce(sum(estimate_nano_usd), 0)`.as('reserved'),
      sql<number>`count(*) filter (where estimate_nano_usd is null)`.as('unpricedReserved'),
    ])
    .where('day', '>=', period)
    .where('day', '<', `${period}~`)
    .where('reserved_at', '>', now - reservationLastsMs)
    .executeTakeFirstOrThrow();
  return { ...spent, ...open };
}

/** Spent and reserved. */
export async function cameraSumOf(db: Db, now: number, day: string, cameraId: string): Promise<number> {
  const spent = await db
    .selectFrom('camera_days')
    .select('cost_nano_usd')
    .where('day', '=', day)
    .where('camera_id', '=', cameraId)
    .executeTakeFirst();
  const { reserved } = await db
    .selectFrom('spend_reservations')
    .select(sql<number>`coalesce(sum(estimate_nano_usd), 0)`.as('reserved'))
    .where('day', '=', day)
    .where('camera_id', '=', cameraId)
    .where('reserved_at', '>', now - reservationLastsMs)
    .executeTakeFirstOrThrow();
  return (spent?.cost_nano_usd ?? 0) + reserved;
}
