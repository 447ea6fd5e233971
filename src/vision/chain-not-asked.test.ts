import sharp from 'sharp';
import { expect, test } from 'vitest';
import {
  answeredBy,
  answers,
  chainRig,
  CountingLedger,
  fails,
  hangs,
  inTurn,
  second,
  shown,
  signal,
} from '../../test/support/vision/chain-rig.ts';
import { AppError } from '../core/errors.ts';
import type { ProviderAttempt } from '../core/vision.ts';
import type { Reservation, SpendLedger } from './spend-ledger.ts';
import type { DescribeInput } from './vision-provider.ts';

const rig = chainRig();
const { member, localEye, after, chainOf, inputAt, answerOf, errorOf, run } = rig;

test('pictures of a private camera go to nobody outside, whatever fails', async () => {
  const [openai, ollama] = [member('openai', answers), member('ollama', fails('network'), { isLocal: true })];
  const local = localEye(() => Promise.reject(new AppError('DETECTION_FAILED', 'the model failed')));
  const chain = chainOf([openai, ollama, local, member('claude', answers)]);
  const error = await errorOf(chain.describe(inputAt(rig.clock.now(), { isLocalOnly: true }), signal));
  expect(openai.calls).toHaveLength(0);
  expect(shown(error.attempts)).toEqual([
    'openai privacy',
    'claude privacy',
    'ollama network',
    'ollama network',
    'local overloaded',
  ]);
});

test('a private camera without a provider on this machine is told so', async () => {
  const chain = chainOf([member('openai', answers)]);
  const error = await errorOf(chain.describe(inputAt(rig.clock.now(), { isLocalOnly: true }), signal));
  expect(error).toMatchObject({ fault: 'privacy', isRetryable: false });
});

test('over the cap free providers go on; without one the event lacks the money', async () => {
  const ollama = member('ollama', answers, { isFree: true });
  const free = chainOf([member('openai', answers), ollama], { ledger: new CountingLedger(0.01) });
  const { first, attempts } = await answerOf(free.describe(inputAt(), signal));
  expect([first.provider, shown(attempts)]).toEqual(['ollama', ['openai budget', 'ollama described']]);
  const openai = member('openai', answers);
  const paid = chainOf([openai], { ledger: new CountingLedger(0.01) });
  const error = await errorOf(paid.describe(inputAt(), signal));
  expect(error).toMatchObject({ fault: 'budget', isRetryable: false });
  expect(error.message).toContain('daily cap of $0.01');
  expect(openai.calls).toHaveLength(0);
});

test('a ledger that fails lets nobody spend', async () => {
  const broken: SpendLedger = {
    reserve: () => Promise.reject(new AppError('STORE_UNAVAILABLE', 'the disk is full')),
    settle: () => Promise.resolve(),
  };
  const openai = member('openai', answers);
  const { first, attempts } = await answerOf(
    chainOf([openai, localEye()], { ledger: broken }).describe(inputAt(), signal),
  );
  expect([first.provider, shown(attempts)]).toEqual(['local', ['openai budget', 'local described']]);
  expect(openai.calls).toHaveLength(0);
});

test('a ledger that hangs costs the share of the time, and what it grants later is given back', async () => {
  const grant = Promise.withResolvers<Reservation>();
  const settled: ProviderAttempt[] = [];
  const slow: SpendLedger = {
    reserve: () => grant.promise,
    settle: (_id, attempt) => {
      settled.push(attempt);
      return Promise.resolve();
    },
  };
  const chain = chainOf([member('openai', answers), localEye()], {
    ledger: slow,
    betterWithinMs: 5 * second,
  });
  const { first, ms } = await answerOf(chain.describe(inputAt(), signal));
  expect([first.provider, ms]).toEqual(['local', answeredBy]);
  await rig.clock.advance(second);
  grant.resolve({ kind: 'reserved', id: 'late' });
  await rig.clock.advance(0);
  expect(settled).toMatchObject([{ outcome: 'aborted', costUsd: 0 }]);
});

test('calls that were broken off are settled at their estimate, refused ones at nothing', async () => {
  const ledger = new CountingLedger();
  const chain = chainOf([member('openai', hangs), member('claude', fails('rate_limit')), localEye()], {
    ledger,
    betterWithinMs: 5 * second,
  });
  await answerOf(chain.describe(inputAt(), signal));
  expect([...ledger.settled.values()].map(({ provider, costUsd }) => [provider, costUsd])).toEqual([
    ['openai', 0.02],
    ['claude', 0],
  ]);
});

test('after five failures in a row it is not asked for 60 s, and then by one event only', async () => {
  const openai = member('openai', inTurn(...Array.from({ length: 5 }, () => fails('network')), after(100)));
  const chain = chainOf([openai, member('claude', answers), localEye()]);
  for (let event = 0; event < 8; event += 1) await answerOf(chain.describe(inputAt(), signal));
  expect(openai.calls).toHaveLength(5);
  expect(chain.states()[0]).toMatchObject({
    breaker: 'open',
    openBecause: 'network',
    openUntil: rig.clock.now() + 60 * second,
    lastError: { fault: 'network', message: 'it said network' },
    failures: { network: 5, breaker_open: 3 },
  });
  await rig.clock.advance(60 * second);
  const { result } = await run(Promise.all([1, 2, 3].map(() => chain.describe(inputAt(), signal))));
  expect(result).toMatchObject({ value: [{ first: { provider: 'openai' } }, {}, {}] });
  expect(openai.calls).toHaveLength(6);
  expect(chain.states()[0]).toMatchObject({ breaker: 'closed', openUntil: null, described: 1, calls: 6 });
});

test('a wrong key keeps it from being asked for ten minutes', async () => {
  const openai = member('openai', fails('auth'));
  const chain = chainOf([openai, localEye()]);
  await answerOf(chain.describe(inputAt(), signal));
  await rig.clock.advance(599 * second);
  const { attempts } = await answerOf(chain.describe(inputAt(), signal));
  expect(shown(attempts)).toEqual(['openai breaker_open', 'local described']);
  await rig.clock.advance(2 * second);
  await answerOf(chain.describe(inputAt(), signal));
  expect(openai.calls).toHaveLength(2);
});

test('refusals say nothing against a provider', async () => {
  const openai = member('openai', fails('refusal'));
  const chain = chainOf([openai, localEye()]);
  for (let event = 0; event < 10; event += 1) await answerOf(chain.describe(inputAt(), signal));
  expect(openai.calls).toHaveLength(10);
});

test('the user’s own limit sends further events to the next one', async () => {
  const openai = member('openai', answers, { requestsPerMinute: 1 });
  const chain = chainOf([openai, member('claude', answers), localEye()]);
  await answerOf(chain.describe(inputAt(), signal));
  const { first, attempts } = await answerOf(chain.describe(inputAt(), signal));
  expect([first.provider, shown(attempts)]).toEqual(['claude', ['openai throttled', 'claude described']]);
});

async function doorScene(shade: string): Promise<Uint8Array> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="360"><rect width="640" height="360" fill="#565"/><rect x="60" y="90" width="120" height="200" fill="#987"/><rect x="420" y="40" width="90" height="280" fill="#234"/><g transform="translate(250 120)"><rect width="80" height="200" fill="${shade}"/><circle cx="40" cy="30" r="25" fill="#fca"/></g></svg>`;
  return await sharp(Buffer.from(svg)).jpeg().toBuffer();
}

async function doorInput(
  eventId: string,
  more: Partial<DescribeInput> = {},
  shade = '#b22',
): Promise<DescribeInput> {
  const capturedAt = rig.clock.now();
  const box = [250 / 640, 120 / 360, 80 / 640, 200 / 360] as const;
  const frames = [{ capturedAt, jpeg: await doorScene(shade), regions: [{ box, area: 0.05 }] }];
  return inputAt(capturedAt, { eventId, frames, bestCapturedAt: capturedAt, ...more });
}

test('a picture that hardly differs from one of minutes ago costs nothing: its description is used again', async () => {
  const openai = member('openai', answers);
  const chain = chainOf([openai, localEye()], { reusesDescriptions: true });
  const once = await chain.describe(await doorInput('event-1'), signal);
  expect([once.sameAs, once.first.costUsd]).toEqual([null, 0.01]);
  await rig.clock.advance(180 * second);
  const again = await chain.describe(await doorInput('event-2'), signal);
  expect(again).toMatchObject({
    sameAs: 'event-1',
    attempts: [],
    first: { text: 'A person at the door.', provider: 'openai', costUsd: 0, usage: null },
  });
  expect(openai.calls).toHaveLength(1);
  expect(chain.stats().reused).toBe(1);
});

test('an event that is described again is not given its own old text', async () => {
  const openai = member('openai', answers);
  const chain = chainOf([openai, localEye()], { reusesDescriptions: true });
  await chain.describe(await doorInput('event-1'), signal);
  const again = await chain.describe(await doorInput('event-1'), signal);
  expect(again.sameAs).toBeNull();
  expect(openai.calls).toHaveLength(2);
});

test('not so on another camera, for another subject, much later, or for what the local describer said', async () => {
  const openai = member('openai', inTurn(answers, answers, answers, answers, fails('refusal')));
  const chain = chainOf([openai, localEye()], { reusesDescriptions: true, reuseWithinMs: 60 * second });
  await chain.describe(await doorInput('event-1'), signal);
  await chain.describe(await doorInput('event-2', { cameraId: 'camera-2' }), signal);
  await chain.describe(
    await doorInput('event-3', { hints: { detections: [], sentence: null } }, '#fff'),
    signal,
  );
  await rig.clock.advance(61 * second);
  await chain.describe(await doorInput('event-4'), signal);
  expect(openai.calls).toHaveLength(4);
  await chain.describe(await doorInput('event-5', { cameraId: 'camera-3' }), signal);
  await chain.describe(await doorInput('event-6', { cameraId: 'camera-3' }), signal);
  expect(openai.calls).toHaveLength(6);
  expect(chain.stats().reused).toBe(0);
});
