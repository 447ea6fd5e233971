/**
 * Four RTSP cameras, one of which is killed and comes back.
 *
 *   node bench/cameras.ts [--minutes 10]
 *
 * Two real RTSP servers in processes of their own: one serves three cameras, the other serves the fourth and is killed
 * after a third of the time and started again after half of it. Watches the age of every camera's last frame.
 */
import { parseArgs } from 'node:util';
import { makeMovingClip } from '../test/support/moving-clip.ts';
import { spawnRtspServer, type RtspServerChild } from '../test/support/rtsp-server-child.ts';
import { startService } from '../test/support/service-process.ts';
import { makeTempDir } from '../test/support/temp-dir.ts';
import { createWireClient } from '../test/support/wire-client.ts';
import { pause } from '../test/support/pause.ts';

interface CameraWire {
  readonly id: string;
  readonly name: string;
  readonly state: {
    readonly status: string;
    readonly cause: string | null;
    readonly last_frame_at: string | null;
  };
}

const sampleMs = 200;
const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const totalMs = Number(values.minutes) * 60_000;
if (!(totalMs > 0)) throw new Error(`--minutes: received "${values.minutes}", expected a number above 0`);

await using dir = await makeTempDir();
const clip = dir.file('moving.mp4');
await makeMovingClip(clip, 3);
await using steady = await spawnRtspServer();
let victim: RtspServerChild = await spawnRtspServer();
const { port } = victim;
const cameras = [];
for (const name of ['One', 'Two', 'Three']) {
  await steady.addStream(`/${name}`, { clipPath: clip });
  cameras.push({ name, url: steady.url(`/${name}`), motion_cooldown: 0 });
}
await victim.addStream('/Four', { clipPath: clip });
cameras.push({ name: 'Four', url: victim.url('/Four'), motion_cooldown: 0 });

await using service = await startService({ dataDir: dir.file('data'), config: { cameras } });
const client = createWireClient(service.url);
const streaming = async (): Promise<readonly CameraWire[]> =>
  (await client.get<{ readonly cameras: readonly CameraWire[] }>('/cameras')).cameras;
while (!(await streaming()).every(({ state }) => state.status === 'streaming')) await pause(sampleMs);

const oldest = new Map<string, number>();
const causes = new Set<string>();
const startedAt = performance.now();
let killedAt: number | undefined;
let restartedAt: number | undefined;
let backAt: number | undefined;
while (performance.now() - startedAt < totalMs) {
  const elapsed = performance.now() - startedAt;
  if (killedAt === undefined && elapsed > totalMs / 3) {
    await victim.kill('SIGKILL');
    killedAt = performance.now();
  }
  if (killedAt !== undefined && restartedAt === undefined && elapsed > totalMs / 2) {
    victim = await spawnRtspServer({ port });
    await victim.addStream('/Four', { clipPath: clip });
    restartedAt = performance.now();
  }
  for (const { name, state } of await streaming()) {
    if (name === 'Four') {
      if (state.cause !== null) causes.add(state.cause);
      if (restartedAt !== undefined && backAt === undefined && state.status === 'streaming')
        backAt = performance.now();
    }
    const age =
      state.last_frame_at === null ? Number.POSITIVE_INFINITY : Date.now() - Date.parse(state.last_frame_at);
    oldest.set(name, Math.max(oldest.get(name) ?? 0, age));
  }
  await pause(sampleMs);
}

const events = await client.events();
console.log('| camera | events | oldest last frame, ms | status changes |');
console.log('|---|---|---|---|');
for (const { name } of cameras) {
  const changes = service.lines.filter(
    ({ msg, camera }) => camera === name && /^camera (up|down)$/.test(msg),
  ).length;
  const count = events.filter(({ camera_name: camera }) => camera === name).length;
  console.log(`| ${name} | ${count} | ${Math.round(oldest.get(name) ?? Number.NaN)} | ${changes} |`);
}
const seconds = (from: number | undefined, to: number | undefined): string =>
  from === undefined || to === undefined ? 'never' : `${((to - from) / 1000).toFixed(1)} s`;
console.log(
  `\nFour: down for ${seconds(killedAt, restartedAt)} (${[...causes].join(', ')}), streaming again ${seconds(restartedAt, backAt)} after its server was back.`,
);
console.log(`Not described: ${events.filter(({ description_status: status }) => status !== 'done').length}`);
await victim[Symbol.asyncDispose]();
