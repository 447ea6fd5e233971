import sharp from 'sharp';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { everyFault, type ProviderFault } from '../../test/support/vision/provider-fault.ts';
import { startProviderServer, type ProviderServer } from '../../test/support/vision/provider-server.ts';
import type { ProviderKind } from '../../test/support/vision/recorded-request.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { ObjectDetector } from '../core/object-detector.ts';
import { createChain } from './chain.ts';
import type { ChainAnswer } from './describe-chain.ts';
import { settingsOf, type ProviderAdapter } from './provider-adapter.ts';
import { anthropicProvider } from './providers/anthropic.ts';
import { googleProvider } from './providers/google.ts';
import { localProvider } from './providers/local.ts';
import { openaiCompatibleProvider } from './providers/openai-compatible.ts';
import { openaiProvider } from './providers/openai.ts';
import { xaiProvider } from './providers/xai.ts';
import type { DescribeInput } from './vision-provider.ts';

const adapters: Readonly<Record<ProviderKind, ProviderAdapter>> = {
  openai: openaiProvider,
  anthropic: anthropicProvider,
  google: googleProvider,
  xai: xaiProvider,
  openai_compatible: openaiCompatibleProvider,
};
const kinds = Object.keys(adapters) as ProviderKind[];
const positions = [0, 1, 2] as const;
const deadlineMs = 5000;
const { signal } = new AbortController();

const mended = new Set([
  'fenced',
  'prose_around',
  'missing_fields',
  'confidence_850',
  'confidence_fraction',
  'confidence_words',
  'long_title',
  'strings_for_lists',
]);

const detector: ObjectDetector = {
  model: 'scripted',
  detect: () => Promise.resolve([{ label: 'person', score: 0.8, box: [0.2, 0.2, 0.2, 0.5] }]),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

const picture = sharp({ create: { width: 96, height: 54, channels: 3, background: '#357' } })
  .jpeg()
  .toBuffer();

async function exampleInput(clock: FakeClock): Promise<DescribeInput> {
  return {
    eventId: 'event-1',
    cameraId: 'camera-1',
    cameraName: 'Front door',
    startedAt: clock.now(),
    frames: [{ capturedAt: clock.now(), jpeg: await picture, regions: [] }],
    motion: null,
    isLocalOnly: false,
  };
}

/**
 * Waits for the answer; the clock stands still, except where nothing but time can help: once a server holds a request
 * that it will not answer, it goes to the next thing that somebody waits for, the end of the call's share or the deadline.
 */
async function answerOf(
  describe: () => Promise<ChainAnswer>,
  clock: FakeClock,
  silent: ProviderServer | undefined,
): Promise<ChainAnswer> {
  if (silent === undefined) return await describe();
  const { calls } = silent;
  const work = describe();
  await waitUntil('the silent server to be asked', () => silent.calls > calls, { everyMs: 2 });
  await clock.advance(clock.nextWakeInMs ?? 0);
  return await work;
}

interface Servers extends AsyncDisposable {
  readonly all: readonly ProviderServer[];
}

async function startServers(order: readonly ProviderKind[]): Promise<Servers> {
  const all = await Promise.all(
    order.map((kind) => startProviderServer(kind, { structuredOutput: 'optional' })),
  );
  return {
    all,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(all.map((server) => server[Symbol.asyncDispose]()));
    },
  };
}

function chainOver(servers: readonly ProviderServer[], clock: FakeClock) {
  const members = servers.map((server) => {
    const entry = {
      type: server.kind,
      base_url: server.url,
      ...(server.apiKey === '' ? { model: 'qwen3-vl:4b' } : { api_key: server.apiKey }),
    };
    return adapters[server.kind].create(settingsOf(entry), { clock, detector });
  });
  const local = localProvider.create(settingsOf({ type: 'local' }), { clock, detector });
  return createChain({ providers: [...members, local], clock, deadlineMs, random: () => 0.5 });
}

/** Three makers in a row, the one in question among them. */
function orderFor(kind: ProviderKind, position: number): ProviderKind[] {
  const others = kinds.filter((other) => other !== kind);
  const order = others.slice(0, 2);
  order.splice(position, 0, kind);
  return order;
}

/** The first words of the servers' answers, and the local describer's. */
const described = /^(?:openai|anthropic|google|xai|openai_compatible): A person in a dark coat|^A person\.$/;

test.for(kinds.flatMap((kind) => positions.map((position) => ({ kind, position }))))(
  '$kind at position $position: whatever it does, the next one or the local describer describes the event in time',
  async ({ kind, position }) => {
    const order = orderFor(kind, position);
    await using servers = await startServers(order);
    const faults = everyFault(kind);
    const rows: string[] = [];
    for (const [name, fault] of faults) {
      rows.push(`${name}: ${await trial(servers.all, position, fault)}`);
    }
    const next = order[position + 1] ?? 'local';
    expect(rows).toEqual(faults.map(([name, fault]) => `${name}: ${expectedOf(fault, kind, next)}`));
    expect(rows.length).toBeGreaterThan(38);
    expect(servers.all.flatMap(({ problems }) => problems)).toEqual([]);
  },
);

function expectedOf(fault: ProviderFault, kind: ProviderKind, next: string): string {
  const isMended = fault.kind === 'damaged_answer' && mended.has(fault.how);
  return `${isMended ? kind : next}, in time, charged at most once`;
}

/** Those before the one in question have no capacity, those behind it are well. */
async function trial(
  servers: readonly ProviderServer[],
  position: number,
  fault: ProviderFault,
): Promise<string> {
  await Promise.all(
    servers.map((server, index) =>
      server.setFault(index === position ? fault : index < position ? { kind: 'overloaded' } : null),
    ),
  );
  const before = chargedBy(servers);
  const clock = new FakeClock();
  await using chain = chainOver(servers, clock);
  const isSilent = fault.kind === 'hang' || fault.kind === 'slow_body';
  const input = await exampleInput(clock);
  const { first, attempts } = await answerOf(
    async () => await chain.describe(input, signal),
    clock,
    isSilent ? servers[position] : undefined,
  );
  const wasInTime = clock.monotonic() <= deadlineMs;
  const charged = chargedBy(servers) - before;
  const successes = attempts.filter(
    ({ outcome, provider }) => outcome === 'described' && provider !== 'local',
  );
  if (!described.test(first.text)) return `it says "${first.text}"`;
  if (successes.length > 1) return `${successes.length} successes`;
  return `${first.provider}, ${wasInTime ? 'in time' : 'late'}, charged ${charged <= 1 ? 'at most once' : `${charged} times`}`;
}

function chargedBy(servers: readonly ProviderServer[]): number {
  return servers.reduce((sum, { charged }) => sum + charged, 0);
}
