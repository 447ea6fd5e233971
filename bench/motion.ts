/**
 * What watching costs: CPU of all processes of the service for a second of video, as a multiple of the bare decode of the
 * same stream on one thread, measured in the same run.
 *
 *   node bench/motion.ts [--seconds 60] [--cameras 1,4,8,16] [--scenes realistic,clean,noisy,busy] [--clips FOLDER]
 *     [--modes one,proved,keyframes,sub,daemon] [--small] [--step]
 *   node bench/motion.ts --clip main.mp4 --sub sub.mp4 --name night
 *
 * Needs the ffmpeg program for the bare decode; where Debian's `motion` is installed, it watches the same streams beside
 * it. The cameras are RTSP streams at 1080p with a small stream of 640 × 360, served by a process whose work does not
 * count. Each row is a run of the real service on an empty data folder; the first 20 seconds do not count. `--clips` keeps
 * the rendered clips for the next run. "Proved" is one stream that has shown before, while somebody passed every 20 seconds
 * for four minutes, that the sizes of its coded frames tell of motion.
 *
 * `--small` starts the service as docs/benchmarks.md says for a machine with little memory. `--step` waits for a line on
 * the standard input before each measurement, so that a machine that others use can be made quiet for just that time.
 */
import { cpus } from 'node:os';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { pssOfTree, usageOfTree } from '../test/support/processes.ts';
import { makeClip, type Scene, type SceneObject } from '../test/support/render-clip.ts';
import { spawnRtspServer, type RtspServerChild } from '../test/support/rtsp-server-child.ts';
import { startService } from '../test/support/service-process.ts';
import { makeTempDir } from '../test/support/temp-dir.ts';
import { createWireClient } from '../test/support/wire-client.ts';
import { bareDecodeCost } from './support/bare-decode.ts';
import { startMotionDaemon } from './support/motion-daemon.ts';
import { pause } from '../test/support/pause.ts';

const clipSeconds = 20;
const warmUpMs = 20_000;
const framesPerSecond = 15;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    cameras: { type: 'string', default: '1,4,8,16' },
    scenes: { type: 'string', default: 'realistic,clean,noisy,busy' },
    modes: { type: 'string', default: 'one,proved,keyframes,sub,daemon' },
    small: { type: 'boolean', default: false },
    step: { type: 'boolean', default: false },
    clips: { type: 'string' },
    clip: { type: 'string' },
    sub: { type: 'string' },
    name: { type: 'string', default: 'clip' },
  },
});
const seconds = Number(values.seconds);
if (!(seconds > 0)) throw new Error(`--seconds: received "${values.seconds}", expected a number above 0`);
const counts = values.cameras.split(',').map(Number);
if (!counts.every((count) => Number.isInteger(count) && count > 0))
  throw new Error(`--cameras: received "${values.cameras}", expected whole numbers such as 1,4,8`);

const wantedModes = values.modes.split(',');
const smallEnvironment = { MALLOC_ARENA_MAX: '2', NODE_OPTIONS: '--max-semi-space-size=2' };

interface SceneClips {
  readonly name: string;
  readonly main: string;
  readonly sub: string | undefined;
  /** The same scene with somebody who passes, from which the stream's sizes prove themselves. */
  readonly passes?: string;
}

/** How a camera is set up for a run. */
interface Mode {
  readonly key: string;
  readonly name: string;
  readonly hasSubStream: boolean;
  readonly isProved: boolean;
  /** As the camera's `decode` says; `auto` unless given. */
  readonly decode?: 'keyframes';
}

const modes: readonly Mode[] = [
  { key: 'one', name: 'one stream', hasSubStream: false, isProved: false },
  { key: 'proved', name: 'one stream, proved', hasSubStream: false, isProved: true },
  {
    key: 'keyframes',
    name: 'one stream, key frames by hand',
    hasSubStream: false,
    isProved: false,
    decode: 'keyframes',
  },
  { key: 'sub', name: 'with sub stream', hasSubStream: true, isProved: false },
];
/** Enough for a minute of stillness and three passes. */
const provingMs = 240_000;

/** At a constant quality, or at a constant bit rate in bits a second. */
type Coding = { readonly crf: number } | { readonly bitRate: number };

interface RenderedScene {
  readonly key: string;
  readonly name: string;
  readonly noise: number;
  readonly objects: readonly SceneObject[];
  /** How it is coded: the large stream, and the small one. */
  readonly coding: readonly [large: Coding, small: Coding];
  readonly hasPasses?: boolean;
}

/**
 * As cameras code: the realistic one has the noise of a sensor by day, some 3 Mbit/s. The clean one takes hardly anything
 * to decode, so that all else weighs most: the hardest for the multiple.
 */
const rendered: readonly RenderedScene[] = [
  {
    key: 'realistic',
    name: 'still, sensor noise, 3 Mbit/s variable',
    noise: 5,
    objects: [],
    coding: [{ crf: 23 }, { bitRate: 500_000 }],
    hasPasses: true,
  },
  {
    key: 'clean',
    name: 'still, clean, 0.04 Mbit/s variable',
    noise: 1,
    objects: [],
    coding: [{ crf: 26 }, { crf: 26 }],
    hasPasses: true,
  },
  {
    key: 'noisy',
    name: 'still, much noise, 4 Mbit/s constant',
    noise: 6,
    objects: [],
    coding: [{ bitRate: 4_000_000 }, { bitRate: 500_000 }],
  },
  {
    key: 'busy',
    name: 'busy, 4 Mbit/s constant',
    noise: 3,
    objects: passers(),
    coding: [{ bitRate: 4_000_000 }, { bitRate: 500_000 }],
  },
];

await using dir = await makeTempDir();
console.log(`${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}\n`);
console.log(
  '| scene | cameras | set up as | frames a second, least | CPU of one core | of the bare decode | memory MB (PSS) | sum of RSS |',
);
console.log('|---|---|---|---|---|---|---|---|');
for (const scene of values.clip === undefined ? await renderScenes() : [givenScene(values.clip)]) {
  const bareMs = await bareDecodeCost(scene.main, clipSeconds);
  for (const count of counts) {
    for (const mode of modes) {
      if (mode.hasSubStream && scene.sub === undefined) continue;
      if (mode.isProved && scene.passes === undefined) continue;
      if (!wantedModes.includes(mode.key)) continue;
      console.log(await measureService(scene, count, mode, bareMs));
    }
    if (wantedModes.includes('daemon')) console.log(await measureDaemon(scene, count, bareMs));
  }
}

function givenScene(clip: string): SceneClips {
  return { name: values.name, main: clip, sub: values.sub };
}

async function renderScenes(): Promise<SceneClips[]> {
  const folder = values.clips ?? dir.path;
  await mkdir(folder, { recursive: true });
  const wanted = rendered.filter(({ key }) => values.scenes.split(',').includes(key));
  const clips: SceneClips[] = [];
  for (const scene of wanted) {
    const { name, key, noise, objects } = scene;
    const [large, small] = scene.coding;
    const main = join(folder, `${key}-main.mp4`);
    const sub = join(folder, `${key}-sub.mp4`);
    const full = { width: 1920, height: 1080, noise };
    await writeScene(main, { ...full, objects }, large);
    // Cameras shrink the picture of the sensor: of its noise, less is left.
    await writeScene(
      sub,
      { width: 640, height: 360, noise: Math.ceil(noise / 2), objects: objects.map(smaller) },
      small,
    );
    if (scene.hasPasses !== true) {
      clips.push({ name, main, sub });
      continue;
    }
    const passes = join(folder, `${key}-passes.mp4`);
    await writeScene(passes, { ...full, objects: passers().slice(0, 1) }, large);
    clips.push({ name, main, sub, passes });
  }
  return clips;
}

async function writeScene(
  path: string,
  scene: Pick<Scene, 'width' | 'height' | 'noise' | 'objects'>,
  coding: Coding,
): Promise<void> {
  if (existsSync(path)) return;
  await makeClip(path, { ...scene, framesPerSecond, seconds: clipSeconds }, coding);
}

/** Two that cross the picture again and again, in opposite directions. */
function passers(): SceneObject[] {
  return [0, 1].flatMap((lane) =>
    Array.from({ length: clipSeconds / 5 }, (_, pass): SceneObject => {
      const ends = [-100, 2020].map((x): [number, number] => [x, 500 + lane * 300]);
      return {
        from: pass * 5 + lane,
        to: pass * 5 + lane + 4,
        size: [180, 300],
        path: lane === 0 ? ends : ends.toReversed(),
        colour: lane === 0 ? [210, 190, 60] : [40, 60, 140],
      };
    }),
  );
}

function smaller(object: SceneObject): SceneObject {
  return {
    ...object,
    size: [object.size[0] / 3, object.size[1] / 3],
    path: object.path.map(([x, y]): [number, number] => [x / 3, y / 3]),
  };
}

/** @param first what the large streams show at first */
async function serve(scene: SceneClips, count: number, first = scene.main): Promise<RtspServerChild> {
  const server = await spawnRtspServer();
  for (let camera = 1; camera <= count; camera += 1) {
    await server.addStream(`/main${camera}`, { clipPath: first });
    if (scene.sub !== undefined) await server.addStream(`/sub${camera}`, { clipPath: scene.sub });
  }
  return server;
}

async function measureService(scene: SceneClips, count: number, mode: Mode, bareMs: number): Promise<string> {
  const { main, passes = main } = scene;
  await using server = await serve(scene, count, mode.isProved ? passes : main);
  const cameras = Array.from({ length: count }, (_, index) => ({
    name: `Camera ${index + 1}`,
    url: server.url(`/main${index + 1}`),
    // One event each: what is measured is the watching, not the describing.
    motion_cooldown: 3600,
    ...(mode.decode === undefined ? {} : { decode: mode.decode }),
    ...(mode.hasSubStream ? { sub_url: server.url(`/sub${index + 1}`) } : {}),
  }));
  const dataDir = dir.file(`data-${Math.random().toString(36).slice(2)}`);
  const env = values.small ? smallEnvironment : {};
  const media = values.small ? { media: { streams_per_host: 8 } } : {};
  await using service = await startService({ dataDir, config: { cameras, ...media }, env });
  const client = createWireClient(service.url);
  if (mode.isProved) {
    await pause(provingMs);
    for (let camera = 1; camera <= count; camera += 1) await server.switchClip(`/main${camera}`, main);
  }
  await pause(warmUpMs);
  const used = await usedCpu(service.child.pid);
  const states = (await client.get<CameraList>('/cameras')).cameras.map(({ state }) => state);
  const lowest = Math.min(...states.map(({ fps }) => fps));
  const decoded = [...new Set(states.map(({ decode }) => decode?.mode ?? 'nothing'))].join(', ');
  return row(scene, count, `${mode.name} (decodes ${decoded})`, lowest.toFixed(1), used, bareMs);
}

interface CameraList {
  readonly cameras: readonly {
    readonly state: { readonly fps: number; readonly decode: { readonly mode: string } | null };
  }[];
}

/** Debian's `motion`, on the large stream: it has no use for a small one. */
async function measureDaemon(scene: SceneClips, count: number, bareMs: number): Promise<string> {
  await using server = await serve(scene, count);
  const urls = Array.from({ length: count }, (_, index) => server.url(`/main${index + 1}`));
  await using daemon = await startMotionDaemon(dir.file(`motion-${count}`), urls);
  if (daemon === undefined) return `| ${scene.name} | ${count} | Debian's motion | not installed | | | | |`;
  await pause(warmUpMs);
  return row(scene, count, "Debian's motion", 'not told', await usedCpu(daemon.pid), bareMs);
}

/** With `--step`, until somebody says so. */
async function stepped(): Promise<void> {
  if (!values.step) return;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  await lines.question('ready to measure: ');
  lines.close();
}

interface UsedCpu {
  /** CPU milliseconds for a second of time. */
  readonly msPerSecond: number;
  readonly rssBytes: number;
  readonly pssBytes: number;
}

async function usedCpu(pid: number | undefined): Promise<UsedCpu> {
  if (pid === undefined) throw new Error('the process is gone');
  await stepped();
  const before = await usageOfTree(pid);
  const startedAt = performance.now();
  await pause(seconds * 1000);
  const after = await usageOfTree(pid);
  const took = (performance.now() - startedAt) / 1000;
  const pssBytes = await pssOfTree(pid);
  return { msPerSecond: (after.cpuMs - before.cpuMs) / took, rssBytes: after.rssBytes, pssBytes };
}

function row(
  scene: SceneClips,
  count: number,
  how: string,
  frames: string,
  { msPerSecond, rssBytes, pssBytes }: UsedCpu,
  bareMs: number,
): string {
  const cells = [
    scene.name,
    count,
    how,
    frames,
    `${(msPerSecond / 10).toFixed(1)} %`,
    (msPerSecond / count / bareMs).toFixed(2),
    Math.round(pssBytes / 1e6),
    Math.round(rssBytes / 1e6),
  ];
  return `| ${cells.join(' | ')} |`;
}
