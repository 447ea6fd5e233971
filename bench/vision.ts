/**
 * The describing chain against providers that fail.
 *
 *   node bench/vision.ts [--events N] [--per-minute N] [--workers N] [--faults SHARE] [--latency MS]
 *
 * Events (default 300 at 60 a minute) come from a few cameras, wait for the capture window, and are taken by workers
 * (default 3) in turn, as in the service. The chain asks three makers' services on the loopback interface, which run in a
 * process of their own, take 2 s as a rule (log-normal), and fail for 20 % of the calls in one of the ways below; then the
 * embedded describer with the real model. The ledger is the real one. Prints how long it took from an event's first
 * frame to its first description.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import sharp from 'sharp';
import { systemClock } from '../src/core/clock.ts';
import { createEmbeddedDetector } from '../src/detection/efficientdet-detector.ts';
import { openStore } from '../src/store/open-store.ts';
import { createChain } from '../src/vision/chain.ts';
import type { ChainAnswer, LateAnswer } from '../src/vision/describe-chain.ts';
import { settingsOf, type ProviderAdapter } from '../src/vision/provider-adapter.ts';
import { anthropicProvider } from '../src/vision/providers/anthropic.ts';
import { googleProvider } from '../src/vision/providers/google.ts';
import { localProvider } from '../src/vision/providers/local.ts';
import { openaiProvider } from '../src/vision/providers/openai.ts';
import type { DescribeInput } from '../src/vision/vision-provider.ts';
import { makeTempDir } from '../test/support/temp-dir.ts';
import type { ProviderFault } from '../test/support/vision/provider-fault.ts';
import { startProviderServer } from '../test/support/vision/provider-server.ts';
import { percentilesOf } from './support/percentiles.ts';

const kinds = ['openai', 'anthropic', 'google'] as const;
const adapters: readonly ProviderAdapter[] = [openaiProvider, anthropicProvider, googleProvider];
const captureWindowMs = 1500;
const deadlineMs = 5000;
const cameraCount = 4;

/** Those that come and go: a wrong key or an empty account would take its provider out for the whole run. */
const faults: readonly ProviderFault[] = [
  { kind: 'rate_limit', retryAfterS: 2 },
  { kind: 'rate_limit' },
  { kind: 'server_error' },
  { kind: 'bad_gateway' },
  { kind: 'unavailable' },
  { kind: 'overloaded' },
  { kind: 'hang' },
  { kind: 'reset' },
  { kind: 'reset', after: 'headers' },
  { kind: 'half_body' },
  { kind: 'slow_body', msPerPiece: 5000 },
  { kind: 'garbage' },
  { kind: 'damaged_answer', how: 'not_json' },
  { kind: 'damaged_answer', how: 'cut_json' },
  { kind: 'damaged_answer', how: 'apology' },
  { kind: 'damaged_answer', how: 'empty_description' },
  { kind: 'refusal' },
  { kind: 'truncated' },
];

interface ServerPlan {
  readonly faultShare: number;
  readonly latencyMs: number;
}

interface ServerAddress {
  readonly url: string;
  readonly apiKey: string;
}

interface ServerCounts {
  readonly calls: number;
  readonly charged: number;
  readonly billed: number;
  readonly problems: number;
}

/** Spread of the logarithm: one call in twenty takes 1.6 times as long as usual. */
const spread = 0.3;
const plannedVariable = 'VEDETTE_BENCH_SERVERS';

const planned = process.env[plannedVariable];
if (planned === undefined) await measure();
else await serve(JSON.parse(planned) as ServerPlan);

/** The process of the servers: tells the addresses, and on each message the counts. */
async function serve({ faultShare, latencyMs }: ServerPlan): Promise<void> {
  const servers = await Promise.all(kinds.map((kind) => startProviderServer(kind)));
  for (const server of servers) {
    server.latencyMs = () => latencyMs * Math.exp(spread * normal());
    await server.setFault(() =>
      Math.random() < faultShare ? (faults[Math.floor(Math.random() * faults.length)] ?? null) : null,
    );
  }
  process.on('message', () => {
    process.send?.(
      servers.map(({ calls, charged, billed, problems }): ServerCounts => ({
        calls,
        charged,
        billed,
        problems: problems.length,
      })),
    );
  });
  process.on('disconnect', () => process.exit());
  process.send?.(servers.map(({ url, apiKey }): ServerAddress => ({ url, apiKey })));
}

function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

interface Outcome {
  readonly ms: number;
  readonly answer: ChainAnswer;
}

async function measure(): Promise<void> {
  const { values } = parseArgs({
    options: {
      events: { type: 'string', default: '300' },
      'per-minute': { type: 'string', default: '60' },
      workers: { type: 'string', default: '3' },
      faults: { type: 'string', default: '0.2' },
      latency: { type: 'string', default: '2000' },
    },
  });
  const [events, perMinute, workers, faultShare, latencyMs] = [
    values.events,
    values['per-minute'],
    values.workers,
    values.faults,
    values.latency,
  ].map(numberOf) as [number, number, number, number, number];
  console.log(
    `${events} events at ${perMinute} a minute, ${workers} workers, ${faultShare * 100} % faults, ${latencyMs} ms a call; ${availableParallelism()} cores, Node ${process.version}`,
  );

  const plan: ServerPlan = { faultShare, latencyMs };
  const child = fork(import.meta.filename, {
    env: { ...process.env, [plannedVariable]: JSON.stringify(plan) },
  });
  const [addresses] = (await once(child, 'message')) as [ServerAddress[]];
  await using dir = await makeTempDir();
  const log = pino({ level: 'silent' });
  const clock = systemClock;
  await using store = await openStore({ dataDir: dir.path, log, clock });
  await using detector = await createEmbeddedDetector({ log, clock });
  const members = adapters.map((adapter, index) => {
    const { url, apiKey } = addresses[index] ?? { url: '', apiKey: '' };
    const settings = settingsOf({ type: adapter.type, base_url: url, api_key: apiKey });
    return adapter.create(settings, { clock, detector });
  });
  const local = localProvider.create(settingsOf({ type: 'local' }), { clock, detector });
  await using chain = createChain({
    providers: [...members, local],
    clock,
    ledger: store.spending,
    deadlineMs,
    // Each event is to be asked for: the same few pictures come again and again here.
    reusesDescriptions: false,
  });

  const pictures = await Promise.all(Array.from({ length: 8 }, (_, step) => scene(step)));
  const waiting: DescribeInput[] = [];
  const outcomes: Outcome[] = [];
  const late: Promise<LateAnswer>[] = [];
  const lost: string[] = [];
  let deepest = 0;
  const over = new AbortController();
  const { signal } = new AbortController();

  async function work(): Promise<void> {
    while (!over.signal.aborted || waiting.length > 0) {
      const input = waiting.shift();
      if (input === undefined) {
        await clock.sleep(5);
        continue;
      }
      try {
        const answer = await chain.describe(input, signal);
        outcomes.push({ ms: clock.now() - input.startedAt, answer });
        if (answer.better !== undefined) late.push(answer.better);
      } catch (error) {
        lost.push(`${input.eventId}: ${String(error)}`);
      }
    }
  }

  const crew = Array.from({ length: workers }, work);
  const begin = clock.monotonic();
  for (let event = 0; event < events; event += 1) {
    await clock.sleep(Math.max(0, begin + (event * 60_000) / perMinute - clock.monotonic()));
    const input = inputOf(event, clock.now(), pictures);
    setTimeout(() => {
      waiting.push(input);
      deepest = Math.max(deepest, waiting.length);
    }, captureWindowMs);
    if (process.stderr.isTTY) process.stderr.write(`\r${event + 1} of ${events}`);
  }
  await clock.sleep(captureWindowMs + 100);
  over.abort();
  await Promise.all(crew);
  const better = await Promise.all(late);
  child.send('counts');
  const [counts] = (await once(child, 'message')) as [ServerCounts[]];
  child.disconnect();
  report(outcomes, better, lost, counts, deepest);
}

function report(
  outcomes: readonly Outcome[],
  better: readonly LateAnswer[],
  lost: readonly string[],
  counts: readonly ServerCounts[],
  deepest: number,
): void {
  const times = outcomes.map(({ ms }) => Math.round(ms));
  const [p50, p95, p99] = percentilesOf(times);
  const who = new Map<string, number>();
  for (const { answer } of outcomes)
    who.set(answer.first.provider, (who.get(answer.first.provider) ?? 0) + 1);
  const attempts = [
    ...outcomes.flatMap(({ answer }) => answer.attempts),
    ...better.flatMap(({ attempts }) => attempts),
  ];
  const faultCounts = new Map<string, number>();
  for (const { outcome } of attempts) faultCounts.set(outcome, (faultCounts.get(outcome) ?? 0) + 1);
  const paid = [...outcomes.map(({ answer }) => answer.attempts), ...better.map(({ attempts }) => attempts)]
    .flat()
    .filter(({ outcome, provider }) => outcome === 'described' && provider !== 'local').length;
  const improved = better.filter(({ description }) => description !== undefined).length;
  const usd = attempts.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0);
  console.log(
    `\nfirst description, from the first frame: p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms, most ${Math.max(...times)} ms`,
  );
  console.log(`described ${outcomes.length}, lost ${lost.length}; first by: ${shown(who)}`);
  console.log(
    `a better description came later for ${improved} of the ${who.get('local') ?? 0} described locally at first`,
  );
  console.log(`attempts: ${shown(faultCounts)}`);
  console.log(
    `charged by the services ${sum(counts, 'charged')}, used ${paid}; worked on ${sum(counts, 'billed')} of ${sum(counts, 'calls')} calls; wrong requests ${sum(counts, 'problems')}; $${usd.toFixed(4)}`,
  );
  console.log(`most events waiting for a worker: ${deepest}`);
  for (const entry of lost.slice(0, 10)) console.log(entry);
}

function shown(entries: ReadonlyMap<string, number>): string {
  return [...entries].map(([name, count]) => `${name} ${count}`).join(', ');
}

function sum(counts: readonly ServerCounts[], key: keyof ServerCounts): number {
  return counts.reduce((total, count) => total + count[key], 0);
}

function inputOf(event: number, startedAt: number, pictures: readonly Uint8Array[]): DescribeInput {
  const frames = [0, 1, 2].map((step) => {
    const position = (event + step) % pictures.length;
    return {
      capturedAt: startedAt + step * 500,
      jpeg: pictures[position] ?? new Uint8Array(),
      regions: [{ box: [(100 + position * 200) / 1920, 0.45, 0.06, 0.3] as const, area: 0.02 }],
    };
  });
  return {
    eventId: `event-${event}`,
    cameraId: `camera-${event % cameraCount}`,
    cameraName: `Camera ${(event % cameraCount) + 1}`,
    startedAt,
    frames,
    bestCapturedAt: startedAt + 500,
    motion: null,
    isLocalOnly: false,
  };
}

/** A yard in full HD with noise as a camera has it, and somebody in it. */
async function scene(step: number): Promise<Uint8Array> {
  const figure = `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="330"><circle cx="60" cy="40" r="35" fill="#d9a577"/><rect x="20" y="80" width="80" height="140" rx="20" fill="#a33"/><rect x="25" y="210" width="30" height="120" fill="#235"/><rect x="65" y="210" width="30" height="120" fill="#235"/></svg>`;
  const noise = { type: 'gaussian', mean: 110, sigma: 12 } as const;
  return await sharp({ create: { width: 1920, height: 1080, channels: 3, background: '#566', noise } })
    .composite([{ input: Buffer.from(figure), left: 100 + step * 200, top: 490 }])
    .jpeg({ quality: 85 })
    .toBuffer();
}

function numberOf(text: string): number {
  const number = Number(text);
  if (!(number >= 0)) throw new Error(`received "${text}", expected a number of 0 or more`);
  return number;
}
