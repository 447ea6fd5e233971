/**
 * Kills the service and its decoders again and again and looks whether anything that was promised is lost.
 *
 *   node bench/kills.ts [--kills 200] [--seed 1]
 *
 * The short form of this series runs with the tests. Takes about six seconds a kill.
 */
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { runKillSeries } from '../test/support/kill-series.ts';
import { makeMovingClip } from '../test/support/moving-clip.ts';
import { createRandom } from '../test/support/render-clip.ts';
import { makeTempDir } from '../test/support/temp-dir.ts';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
});
const kills = Number(values.kills);
if (!Number.isInteger(kills) || kills < 1)
  throw new Error(`--kills: received "${values.kills}", expected a whole number from 1`);

await using dir = await makeTempDir();
const clip = dir.file('moving.mp4');
await makeMovingClip(clip);
const result = await runKillSeries({
  dataDir: dir.file('data'),
  kills,
  cameras: [clip, clip],
  picture: await sharp({ create: { width: 640, height: 360, channels: 3, background: '#385' } })
    .jpeg()
    .toBuffer(),
  random: createRandom(Number(values.seed)),
  longestLifeMs: 10_000,
  onKill: (count, what) => {
    if (count % 10 === 0) process.stderr.write(`${count} of ${kills} kills, the last a ${what}\n`);
  },
});
console.log(JSON.stringify(result, null, 1));
if ([result.lost, result.doubled, result.withoutPicture, result.undescribed].some((list) => list.length > 0))
  process.exitCode = 1;
