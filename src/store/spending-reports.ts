import { calendarDay, monthOf } from '../core/calendar-day.ts';
import type { OpenDatabase } from './open-database.ts';
import type { Budget, SpendPeriod, SpendSummary, UsageReport, UsageTotal } from './spending.ts';
import { toNano, toUsd } from './spending-amounts.ts';
import { sumsOf, used, type Sums } from './spending-sums.ts';

export async function summariseSpending(
  { database }: OpenDatabase,
  now: number,
  budget: Budget,
): Promise<SpendSummary> {
  const day = calendarDay(now, budget.timeZone);
  const month = monthOf(day);
  return {
    timeZone: budget.timeZone,
    today: toPeriod(day, await sumsOf(database, now, day), budget.dailyUsd),
    thisMonth: toPeriod(month, await sumsOf(database, now, month), budget.monthlyUsd),
  };
}

function toPeriod(name: string, sums: Sums, capUsd: number | null): SpendPeriod {
  return {
    name,
    spentUsd: toUsd(sums.spent),
    reservedUsd: toUsd(sums.reserved),
    capUsd,
    remainingUsd: capUsd === null ? null : toUsd(Math.max(0, toNano(capUsd) - used(sums))),
    calls: sums.calls,
    unpricedCalls: sums.unpricedCalls,
  };
}

export async function reportUsage(
  { database }: OpenDatabase,
  { from = '', to = '~' }: { readonly from?: string; readonly to?: string },
): Promise<UsageReport> {
  const rows = await database
    .selectFrom('provider_days')
    .selectAll()
    .where('day', '>=', from)
    .where('day', '<=', to)
    .orderBy('day', 'desc')
    .orderBy('provider')
    .execute();
  const total = { calls: 0, described: 0, inputTokens: 0, outputTokens: 0, costNano: 0, unpricedCalls: 0 };
  for (const row of rows) {
    total.calls += row.calls;
    total.described += row.described;
    total.inputTokens += row.input_tokens;
    total.outputTokens += row.output_tokens;
    total.costNano += row.cost_nano_usd;
    total.unpricedCalls += row.unpriced_calls;
  }
  const { costNano, ...counts } = total;
  return {
    days: rows.map((row) => ({
      day: row.day,
      provider: row.provider,
      calls: row.calls,
      described: row.described,
      inputTokens: row.input_tokens,
      outputTokens: row.output_tokens,
      costUsd: toUsd(row.cost_nano_usd),
      unpricedCalls: row.unpriced_calls,
    })),
    total: { ...counts, costUsd: toUsd(costNano) } satisfies UsageTotal,
  };
}
