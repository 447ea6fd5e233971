/**
 * What watching costs: CPU of all processes of the service for a second of video, as a multiple of the bare decode of the
 * same stream on one thread, measured in the same run.
 *
 *   node bench/motion.ts [--seconds 60] [--cameras 1,4,8,16] [--scenes clean,noisy,busy] [--clips FOLDER]
 *   node bench/motion.ts --clip main.mp4 --sub sub.mp4 --name night
 *
 * Needs the ffmpeg program for the bare decode; where Debian's `motion` is installed, it watches the same streams beside
 * it. The cameras are RTSP streams at 1080p with a small stream of 640 × 360, served by a process whose work does not
 * count. Each row is a run of the real service on an empty data folder; the first 20 seconds do not count. `--clips` keeps
 * the rendered clips for the next run. "Proved" is one stream that has shown before, while somebody passed every 20 seconds
 * for four minutes, that the sizes of its coded frames tell of motion.
 */
import { cpus } from 'node:os';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { usageOfTree } from '../test/support/processes.ts';
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
    scenes: { type: 'string', default: 'clean,noisy,busy' },
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

interface SceneClips {
  readonly name: string;
  readonly main: string;
  readonly sub: string | undefined;
  /** The same scene with somebody who passes, from which the stream's sizes prove themselves. */
  readonly passes?: string;
}

/** How a camera is set up for a run. */
interface Mode {
  readonly name: string;
  readonly hasSubStream: boolean;
  readonly isProved: boolean;
}

const modes: readonly Mode[] = [
  { name: 'one stream', hasSubStream: false, isProved: false },
  { name: 'one stream, proved', hasSubStream: false, isProved: true },
  { name: 'with sub stream', hasSubStream: true, isProved: false },
];
/** Enough for a minute of stillness and three passes. */
const provingMs = 240_000;

interface RenderedScene {
  readonly key: string;
  readonly name: string;
  readonly noise: number;
  readonly objects: readonly SceneObject[];
  /** Bits a second; at a constant quality when it is left out. */
  readonly bitRate?: number;
}

/** Bit rates and noise as cameras have them: a clean picture at variable, a noisy one at constant bit rate. */
const rendered: readonly RenderedScene[] = [
  { key: 'clean', name: 'still, clean, variable bit rate', noise: 1, objects: [] },
  { key: 'noisy', name: 'still, noise, constant bit rate', noise: 6, objects: [], bitRate: 4_000_000 },
  { key: 'busy', name: 'busy, constant bit rate', noise: 3, objects: passers(), bitRate: 4_000_000 },
];

await using dir = await makeTempDir();
console.log(`${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}\n`);
console.log(
  '| scene | cameras | set up as | frames a second, least | CPU of one core | of the bare decode | memory MB (sum of RSS) |',
);
console.log('|---|---|---|---|---|---|---|');
for (const scene of values.clip === undefined ? await renderScenes() : [givenScene(values.clip)]) {
  const bareMs = await bareDecodeCost(scene.main, clipSeconds);
  for (const count of counts) {
    for (const mode of modes) {
      if (mode.hasSubStream && scene.sub === undefined) continue;
      if (mode.isProved && scene.passes === undefined) continue;
      console.log(await measureService(scene, count, mode, bareMs));
    }
    if (count === 1) console.log(await measureDaemon(scene, bareMs));
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
    const { name, key, noise } = scene;
    const main = join(folder, `${key}-main.mp4`);
    const sub = join(folder, `${key}-sub.mp4`);
    await writeScene(main, { ...scene, width: 1920, height: 1080 });
    await writeScene(sub, {
      ...scene,
      width: 640,
      height: 360,
      objects: scene.objects.map(smaller),
      ...(scene.bitRate === undefined ? {} : { bitRate: scene.bitRate / 8 }),
    });
    if (key !== 'clean') {
      clips.push({ name, main, sub });
      continue;
    }
    const passes = join(folder, `${key}-passes.mp4`);
    await writeScene(passes, { width: 1920, height: 1080, noise, objects: passers().slice(0, 1) });
    clips.push({ name, main, sub, passes });
  }
  return clips;
}

async function writeScene(
  path: string,
  scene: Pick<Scene, 'width' | 'height' | 'noise' | 'objects'> & { readonly bitRate?: number },
): Promise<void> {
  if (existsSync(path)) return;
  const { width, height, noise = 0, objects = [], bitRate } = scene;
  await makeClip(
    path,
    { width, height, noise, objects, framesPerSecond, seconds: clipSeconds },
    bitRate === undefined ? { crf: 26 } : { bitRate },
  );
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
    ...(mode.hasSubStream ? { sub_url: server.url(`/sub${index + 1}`) } : {}),
  }));
  const dataDir = dir.file(`data-${Math.random().toString(36).slice(2)}`);
  await using service = await startService({ dataDir, config: { cameras } });
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
async function measureDaemon(scene: SceneClips, bareMs: number): Promise<string> {
  await using server = await serve(scene, 1);
  await using daemon = await startMotionDaemon(dir.file('motion'), [server.url('/main1')]);
  if (daemon === undefined) return `| ${scene.name} | 1 | Debian's motion | not installed | | | |`;
  await pause(warmUpMs);
  return row(scene, 1, "Debian's motion", 'not told', await usedCpu(daemon.pid), bareMs);
}

interface UsedCpu {
  /** CPU milliseconds for a second of time. */
  readonly msPerSecond: number;
  readonly rssBytes: number;
}

async function usedCpu(pid: number | undefined): Promise<UsedCpu> {
  if (pid === undefined) throw new Error('the process is gone');
  const before = await usageOfTree(pid);
  const startedAt = performance.now();
  await pause(seconds * 1000);
  const after = await usageOfTree(pid);
  const took = (performance.now() - startedAt) / 1000;
  return { msPerSecond: (after.cpuMs - before.cpuMs) / took, rssBytes: after.rssBytes };
}

function row(
  scene: SceneClips,
  count: number,
  how: string,
  frames: string,
  { msPerSecond, rssBytes }: UsedCpu,
  bareMs: number,
): string {
  const cells = [
    scene.name,
    count,
    how,
    frames,
    `${(msPerSecond / 10).toFixed(1)} %`,
    (msPerSecond / count / bareMs).toFixed(2),
    Math.round(rssBytes / 1e6),
  ];
  return `| ${cells.join(' | ')} |`;
}
