import { z } from 'zod';
import type { BudgetService } from '../api/ai-services.ts';
import { AppError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { isTimeZone } from '../core/calendar-day.ts';
import type { Store } from '../store/event-store.ts';
import type { Budget } from '../store/spending.ts';

/** Name of the setting that holds the budget saved over the API. */
const settingName = 'vision.budget';

const limit = z.number().min(0).nullable();

const savedSchema = z.object({
  daily_usd: limit,
  monthly_usd: limit,
  camera_daily_usd: limit,
  unpriced_calls_per_day: limit,
  time_zone: z.string().refine(isTimeZone),
});

export interface BudgetSettingsOptions {
  /** `config.vision.budget`: of the file, or the defaults. */
  readonly configured: Budget;
  /** The file has a budget: then it is changed there only. */
  readonly isSetInFile: boolean;
  readonly store: Pick<Store, 'settings' | 'spending'>;
  readonly log: Logger;
}

/** What may be spent: by the configuration file, else as saved over the API, else the defaults. In force when this resolves. */
export async function createBudgetSettings({
  configured,
  isSetInFile,
  store,
  log,
}: BudgetSettingsOptions): Promise<BudgetService> {
  let inForce = isSetInFile ? configured : await load();
  store.spending.setBudget(inForce);
  /** One budget is saved after the other. */
  let saving: Promise<unknown> = Promise.resolve();

  async function load(): Promise<Budget> {
    const saved = await store.settings.get(settingName);
    if (saved === undefined) return configured;
    const parsed = savedSchema.safeParse(saved);
    if (parsed.success) return toBudget(parsed.data);
    log.warn(
      { setting: settingName },
      'the saved budget is not understood: the one of the configuration holds',
    );
    return configured;
  }

  async function save(budget: Budget): Promise<void> {
    // Refuses what makes no sense, and holds before it is saved: a lower cap counts at once.
    store.spending.setBudget(budget);
    try {
      await store.settings.set(settingName, toSaved(budget));
    } catch (error) {
      store.spending.setBudget(inForce);
      throw error;
    }
    inForce = budget;
    log.info({ ...toSaved(budget) }, 'the vision budget was changed');
  }

  return {
    isReadOnly: isSetInFile,
    current: () => inForce,
    replace: async (budget) => {
      if (isSetInFile) {
        throw new AppError(
          'BUDGET_IN_CONFIG',
          'The configuration file sets the budget (vision.budget): change it there and restart, or take it out of the file.',
        );
      }
      const before = saving;
      const mine = (async () => {
        await before;
        await save(budget);
      })();
      // Whoever comes next waits for this one, however it ends.
      saving = mine.catch(() => undefined);
      await mine;
    },
  };
}

function toBudget(saved: z.output<typeof savedSchema>): Budget {
  return {
    dailyUsd: saved.daily_usd,
    monthlyUsd: saved.monthly_usd,
    cameraDailyUsd: saved.camera_daily_usd,
    unpricedCallsPerDay: saved.unpriced_calls_per_day,
    timeZone: saved.time_zone,
  };
}

function toSaved(budget: Budget): z.output<typeof savedSchema> {
  return {
    daily_usd: budget.dailyUsd,
    monthly_usd: budget.monthlyUsd,
    camera_daily_usd: budget.cameraDailyUsd,
    unpriced_calls_per_day: budget.unpricedCallsPerDay,
    time_zone: budget.timeZone,
  };
}
