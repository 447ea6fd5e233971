import { sql, type Kysely } from 'kysely';
import { createId } from '../core/ids.ts';
import type { ProviderAttempt } from '../core/vision.ts';
import { calendarDay, monthOf } from '../core/calendar-day.ts';
import type { DatabaseSchema } from './database-schema.ts';
import type { OpenDatabase } from './open-database.ts';
import type { Budget, Reservation, SpendAlert, SpendRequest } from './spending.ts';
import { dollars, toCost, toEstimate, toNano, toUsd } from './spending-amounts.ts';
import { cameraSumOf, reservationLastsMs, sumsOf, used } from './spending-sums.ts';

type Db = Kysely<DatabaseSchema>;

const hourMs = 60 * 60 * 1_000;
const dayMs = 24 * hourMs;
/**
 * Calls older than this are deleted: long enough to look behind a bill that comes by the month. Nothing is added up from
 * them: the caps of a camera need the last hour, and every report the sums by day, which are kept.
 */
const callsKeptMs = 35 * dayMs;
/** Each call to come lets so many old ones go: never a year of them while somebody waits for the database. */
const callsForgottenAtOnce = 100;
const alertPercents = [50, 80, 100] as const;

/** Durable: a call that was made must count after a power failure too. */
export async function reserveSpending(
  { durably }: OpenDatabase,
  now: number,
  budget: Budget,
  request: SpendRequest,
): Promise<{ reservation: Reservation; alerts: SpendAlert[] }> {
  const { provider, model, eventId, cameraId } = request;
  const estimate = toEstimate(request.estimateUsd);
  return durably(async (transaction) => {
    await forgetOld(transaction, now);
    const day = calendarDay(now, budget.timeZone);
    if (estimate !== 0) {
      const refusal = await refusalOf(transaction, now, day, budget, request, estimate);
      if (refusal !== undefined) {
        return { reservation: refusal, alerts: await alertsOf(transaction, now, day, budget, estimate ?? 0) };
      }
    }
    const id = createId();
    await transaction
      .insertInto('spend_reservations')
      .values({
        id,
        provider,
        model,
        event_id: eventId,
        camera_id: cameraId,
        day,
        reserved_at: now,
        estimate_nano_usd: estimate,
      })
      .execute();
    return { reservation: { kind: 'reserved', id }, alerts: [] };
  });
}

/** Not durable: when the power fails before it is on the disk, the reservation counts in its place. */
export async function settleSpending(
  { database }: OpenDatabase,
  now: number,
  budget: Budget,
  reservationId: string,
  attempt: ProviderAttempt,
): Promise<SpendAlert[]> {
  return database.transaction().execute(async (transaction) => {
    const reservation = await transaction
      .deleteFrom('spend_reservations')
      .where('id', '=', reservationId)
      .returningAll()
      .executeTakeFirst();
    // Settled before, by a call whose answer got lost.
    if (reservation === undefined) return [];
    const known = toCost(attempt.costUsd) ?? reservation.estimate_nano_usd;
    await transaction
      .insertInto('provider_calls')
      .values({
        ...reservation,
        model: attempt.model ?? reservation.model,
        latency_ms: attempt.latencyMs,
        outcome: attempt.outcome,
        input_tokens: attempt.inputTokens,
        output_tokens: attempt.outputTokens,
        cost_nano_usd: known,
      })
      .execute();
    await addToSums(transaction, reservation, attempt, known);
    return known === null || known === 0
      ? []
      : alertsOf(transaction, now, calendarDay(now, budget.timeZone), budget, 0);
  });
}

async function addToSums(
  transaction: Db,
  { day, provider, camera_id }: { day: string; provider: string; camera_id: string },
  attempt: ProviderAttempt,
  cost: number | null,
): Promise<void> {
  const added = {
    calls: 1,
    described: attempt.outcome === 'described' ? 1 : 0,
    input_tokens: attempt.inputTokens ?? 0,
    output_tokens: attempt.outputTokens ?? 0,
    cost_nano_usd: cost ?? 0,
    unpriced_calls: cost === null ? 1 : 0,
  };
  await transaction
    .insertInto('provider_days')
    .values({ day, provider, ...added })
    .onConflict((conflict) =>
      conflict.columns(['day', 'provider']).doUpdateSet((column) => ({
        calls: column('provider_days.calls', '+', added.calls),
        described: column('provider_days.described', '+', added.described),
        input_tokens: column('provider_days.input_tokens', '+', added.input_tokens),
        output_tokens: column('provider_days.output_tokens', '+', added.output_tokens),
        cost_nano_usd: column('provider_days.cost_nano_usd', '+', added.cost_nano_usd),
        unpriced_calls: column('provider_days.unpriced_calls', '+', added.unpriced_calls),
      })),
    )
    .execute();
  if (added.cost_nano_usd === 0) return;
  await transaction
    .insertInto('camera_days')
    .values({ day, camera_id, cost_nano_usd: added.cost_nano_usd })
    .onConflict((conflict) =>
      conflict.columns(['day', 'camera_id']).doUpdateSet((column) => ({
        cost_nano_usd: column('camera_days.cost_nano_usd', '+', added.cost_nano_usd),
      })),
    )
    .execute();
}

type Refusal = Extract<Reservation, { kind: 'over_budget' }>;

async function refusalOf(
  transaction: Db,
  now: number,
  day: string,
  budget: Budget,
  { cameraId, eventId }: SpendRequest,
  estimate: number | null,
): Promise<Refusal | undefined> {
  const today = await sumsOf(transaction, now, day);
  const month = await sumsOf(transaction, now, monthOf(day));
  const camera = await cameraSumOf(transaction, now, day, cameraId);
  const caps = [
    ['daily', 'Of the daily cap of', 'vision.budget.daily_usd', budget.dailyUsd, used(today)],
    ['monthly', 'Of the monthly cap of', 'vision.budget.monthly_usd', budget.monthlyUsd, used(month)],
    [
      'camera',
      "Of the camera's daily cap of",
      'vision.budget.camera_daily_usd',
      budget.cameraDailyUsd,
      camera,
    ],
  ] as const;
  for (const [cap, words, setting, capUsd, usedNano] of caps) {
    if (capUsd === null) continue;
    const capNano = toNano(capUsd);
    // A call whose price is not known fits as long as anything is left.
    const isPassed = estimate === null ? usedNano >= capNano : usedNano + estimate > capNano;
    if (!isPassed) continue;
    const wanted =
      estimate === null ? 'the price of this call is not known' : `this call may cost ${dollars(estimate)}`;
    const message = `${words} ${dollars(capNano)} (${setting}) ${dollars(usedNano)} are spent or reserved; ${wanted}.`;
    return { kind: 'over_budget', cap, spentUsd: toUsd(usedNano), capUsd, message };
  }
  const { unpricedCallsPerDay: unpricedCap } = budget;
  if (
    estimate === null &&
    unpricedCap !== null &&
    today.unpricedCalls + today.unpricedReserved >= unpricedCap
  ) {
    const spentUsd = toUsd(used(today));
    const message =
      `All ${unpricedCap} calls a day of models whose price is not known (vision.budget.unpriced_calls_per_day) ` +
      "are made; a price in the provider's entry lets its calls count as money instead.";
    return { kind: 'over_budget', cap: 'daily', spentUsd, capUsd: spentUsd, message };
  }
  const eventCap = await cameraEventCap(transaction, cameraId);
  if (eventCap !== null && (await otherEventsOf(transaction, now, cameraId, eventId)) >= eventCap) {
    const spentUsd = toUsd(camera);
    const message =
      `Paid providers were asked for ${eventCap} events of this camera in the last hour already ` +
      '(vision.max_events_per_hour of the camera).';
    return { kind: 'over_budget', cap: 'camera', spentUsd, capUsd: spentUsd, message };
  }
  return undefined;
}

async function cameraEventCap(db: Db, cameraId: string): Promise<number | null> {
  const camera = await db
    .selectFrom('cameras')
    .select('max_events_per_hour')
    .where('id', '=', cameraId)
    .executeTakeFirst();
  return camera?.max_events_per_hour ?? null;
}

/** The other events of the camera for which something that is not free was asked in the last hour. */
async function otherEventsOf(
  transaction: Db,
  now: number,
  cameraId: string,
  eventId: string,
): Promise<number> {
  const { rows } = await sql<{ events: number }>`
    select count(*) as events from (
      select event_id from provider_calls
        where camera_id = ${cameraId} and reserved_at > ${now - hourMs} and estimate_nano_usd is not 0
      union
      select event_id from spend_reservations
        where camera_id = ${cameraId} and reserved_at > ${now - hourMs} and estimate_nano_usd is not 0
    ) where event_id is not ${eventId}`.execute(transaction);
  return rows[0]?.events ?? 0;
}

/**
 * Those shares of the caps that are passed and were not told of yet.
 *
 * @param wanted what a refused call might have cost: a cap that has no room for it is used up
 */
async function alertsOf(
  transaction: Db,
  now: number,
  day: string,
  budget: Budget,
  wanted: number,
): Promise<SpendAlert[]> {
  const alerts: SpendAlert[] = [];
  const periods = [
    ['day', day, budget.dailyUsd],
    ['month', monthOf(day), budget.monthlyUsd],
  ] as const;
  for (const [period, name, capUsd] of periods) {
    if (capUsd === null || capUsd === 0) continue;
    const capNano = toNano(capUsd);
    const { spent } = await sumsOf(transaction, now, name);
    for (const percent of alertPercents) {
      const isPassed = spent * 100 >= capNano * percent || (wanted > 0 && spent + wanted > capNano);
      if (!isPassed) continue;
      const inserted = await transaction
        .insertInto('spend_alerts')
        .values({ period: name, cap_nano_usd: capNano, percent, alerted_at: now })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (inserted.numInsertedOrUpdatedRows !== 1n) continue;
      alerts.push({ period, name, percent, spentUsd: toUsd(spent), capUsd });
    }
  }
  return alerts;
}

/** A settle may come late, so a reservation is kept longer than it counts. */
async function forgetOld(db: Db, now: number): Promise<void> {
  await db
    .deleteFrom('spend_reservations')
    .where('reserved_at', '<', now - 7 * reservationLastsMs)
    .execute();
  await db
    .deleteFrom('provider_calls')
    .where('id', 'in', (build) =>
      build
        .selectFrom('provider_calls')
        .select('id')
        .where('reserved_at', '<', now - callsKeptMs)
        .orderBy('reserved_at')
        .limit(callsForgottenAtOnce),
    )
    .execute();
}
