/**
 * How soon an event is captured while the decoder waits for the sizes of coded frames to tell that something moves.
 *
 *   node bench/gate.ts [--passes 40] [--cameras 4] [--noise 5] [--decode auto|keyframes|full] [--clip FILE]
 *
 * RTSP cameras at 1080p, 15 frames a second, constant quality, key frames every 2 s: somebody crosses the picture every 20
 * seconds, on each camera at another moment. The first four minutes do not count: the streams prove themselves in them.
 * Then each event is measured from its first moving frame to its being captured, until there were so many passes.
 * `--clip` keeps the rendered clip for the next run.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { pause } from '../test/support/pause.ts';
import { makeClip } from '../test/support/render-clip.ts';
import { spawnRtspServer } from '../test/support/rtsp-server-child.ts';
import { startService } from '../test/support/service-process.ts';
import { makeTempDir } from '../test/support/temp-dir.ts';
import { createWireClient } from '../test/support/wire-client.ts';
import { percentilesOf } from './support/percentiles.ts';

const passEverySeconds = 20;
const provingMs = 240_000;
const lookEveryMs = 500;

const { values } = parseArgs({
  options: {
    passes: { type: 'string', default: '40' },
    cameras: { type: 'string', default: '4' },
    noise: { type: 'string', default: '5' },
    decode: { type: 'string', default: 'auto' },
    clip: { type: 'string' },
  },
});
const passes = Number(values.passes);
const count = Number(values.cameras);
const noise = Number(values.noise);
if (!(passes > 0 && count > 0 && noise >= 0))
  throw new Error('--passes, --cameras and --noise: expected numbers');

interface CameraList {
  readonly cameras: readonly { readonly state: { readonly decode: { readonly mode: string } | null } }[];
}

await using dir = await makeTempDir();
const clip = values.clip ?? dir.file('passes.mp4');
if (!existsSync(clip)) await renderPass(clip);
await using server = await spawnRtspServer();
const cameras = [];
for (let camera = 1; camera <= count; camera += 1) {
  await server.addStream(`/camera${camera}`, { clipPath: clip });
  cameras.push({
    name: `Camera ${camera}`,
    url: server.url(`/camera${camera}`),
    motion_cooldown: 0,
    decode: values.decode,
  });
  await pause((passEverySeconds / count) * 1000);
}
await using service = await startService({ dataDir: dir.file('data'), config: { cameras } });
const client = createWireClient(service.url);
await pause(provingMs);
const from = new Date();
let looks = 0;
let keyframesOnly = 0;
const until = performance.now() + (passes / count) * passEverySeconds * 1000;
while (performance.now() < until) {
  for (const { state } of (await client.get<CameraList>('/cameras')).cameras) {
    looks += 1;
    if (state.decode?.mode === 'keyframes') keyframesOnly += 1;
  }
  await pause(lookEveryMs);
}
const events = await client.events(`start_time=${from.toISOString()}`);
const captured = events.map(({ timings_ms: { captured: ms } }) => ms).filter((ms) => ms !== null);
const [p50, p95] = percentilesOf(captured).map(Math.round);
console.log(
  '| noise | decode | cameras | time at key frames only | passes | events | captured p50 ms | p95 ms | longest ms |',
);
console.log('|---|---|---|---|---|---|---|---|---|');
console.log(
  `| ${noise} | ${values.decode} | ${count} | ${((keyframesOnly / looks) * 100).toFixed(0)} % | ${passes} | ` +
    `${captured.length} | ${p50} | ${p95} | ${Math.round(Math.max(...captured))} |`,
);

/** One pass of four seconds, and stillness. */
async function renderPass(path: string): Promise<void> {
  await makeClip(
    path,
    {
      width: 1920,
      height: 1080,
      framesPerSecond: 15,
      seconds: passEverySeconds,
      noise,
      objects: [
        {
          from: 3,
          to: 7,
          size: [180, 300],
          path: [
            [-100, 500],
            [2020, 500],
          ],
          colour: [210, 190, 60],
        },
      ],
    },
    { crf: 23 },
  );
}
