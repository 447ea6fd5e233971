/**
 * What watching costs: CPU of all processes of the service for a second of video, as a multiple of the bare decode of the
 * same stream on one thread, measured in the same run.
 *
 *   node bench/motion.ts [--seconds 60] [--cameras 1,4,8,16] [--clip main.mp4 --sub sub.mp4 --name night]
 *
 * Needs the ffmpeg program for the bare decode; where Debian's `motion` is installed, it watches the same streams beside
 * it. The cameras are RTSP streams at 1080p with a small stream of 640 × 360, served by a process whose work does not
 * count. Each row is a run of the real service on an empty data folder; the first 20 seconds do not count.
 */
import { cpus } from 'node:os';
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
}

/** How a camera is set up for a run. */
interface Mode {
  readonly name: string;
  readonly hasSubStream: boolean;
}

const modes: readonly Mode[] = [
  { name: 'one stream', hasSubStream: false },
  { name: 'with sub stream', hasSubStream: true },
];

await using dir = await makeTempDir();
console.log(`${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}\n`);
console.log(
  '| scene | cameras | set up as | frames a second | CPU of one core | of the bare decode | memory MB (sum of RSS) |',
);
console.log('|---|---|---|---|---|---|---|');
for (const scene of values.clip === undefined ? await renderScenes() : [givenScene(values.clip)]) {
  const bareMs = await bareDecodeCost(scene.main, clipSeconds);
  for (const count of counts) {
    for (const mode of modes) {
      if (mode.hasSubStream && scene.sub === undefined) continue;
      console.log(await measureService(scene, count, mode, bareMs));
    }
    if (count === 1) console.log(await measureDaemon(scene, bareMs));
  }
}

function givenScene(clip: string): SceneClips {
  return { name: values.name, main: clip, sub: values.sub };
}

/** Bit rates and noise as cameras have them: a still clean picture at variable, a noisy one at constant bit rate. */
async function renderScenes(): Promise<SceneClips[]> {
  const still = { noise: 1, objects: [] };
  const scenes = [
    { name: 'still, clean, variable bit rate', ...still, rate: undefined },
    { name: 'still, noise, constant bit rate', ...still, noise: 6, rate: 4_000_000 },
    { name: 'busy', noise: 3, objects: passers(), rate: 4_000_000 },
  ];
  const clips: SceneClips[] = [];
  for (const [index, { name, noise, objects, rate }] of scenes.entries()) {
    const main = dir.file(`main-${index}.mp4`);
    const sub = dir.file(`sub-${index}.mp4`);
    await writeScene(main, { width: 1920, height: 1080, noise, objects }, rate);
    await writeScene(
      sub,
      { width: 640, height: 360, noise, objects: objects.map(smaller) },
      rate === undefined ? undefined : rate / 8,
    );
    clips.push({ name, main, sub });
  }
  return clips;
}

async function writeScene(
  path: string,
  scene: Pick<Scene, 'width' | 'height'> & {
    readonly noise: number;
    readonly objects: readonly SceneObject[];
  },
  bitRate: number | undefined,
): Promise<void> {
  await makeClip(
    path,
    { ...scene, framesPerSecond, seconds: clipSeconds },
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

async function serve(scene: SceneClips, count: number): Promise<RtspServerChild> {
  const server = await spawnRtspServer();
  for (let camera = 1; camera <= count; camera += 1) {
    await server.addStream(`/main${camera}`, { clipPath: scene.main });
    if (scene.sub !== undefined) await server.addStream(`/sub${camera}`, { clipPath: scene.sub });
  }
  return server;
}

async function measureService(scene: SceneClips, count: number, mode: Mode, bareMs: number): Promise<string> {
  await using server = await serve(scene, count);
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
  await pause(warmUpMs);
  const used = await usedCpu(service.child.pid);
  const rates = (
    await client.get<{ readonly cameras: readonly { readonly state: { readonly fps: number } }[] }>(
      '/cameras',
    )
  ).cameras.map(({ state }) => state.fps);
  const lowest = Math.min(...rates);
  return row(scene, count, mode.name, `${lowest.toFixed(1)} (the slowest)`, used, bareMs);
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
