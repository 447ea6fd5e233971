import { z } from 'zod';
import { isTimeZone } from '../core/calendar-day.ts';
import type { Budget, SpendPeriod, SpendSummary, UsageReport } from '../store/spending.ts';
import type { BudgetService, ProviderEstimate } from './ai-services.ts';
import { toWireUsd } from '../core/wire-values.ts';

const usd = z.number().meta({ description: 'US dollars' });

const periodSchema = z.object({
  name: z.string().meta({ description: '`2026-11-23`, `2026-11`: in the time zone of the budget' }),
  spent_usd: usd,
  reserved_usd: z.number().meta({ description: 'What calls that have not ended may still cost' }),
  cap_usd: z.number().nullable(),
  remaining_usd: z.number().nullable().meta({ description: 'null without a cap' }),
  calls: z.int(),
  unpriced_calls: z.int().meta({ description: 'Calls among them whose price is not known' }),
  alert_percent: z
    .union([z.literal(50), z.literal(80), z.literal(100)])
    .nullable()
    .meta({ description: 'The share of the cap that was passed; null below one half, or without a cap' }),
});

const sumsShape = {
  calls: z.int(),
  described: z.int(),
  input_tokens: z.int(),
  output_tokens: z.int(),
  cost_usd: z.number().meta({ description: 'Of the calls whose cost is known' }),
  unpriced_calls: z.int(),
};

export const usageSchema = z
  .object({
    days: z
      .array(z.object({ day: z.string(), provider: z.string(), ...sumsShape }))
      .meta({ description: 'Newest first, then by provider' }),
    total_count: z.int(),
    from: z.string(),
    to: z.string(),
    total: z.object(sumsShape),
    time_zone: z.string(),
    today: periodSchema,
    this_month: periodSchema,
  })
  .meta({ id: 'Usage' });

export const usageQuery = z.strictObject({
  from: z.iso
    .date('a day such as 2026-11-01')
    .optional()
    .meta({ description: 'First day; 30 days before the last one unless given' }),
  to: z.iso.date('a day such as 2026-11-30').optional().meta({ description: 'Last day; today unless given' }),
});

const maxUsd = 1_000_000;
const cap = z.number().min(0).max(maxUsd).nullable();

const budgetShape = {
  daily_usd: cap.meta({ description: 'US dollars a day; 0 asks no paid provider, null is no limit' }),
  monthly_usd: cap.meta({ description: 'US dollars a calendar month' }),
  camera_daily_usd: cap.meta({ description: 'US dollars a day for the events of one camera' }),
  unpriced_calls_per_day: z
    .int()
    .min(0)
    .max(1_000_000)
    .nullable()
    .meta({ description: 'Calls a day of models whose price is not known' }),
};

export const budgetSchema = z
  .object({ ...budgetShape, time_zone: z.string(), is_read_only: z.boolean() })
  .meta({ id: 'Budget' });

/** Every limit has to be named: none is lifted by being forgotten. */
export const budgetBodySchema = z
  .strictObject({
    ...budgetShape,
    time_zone: z
      .string()
      .refine(isTimeZone, 'the IANA name of a time zone, such as Europe/Berlin')
      .optional()
      .meta({ description: 'Whose midnight ends the day; kept when it is left out' }),
  })
  .meta({ id: 'BudgetBody' });

export const estimateSchema = z
  .object({
    events: z.int(),
    provider: z
      .string()
      .nullable()
      .meta({ description: 'Who would be asked first; null when nobody may be' }),
    usd_per_event: z.number().nullable().meta({ description: 'At most; null when the price is not known' }),
    total_usd: z.number().nullable(),
    is_free: z.boolean(),
    remaining_usd: z
      .number()
      .nullable()
      .meta({ description: 'What the caps leave today; null without caps' }),
    providers: z.array(
      z.object({
        name: z.string(),
        model: z.string().nullable(),
        may_be_asked: z.boolean().meta({ description: 'False when a key is missing' }),
        usd_per_event: z.number().nullable(),
        total_usd: z.number().nullable(),
      }),
    ),
  })
  .meta({ id: 'Estimate' });

function toPeriodWire(period: SpendPeriod): z.output<typeof periodSchema> {
  return {
    name: period.name,
    spent_usd: period.spentUsd,
    reserved_usd: period.reservedUsd,
    cap_usd: period.capUsd,
    remaining_usd: period.remainingUsd,
    calls: period.calls,
    unpriced_calls: period.unpricedCalls,
    alert_percent: alertPercent(period),
  };
}

function alertPercent({ spentUsd, capUsd }: SpendPeriod): 50 | 80 | 100 | null {
  if (capUsd === null) return null;
  return ([100, 80, 50] as const).find((percent) => spentUsd * 100 >= capUsd * percent) ?? null;
}

export function toUsageWire(
  { days, total }: UsageReport,
  { timeZone, today, thisMonth }: SpendSummary,
  span: { readonly from: string; readonly to: string },
): z.output<typeof usageSchema> {
  return {
    days: days.map(({ day, provider, ...sums }) => ({ day, provider, ...toSumsWire(sums) })),
    total_count: days.length,
    ...span,
    total: toSumsWire(total),
    time_zone: timeZone,
    today: toPeriodWire(today),
    this_month: toPeriodWire(thisMonth),
  };
}

function toSumsWire(sums: UsageReport['total']) {
  return {
    calls: sums.calls,
    described: sums.described,
    input_tokens: sums.inputTokens,
    output_tokens: sums.outputTokens,
    cost_usd: sums.costUsd,
    unpriced_calls: sums.unpricedCalls,
  };
}

export function toBudgetWire(budget: BudgetService): z.output<typeof budgetSchema> {
  const { dailyUsd, monthlyUsd, cameraDailyUsd, unpricedCallsPerDay, timeZone } = budget.current();
  return {
    daily_usd: dailyUsd,
    monthly_usd: monthlyUsd,
    camera_daily_usd: cameraDailyUsd,
    unpriced_calls_per_day: unpricedCallsPerDay,
    time_zone: timeZone,
    is_read_only: budget.isReadOnly,
  };
}

export function toBudget(body: z.output<typeof budgetBodySchema>, current: Budget): Budget {
  return {
    dailyUsd: body.daily_usd,
    monthlyUsd: body.monthly_usd,
    cameraDailyUsd: body.camera_daily_usd,
    unpricedCallsPerDay: body.unpriced_calls_per_day,
    timeZone: body.time_zone ?? current.timeZone,
  };
}

export function toEstimateWire(
  events: number,
  estimates: readonly ProviderEstimate[],
  { today, thisMonth }: SpendSummary,
): z.output<typeof estimateSchema> {
  const first = estimates.find(({ mayBeAsked }) => mayBeAsked);
  const left = [today.remainingUsd, thisMonth.remainingUsd].filter((usd) => usd !== null);
  return {
    events,
    provider: first?.name ?? null,
    usd_per_event: toWireUsd(first?.usdPerEvent ?? null),
    total_usd: times(events, first?.usdPerEvent ?? null),
    is_free: first?.usdPerEvent === 0,
    remaining_usd: left.length === 0 ? null : Math.min(...left),
    providers: estimates.map(({ name, model, mayBeAsked, usdPerEvent }) => ({
      name,
      model,
      may_be_asked: mayBeAsked,
      usd_per_event: toWireUsd(usdPerEvent),
      total_usd: times(events, usdPerEvent),
    })),
  };
}

function times(events: number, usd: number | null): number | null {
  return toWireUsd(usd === null ? null : events * usd);
}
