import { expect, test } from 'vitest';
import { FakeClock } from '../../../test/fakes/fake-clock.ts';
import { startApi, type RunningApi } from '../../../test/fakes/api-services.ts';
import { exampleAttempt } from '../../../test/support/store-examples.ts';
import { unlimitedBudget } from '../../store/spending.ts';
import { budgetSchema, estimateSchema, usageSchema } from '../spending-wire.ts';

const limits = { daily_usd: 2, monthly_usd: 30, camera_daily_usd: null, unpriced_calls_per_day: 10 };

async function spend(api: RunningApi, provider: string, costUsd: number | null): Promise<void> {
  const reservation = await api.store.spending.reserve({
    provider,
    model: 'm',
    eventId: 'event',
    cameraId: 'camera',
    estimateUsd: costUsd,
  });
  if (reservation.kind !== 'reserved') throw new Error(reservation.message);
  await api.store.spending.settle(reservation.id, exampleAttempt({ provider, costUsd }));
}

async function usage(api: RunningApi, query = '') {
  const answer = await api.call('GET', `/api/v1/ai/usage${query}`);
  expect(`${answer.status} ${answer.text}`).toMatch(/^200 /);
  return usageSchema.strict().parse(answer.json);
}

test('usage tells calls, tokens and cost by day and provider, and what is left', async () => {
  await using api = await startApi();
  await spend(api, 'openai', 0.3);
  await spend(api, 'openai', 0.25);
  await spend(api, 'anthropic', null);
  const open = { provider: 'openai', model: 'm', eventId: 'e', cameraId: 'c', estimateUsd: 0.1 };
  await api.store.spending.reserve(open);
  const report = await usage(api);
  const today = report.today.name;
  expect(report.days).toEqual([
    {
      day: today,
      provider: 'anthropic',
      calls: 1,
      described: 1,
      input_tokens: 1500,
      output_tokens: 120,
      cost_usd: 0,
      unpriced_calls: 1,
    },
    {
      day: today,
      provider: 'openai',
      calls: 2,
      described: 2,
      input_tokens: 3000,
      output_tokens: 240,
      cost_usd: 0.55,
      unpriced_calls: 0,
    },
  ]);
  expect(report).toMatchObject({
    total_count: 2,
    to: today,
    total: { calls: 3, cost_usd: 0.55, unpriced_calls: 1 },
    time_zone: 'UTC',
    today: {
      name: today,
      spent_usd: 0.55,
      reserved_usd: 0.1,
      cap_usd: 1,
      remaining_usd: 0.35,
      alert_percent: 50,
    },
    this_month: {
      name: today.slice(0, 7),
      spent_usd: 0.55,
      cap_usd: 20,
      remaining_usd: 19.35,
      alert_percent: null,
    },
  });
  expect((await usage(api, `?from=${today}&to=${today}`)).days).toHaveLength(2);
  const before = await usage(api, '?to=2020-02-29');
  expect(before).toMatchObject({ days: [], from: '2020-01-30', to: '2020-02-29', today: { calls: 3 } });
  expect((await usage(api, '?from=2999-01-01')).days).toEqual([]);
});

test('the share of the cap that was passed is told', async () => {
  await using api = await startApi();
  const shares: unknown[] = [];
  const look = async (): Promise<void> => {
    shares.push((await usage(api)).today.alert_percent);
  };
  await look();
  for (const cost of [0.49, 0.01, 0.29, 0.01, 0.2]) {
    await spend(api, 'openai', cost);
    await look();
  }
  expect(shares).toEqual([null, null, 50, 50, 80, 100]);
  api.store.spending.setBudget(unlimitedBudget);
  expect((await usage(api)).today).toMatchObject({ cap_usd: null, remaining_usd: null, alert_percent: null });
});

test('days that are none, and spans that are backwards or endless, are refused', async () => {
  await using api = await startApi();
  for (const [query, field] of [
    ['from=yesterday', 'from'],
    ['to=2026-02-30', 'to'],
    ['from=2026-03-02&to=2026-03-01', 'to'],
    ['from=2020-01-01&to=2026-01-01', 'from'],
  ] as const) {
    const answer = await api.call('GET', `/api/v1/ai/usage?${query}`);
    expect([query, answer.status]).toEqual([query, 422]);
    expect(answer.json).toMatchObject({ error: { details: [{ in: 'query', path: field }] } });
  }
});

async function budgetOf(api: RunningApi) {
  return budgetSchema.strict().parse((await api.call('GET', '/api/v1/ai/budget')).json);
}

test('a budget that is put counts for the next call, and after the next start', async () => {
  await using api = await startApi();
  expect(await budgetOf(api)).toEqual({
    daily_usd: 1,
    monthly_usd: 20,
    camera_daily_usd: null,
    unpriced_calls_per_day: 200,
    time_zone: 'UTC',
    is_read_only: false,
  });
  const answer = await api.call('PUT', '/api/v1/ai/budget', { ...limits, time_zone: 'Asia/Tokyo' });
  expect(answer.json).toEqual({ ...limits, time_zone: 'Asia/Tokyo', is_read_only: false });
  expect((await api.store.spending.summary()).today.capUsd).toBe(2);
  await api.call('PUT', '/api/v1/ai/budget', { ...limits, daily_usd: 0.01 });
  const refused = await api.store.spending.reserve({
    provider: 'openai',
    model: 'm',
    eventId: 'e',
    cameraId: 'c',
    estimateUsd: 0.02,
  });
  expect(refused).toMatchObject({ kind: 'over_budget', cap: 'daily', capUsd: 0.01 });
  await using again = await startApi({ store: api.store });
  // The zone was left out the second time, and stays.
  expect(await budgetOf(again)).toMatchObject({ daily_usd: 0.01, time_zone: 'Asia/Tokyo' });
});

test('a limit that is forgotten is not lifted, and one that makes no sense is refused', async () => {
  await using api = await startApi();
  const { daily_usd: _, ...rest } = limits;
  for (const [body, field] of [
    [rest, 'daily_usd'],
    [{ ...limits, daily_usd: -1 }, 'daily_usd'],
    [{ ...limits, monthly_usd: '20' }, 'monthly_usd'],
    [{ ...limits, unpriced_calls_per_day: 1.5 }, 'unpriced_calls_per_day'],
    [{ ...limits, time_zone: 'Mars/Olympus' }, 'time_zone'],
    [{ ...limits, yearly_usd: 1 }, 'yearly_usd'],
  ] as const) {
    const answer = await api.call('PUT', '/api/v1/ai/budget', body);
    expect([field, answer.status]).toEqual([field, 422]);
    expect(answer.json).toMatchObject({ error: { details: [{ path: field }] } });
  }
  expect((await api.store.spending.summary()).today.capUsd).toBe(1);
});

test('a budget of the configuration file is shown and can not be changed', async () => {
  const budget = { ...unlimitedBudget, dailyUsd: 5 };
  await using api = await startApi({ ai: { budget } });
  expect((await api.call('GET', '/api/v1/ai/budget')).json).toMatchObject({
    daily_usd: 5,
    is_read_only: true,
  });
  const refused = await api.call('PUT', '/api/v1/ai/budget', limits);
  expect([refused.status, refused.json]).toMatchObject([409, { error: { code: 'BUDGET_IN_CONFIG' } }]);
  expect((await api.store.spending.summary()).today.capUsd).toBe(5);
});

test('a saved budget that is damaged gives way to the one of the configuration', async () => {
  await using api = await startApi();
  await api.store.settings.set('vision.budget', { daily_usd: 'lots' });
  await using again = await startApi({ store: api.store });
  expect((await again.call('GET', '/api/v1/ai/budget')).json).toMatchObject({ daily_usd: 1 });
});

async function estimate(api: RunningApi, events: number) {
  const answer = await api.call('GET', `/api/v1/ai/estimate?events=${events}`);
  expect(`${answer.status} ${answer.text}`).toMatch(/^200 /);
  return estimateSchema.strict().parse(answer.json);
}

test('an estimate is by the first provider that may be asked, and never too low', async () => {
  await using api = await startApi({
    clock: new FakeClock(Date.UTC(2026, 10, 23)),
    ai: {
      listed: [
        { type: 'xai' },
        { type: 'openai', api_key: 'k'.repeat(20), pictures: 6 },
        { type: 'openai', name: 'unknown', model: 'gpt-9-moon', api_key: 'k'.repeat(20) },
        { type: 'openai_compatible', name: 'ollama', model: 'm', base_url: 'http://127.0.0.1:1/v1' },
      ],
    },
  });
  const whole = await estimate(api, 100);
  expect(whole.providers.map(({ name, may_be_asked: may }) => [name, may])).toEqual([
    ['xai', false],
    ['openai', true],
    ['unknown', true],
    ['ollama', true],
    ['local', true],
  ]);
  const [, openai, unknown, ollama, local] = whole.providers;
  // Six pictures of 640 px at 20 x 12 patches, at the price of the smallest model.
  expect(openai?.usd_per_event).toBeGreaterThan((6 * 20 * 12 * 0.1) / 1e6);
  expect(openai?.usd_per_event).toBeLessThan(0.01);
  expect(whole).toMatchObject({
    events: 100,
    provider: 'openai',
    usd_per_event: openai?.usd_per_event,
    total_usd: openai?.total_usd,
    is_free: false,
    remaining_usd: 1,
  });
  expect(whole.total_usd).toBeCloseTo(100 * (openai?.usd_per_event ?? 0), 6);
  expect([unknown?.total_usd, ollama?.total_usd, local?.total_usd]).toEqual([null, 0, 0]);
  expect((await api.call('GET', '/api/v1/ai/estimate?events=0')).status).toBe(422);
});

test('with nothing but the local describer an estimate is free', async () => {
  await using api = await startApi();
  expect(await estimate(api, 7)).toMatchObject({ events: 7, provider: 'local', total_usd: 0, is_free: true });
});
