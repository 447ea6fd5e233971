/**
 * Latency, load and memory of the whole service with real cameras.
 *
 *   node bench/pipeline.ts [--minutes N]
 *
 * The cameras are RTSP streams of a server in a process of its own, whose work does not count. Each phase starts the
 * real service on an empty data folder, lets it warm up, and then measures for N minutes (default 5): how long events
 * took from their first moving frame to being captured and to being described, how deep the queue was, and what all
 * processes of the service used of CPU and memory.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { usageOfTree } from '../test/support/processes.ts';
import { makeClip } from '../test/support/render-clip.ts';
import { spawnRtspServer } from '../test/support/rtsp-server-child.ts';
import { startService } from '../test/support/service-process.ts';
import { makeTempDir } from '../test/support/temp-dir.ts';
import { createWireClient } from '../test/support/wire-client.ts';
import { percentilesOf } from './support/percentiles.ts';
import { pause } from '../test/support/pause.ts';

interface Phase {
  readonly name: string;
  readonly cameras: number;
  /** Seconds from one pass of a subject to the next on each camera. */
  readonly passEvery: number;
}

const phases: readonly Phase[] = [
  { name: '4 cameras 720p, 10 events a minute', cameras: 4, passEvery: 24 },
  { name: '8 cameras 720p, 60 events a minute', cameras: 8, passEvery: 8 },
];

const warmUpMs = 20_000;
const sampleMs = 500;

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes: received "${values.minutes}", expected a number above 0`);

await using dir = await makeTempDir();
console.log(
  `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}; ${minutes} min a phase\n`,
);
console.log(
  '| phase | events/min | captured p50/p95/p99 ms | described p50/p95/p99 ms | queue mean/max | CPU of one core | memory MB (sum of RSS) | not described |',
);
console.log('|---|---|---|---|---|---|---|---|');
for (const [index, phase] of phases.entries()) console.log(await measure(phase, index));

async function measure({ name, cameras, passEvery }: Phase, index: number): Promise<string> {
  const clip = dir.file(`passes-${passEvery}.mp4`);
  await renderPass(clip, passEvery);
  await using server = await spawnRtspServer();
  const configured = [];
  for (let camera = 1; camera <= cameras; camera += 1) {
    await server.addStream(`/camera${camera}`, { clipPath: clip });
    configured.push({ name: `Camera ${camera}`, url: server.url(`/camera${camera}`), motion_cooldown: 0 });
    // Subjects of real cameras do not come in step.
    await pause((passEvery / cameras) * 1000);
  }
  await using service = await startService({
    dataDir: dir.file(`data-${index}`),
    config: { cameras: configured },
  });
  const client = createWireClient(service.url);
  await pause(warmUpMs);
  const from = new Date();
  const before = await usageOfTree(service.child.pid);
  const depths: number[] = [];
  const memory: number[] = [];
  const until = performance.now() + minutes * 60_000;
  let last = before;
  while (performance.now() < until) {
    depths.push((await client.get<{ readonly queue_depth: number }>('/metrics')).queue_depth);
    last = await usageOfTree(service.child.pid);
    memory.push(last.rssBytes);
    await pause(sampleMs);
  }
  const events = (await client.events(`start_time=${from.toISOString()}`)).filter(
    ({ description_status: status }) => status !== 'pending',
  );
  const timings = (stage: 'captured' | 'described'): string =>
    percentilesOf(events.map(({ timings_ms: ms }) => ms[stage]).filter((ms) => ms !== null))
      .map(Math.round)
      .join(' / ');
  const cpu = (last.cpuMs - before.cpuMs) / (minutes * 60_000);
  const meanDepth = depths.reduce((sum, depth) => sum + depth, 0) / depths.length;
  const cells = [
    name,
    (events.length / minutes).toFixed(1),
    timings('captured'),
    timings('described'),
    `${meanDepth.toFixed(2)} / ${Math.max(...depths)}`,
    `${(cpu * 100).toFixed(0)} %`,
    Math.round(Math.max(...memory) / 1e6),
    events.filter(({ description_status: status }) => status !== 'done').length,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** A clip of one pass: whoever loops it sees one every `seconds`. */
async function renderPass(path: string, seconds: number): Promise<void> {
  await makeClip(path, {
    width: 1280,
    height: 720,
    framesPerSecond: 15,
    seconds,
    noise: 3,
    objects: [
      {
        from: 1,
        to: 4,
        size: [150, 220],
        path: [
          [100, 400],
          [1180, 400],
        ],
        colour: [210, 190, 60],
      },
    ],
  });
}
