import { AppError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { isTimeZone } from '../core/calendar-day.ts';
import type { DatabaseClient } from './database-client.ts';
import { unlimitedBudget, type Budget, type SpendAlert, type Spending } from './spending.ts';

/** The main thread's side of the ledger: it knows the budget, and passes the alerts on. */
export function createSpending(
  client: Pick<DatabaseClient, 'call'>,
  log: Logger,
  onAlert: ((alert: SpendAlert) => void) | undefined,
): Spending {
  let budget = unlimitedBudget;
  const tell = (alerts: readonly SpendAlert[]): void => {
    for (const alert of alerts) {
      log.warn(
        { stage: 'describe', ...alert },
        alert.percent === 100
          ? `the money for this ${alert.period} is used up: only free providers are asked`
          : `${alert.percent} % of the money for this ${alert.period} are spent`,
      );
      onAlert?.(alert);
    }
  };
  return {
    setBudget: (next) => {
      checkBudget(next);
      budget = next;
    },
    reserve: async (request) => {
      const { reservation, alerts } = await client.call('spending.reserve', budget, request);
      tell(alerts);
      return reservation;
    },
    settle: async (reservationId, attempt) => {
      tell(await client.call('spending.settle', budget, reservationId, attempt));
    },
    summary: () => client.call('spending.summary', budget),
    usage: (days = {}) => client.call('spending.usage', days),
  };
}

function checkBudget({ timeZone, ...limits }: Budget): void {
  for (const [name, limit] of Object.entries(limits)) {
    if (limit === null || (Number.isFinite(limit) && limit >= 0)) continue;
    throw new AppError('VALIDATION_FAILED', `${name}: received ${limit}, expected 0 or more, or no limit.`);
  }
  if (isTimeZone(timeZone)) return;
  throw new AppError(
    'VALIDATION_FAILED',
    `timeZone: received "${timeZone}", expected an IANA name such as Europe/Berlin.`,
  );
}
