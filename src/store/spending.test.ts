import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { spendingRig } from '../../test/support/spending-rig.ts';
import { exampleAttempt, exampleCamera } from '../../test/support/store-examples.ts';
import { createId } from '../core/ids.ts';
import { type Budget } from './spending.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const rig = spendingRig();
const { openAgain, allow, reserve, spend, told, ledger } = rig;

describe('the daily cap', () => {
  const cents = fc.oneof(fc.integer({ min: 0, max: 400_000_000 }), fc.integer({ min: 1, max: 40_000_000 }));

  test('is not passed by fifty reservations at once, and refuses only what does not fit', async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(cents, { minLength: 50, maxLength: 50 }), async (sizes) => {
        await rig.clock.advance(2 * dayMs);
        allow({ dailyUsd: 1 });
        const estimates = sizes.map((size) => size / 1e9);
        const answers = await Promise.all(estimates.map((estimate) => reserve(estimate)));
        const granted = sizes.filter((_, index) => answers[index]?.kind === 'reserved');
        const total = granted.reduce((sum, size) => sum + size, 0);
        expect(total).toBeLessThanOrEqual(1e9);
        for (const [index, answer] of answers.entries()) {
          if (answer.kind === 'reserved') continue;
          refused += 1;
          expect(answer).toMatchObject({ cap: 'daily', capUsd: 1 });
          expect(total + (sizes[index] ?? 0)).toBeGreaterThan(1e9);
        }
        const { today } = await rig.store.spending.summary();
        expect(Math.round(today.reservedUsd * 1e9)).toBe(total);
        expect(today.remainingUsd).toBeCloseTo(1 - total / 1e9, 9);
      }),
      { numRuns: 25 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  test('is not passed by five workers that reserve and settle', async () => {
    const call = fc.record({
      estimate: fc.integer({ min: 60_000_000, max: 200_000_000 }),
      /** Of the estimate; `null` when the service did not say. */
      share: fc.option(fc.double({ min: 0.4, max: 1, noNaN: true })),
      outcome: fc.constantFrom('described', 'timeout', 'bad_answer'),
    });
    const workers = fc.array(fc.array(call, { minLength: 8, maxLength: 8 }), {
      minLength: 5,
      maxLength: 5,
    });
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(workers, async (plans) => {
        await rig.clock.advance(40 * dayMs);
        allow({ dailyUsd: 1, monthlyUsd: 1 });
        const runWorker = async (plan: (typeof plans)[number]): Promise<void> => {
          for (const { estimate, share, outcome } of plan) {
            const reservation = await reserve(estimate / 1e9);
            if (reservation.kind === 'over_budget') {
              refused += 1;
              continue;
            }
            const costUsd = share === null ? null : Math.round(estimate * share) / 1e9;
            await rig.store.spending.settle(reservation.id, exampleAttempt({ costUsd, outcome }));
            const { today, thisMonth } = await rig.store.spending.summary();
            expect(today.spentUsd + today.reservedUsd).toBeLessThanOrEqual(1);
            expect(thisMonth.spentUsd).toBe(today.spentUsd);
          }
        };
        await Promise.all(plans.map(runWorker));
        const { today } = await rig.store.spending.summary();
        const [row] = ledger<{ spent: number }>(
          `select coalesce(sum(cost_nano_usd), 0) as spent from provider_calls where day = '${today.name}'`,
        );
        expect(Math.round(today.spentUsd * 1e9)).toBe(row?.spent);
        expect(today.reservedUsd).toBe(0);
      }),
      { numRuns: 12 },
    );
    expect(refused).toBeGreaterThan(20);
  });

  test('can be used up to the last billionth, without the noise of binary fractions', async () => {
    allow({ dailyUsd: 0.3 });
    for (const _ of [1, 2, 3]) expect(await reserve(0.1)).toMatchObject({ kind: 'reserved' });
    expect(await reserve(1e-9)).toMatchObject({ kind: 'over_budget' });
    expect(await reserve(0)).toMatchObject({ kind: 'reserved' });
  });

  test('is that of the calendar day in the zone of the budget', async () => {
    // 12:00 UTC on the 17th is 00:00 on the 18th in Auckland: two hours earlier it was the 17th there.
    await rig.clock.advance(-2 * hourMs);
    allow({ dailyUsd: 1, timeZone: 'Pacific/Auckland' });
    await spend(0.9);
    expect(await reserve(0.2)).toMatchObject({ kind: 'over_budget', cap: 'daily', spentUsd: 0.9, capUsd: 1 });
    await rig.clock.advance(2 * hourMs + 60_000);
    expect(await reserve(0.2)).toMatchObject({ kind: 'reserved' });
    expect((await rig.store.spending.summary()).today).toMatchObject({
      name: '2026-05-18',
      spentUsd: 0,
      reservedUsd: 0.2,
    });
  });

  test('counts a call for the day on which it was reserved', async () => {
    allow({ dailyUsd: 1 });
    await rig.clock.advance(11 * hourMs + 59 * 60_000);
    const reservation = await reserve(0.6);
    await rig.clock.advance(120_000);
    if (reservation.kind === 'reserved')
      await rig.store.spending.settle(reservation.id, exampleAttempt({ costUsd: 0.6 }));
    expect((await rig.store.spending.summary()).today).toMatchObject({
      name: '2026-05-18',
      spentUsd: 0,
      calls: 0,
    });
    expect((await rig.store.spending.usage()).days).toMatchObject([{ day: '2026-05-17', costUsd: 0.6 }]);
  });

  test('of 0 lets only free calls pass', async () => {
    allow({ dailyUsd: 0 });
    expect(await reserve(0.000_001)).toMatchObject({ kind: 'over_budget' });
    expect(await reserve(null)).toMatchObject({ kind: 'over_budget' });
    expect(await reserve(0)).toMatchObject({ kind: 'reserved' });
  });
});

test('a reservation that a crash left open counts in full, until it is a day old', async () => {
  allow({ dailyUsd: 1, monthlyUsd: 1 });
  expect(await reserve(0.7)).toMatchObject({ kind: 'reserved' });
  await rig.store[Symbol.asyncDispose]();
  await openAgain();
  allow({ dailyUsd: 1, monthlyUsd: 1 });
  expect(await reserve(0.4)).toMatchObject({ kind: 'over_budget', cap: 'daily', spentUsd: 0.7 });
  await rig.clock.advance(dayMs - 1);
  expect(await reserve(0.4)).toMatchObject({ kind: 'over_budget', cap: 'monthly', spentUsd: 0.7 });
  await rig.clock.advance(1);
  expect(await reserve(0.4)).toMatchObject({ kind: 'reserved' });
});

test('settling twice is settling once, and a stranger is not settled at all', async () => {
  const reservation = await reserve(0.5);
  if (reservation.kind !== 'reserved') throw new Error(reservation.message);
  const attempt = exampleAttempt({ costUsd: 0.2 });
  await rig.store.spending.settle(reservation.id, attempt);
  await rig.store.spending.settle(reservation.id, attempt);
  await rig.store.spending.settle(createId(), attempt);
  expect((await rig.store.spending.usage()).total).toMatchObject({ calls: 1, costUsd: 0.2 });
});

test.each([null, -1, Number.NaN, Number.POSITIVE_INFINITY])(
  'a call that says %s of its cost is charged at its estimate',
  async (costUsd) => {
    const reservation = await reserve(0.5);
    if (reservation.kind !== 'reserved') throw new Error(reservation.message);
    await rig.store.spending.settle(reservation.id, exampleAttempt({ costUsd, outcome: 'timeout' }));
    expect((await rig.store.spending.usage()).total).toMatchObject({
      described: 0,
      costUsd: 0.5,
      unpricedCalls: 0,
    });
  },
);

test('an estimate that is none is refused, and so is a budget that is none', async () => {
  for (const estimate of [-0.1, Number.NaN, Number.POSITIVE_INFINITY]) {
    await expect(reserve(estimate)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  }
  const wrong: Partial<Budget>[] = [{ dailyUsd: -1 }, { monthlyUsd: Number.NaN }, { timeZone: 'Mars/Base' }];
  for (const change of wrong) {
    expect(() => {
      allow(change);
    }).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED' }));
  }
});

test('the monthly cap holds over the days, and ends with the month', async () => {
  allow({ dailyUsd: 1, monthlyUsd: 2 });
  await rig.clock.advance(12 * dayMs);
  for (const cost of [0.9, 0.9]) {
    await spend(cost);
    await rig.clock.advance(dayMs);
  }
  expect(await reserve(0.3)).toMatchObject({ kind: 'over_budget', cap: 'monthly', spentUsd: 1.8, capUsd: 2 });
  await rig.clock.advance(dayMs);
  expect((await rig.store.spending.summary()).thisMonth).toMatchObject({
    name: '2026-06',
    spentUsd: 0,
    remainingUsd: 2,
  });
  expect(await reserve(0.3)).toMatchObject({ kind: 'reserved' });
});

test('models without a price count as calls, with a cap of their own, and end with the money too', async () => {
  allow({ unpricedCallsPerDay: 3 });
  await spend(null);
  await spend(null);
  expect(await reserve(null)).toMatchObject({ kind: 'reserved' });
  expect(await reserve(null)).toMatchObject({
    kind: 'over_budget',
    message: expect.stringMatching(/^All 3 calls a day .*unpriced_calls_per_day/),
  });
  expect(await reserve(0.1)).toMatchObject({ kind: 'reserved' });
  const { total, days } = await rig.store.spending.usage();
  expect(total).toMatchObject({ calls: 2, unpricedCalls: 2, costUsd: 0 });
  expect(days).toHaveLength(1);
  expect(ledger('select cost_nano_usd from provider_calls')).toEqual([
    { cost_nano_usd: null },
    { cost_nano_usd: null },
  ]);
  allow({ dailyUsd: 0.1 });
  expect(await reserve(null)).toMatchObject({ kind: 'over_budget', cap: 'daily' });
});

test("one camera's cap leaves the money to the others", async () => {
  allow({ cameraDailyUsd: 0.5 });
  await spend(0.3);
  expect(await reserve(0.1)).toMatchObject({ kind: 'reserved' });
  expect(await reserve(0.2)).toMatchObject({
    kind: 'over_budget',
    cap: 'camera',
    spentUsd: 0.4,
    capUsd: 0.5,
  });
  expect(await reserve(0.2, { cameraId: 'barn' })).toMatchObject({ kind: 'reserved' });
});

test("a camera's events an hour are bounded, however often each of them is asked for", async () => {
  const camera = await rig.store.cameras.create(exampleCamera({ maxEventsPerHour: 2 }));
  const of = (eventId: string) => ({ cameraId: camera.id, eventId });
  await spend(0.1, of('a'));
  await spend(0.1, of('a'));
  expect(await reserve(null, of('b'))).toMatchObject({ kind: 'reserved' });
  expect(await reserve(0, of('c'))).toMatchObject({ kind: 'reserved' });
  expect(await reserve(0.1, of('c'))).toMatchObject({
    kind: 'over_budget',
    cap: 'camera',
    message: expect.stringMatching(/^Paid providers were asked for 2 events of this camera in the last hour/),
  });
  expect(await reserve(0.1, of('b'))).toMatchObject({ kind: 'reserved' });
  await rig.clock.advance(hourMs + 1);
  expect(await reserve(0.1, of('c'))).toMatchObject({ kind: 'reserved' });
});

describe('alerts', () => {
  test('come once for each share that is passed, in each period', async () => {
    allow({ dailyUsd: 1, monthlyUsd: 10 });
    await spend(0.49);
    expect(told()).toEqual([]);
    await spend(0.02);
    expect(told()).toEqual(['2026-05-17 50']);
    await spend(0.2);
    expect(told()).toEqual([]);
    await spend(0.29);
    expect(told()).toEqual(['2026-05-17 80', '2026-05-17 100']);
    expect(await reserve(0.1)).toMatchObject({ kind: 'over_budget' });
    expect(told()).toEqual([]);
    await rig.clock.advance(dayMs);
    for (let call = 0; call < 10; call += 1) await spend(0.1);
    expect(told()).toEqual(['2026-05-18 50', '2026-05-18 80', '2026-05-18 100']);
  });

  test('are not repeated after a restart, and come again for another cap', async () => {
    allow({ dailyUsd: 1 });
    await spend(0.6);
    await rig.store[Symbol.asyncDispose]();
    await openAgain();
    allow({ dailyUsd: 1 });
    await spend(0.1);
    expect(told()).toEqual(['2026-05-17 50']);
    allow({ dailyUsd: 1.5 });
    await spend(0.1);
    expect(told()).toEqual(['2026-05-17 50']);
  });

  test('say that the money is used up when no call fits any more, not when others only reserve it', async () => {
    allow({ dailyUsd: 1 });
    await spend(0.4);
    const other = await reserve(0.5);
    expect(await reserve(0.2)).toMatchObject({ kind: 'over_budget' });
    expect(told()).toEqual([]);
    if (other.kind === 'reserved')
      await rig.store.spending.settle(other.id, exampleAttempt({ costUsd: 0.45 }));
    expect(told()).toEqual(['2026-05-17 50', '2026-05-17 80']);
    expect(await reserve(0.2)).toMatchObject({ kind: 'over_budget' });
    expect(told()).toEqual(['2026-05-17 100']);
  });

  test('come once of many workers at the same time', async () => {
    allow({ dailyUsd: 1 });
    await Promise.all(Array.from({ length: 20 }, () => spend(0.05)));
    expect(told()).toEqual(['2026-05-17 50', '2026-05-17 80', '2026-05-17 100']);
  });
});

test('usage is told by day and provider, within the days asked for', async () => {
  await spend(0.1);
  await spend(0.2, { provider: 'google' });
  await rig.clock.advance(dayMs);
  await spend(0.3);
  const free = await reserve(0, { provider: 'ollama' });
  if (free.kind === 'reserved') {
    const attempt = exampleAttempt({ outcome: 'timeout', costUsd: 0, inputTokens: null, outputTokens: null });
    await rig.store.spending.settle(free.id, attempt);
  }
  const { days, total } = await rig.store.spending.usage();
  expect(days.map(({ day, provider, calls, costUsd }) => [day, provider, calls, costUsd])).toEqual([
    ['2026-05-18', 'ollama', 1, 0],
    ['2026-05-18', 'openai', 1, 0.3],
    ['2026-05-17', 'google', 1, 0.2],
    ['2026-05-17', 'openai', 1, 0.1],
  ]);
  expect(total).toEqual({
    calls: 4,
    described: 3,
    inputTokens: 4_500,
    outputTokens: 360,
    costUsd: 0.6,
    unpricedCalls: 0,
  });
  const first = await rig.store.spending.usage({ to: '2026-05-17' });
  expect(first.days.map(({ provider }) => provider)).toEqual(['google', 'openai']);
  expect((await rig.store.spending.usage({ from: '2026-05-19' })).days).toEqual([]);
});

test('calls are forgotten after 35 days, some with each new one; no report changes by it', async () => {
  for (let call = 0; call < 230; call += 1) await spend(0.001 * (1 + (call % 3)), { cameraId: 'drive' });
  await spend(null);
  await rig.clock.advance(2 * hourMs);
  await spend(0.1);
  const oldReport = await rig.store.spending.usage();
  expect(oldReport.total).toMatchObject({ calls: 232, unpricedCalls: 1 });
  const oldDay = oldReport.days[0]?.day ?? '';
  // Not one of them is old enough, by an hour.
  await rig.clock.advance(35 * dayMs - 3 * hourMs);
  await spend(0.2);
  expect(ledger('select id from provider_calls')).toHaveLength(233);
  await rig.clock.advance(2 * hourMs);
  const left: number[] = [];
  for (let call = 0; call < 4; call += 1) {
    await spend(0.2);
    left.push(ledger('select id from provider_calls').length);
  }
  expect(left).toEqual([134, 35, 5, 6]);
  expect((await rig.store.spending.usage({ to: oldDay })).days).toEqual(oldReport.days);
  expect((await rig.store.spending.usage()).total).toMatchObject({ calls: 237, unpricedCalls: 1 });
});
