/**
 * Kills the service and its decoders again and again and looks whether anything that was promised is lost.
 *
 *   node bench/kills.ts [--kills 200] [--seed 1]
 *   node bench/kills.ts --keep [--kills 200] [--seed 1]
 *
 * With `--keep`, so many kills each during a migration, a clean-up, a backup, a restore and an export. The short form of
 * both series runs with the tests. Takes about six seconds a kill, with `--keep` two.
 */
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { keepKinds, runKeepKills } from '../test/support/keep-kills.ts';
import { runKillSeries } from '../test/support/kill-series.ts';
import { makeMovingClip } from '../test/support/moving-clip.ts';
import { createRandom } from '../test/support/render-clip.ts';
import { makeTempDir } from '../test/support/temp-dir.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
  },
});
const kills = Number(values.kills);
if (!Number.isInteger(kills) || kills < 1)
  throw new Error(`--kills: received "${values.kills}", expected a whole number from 1`);

const random = createRandom(Number(values.seed));

if (values.keep) await killWhileKeeping();
else await killWhileWatching();

async function killWhileKeeping(): Promise<void> {
  const picture = await examplePicture(64, 36);
  for (const kind of keepKinds) {
    await using dir = await makeTempDir();
    const result = await runKeepKills({ kind, folder: dir.path, kills, random, picture });
    console.log(JSON.stringify({ kind, ...result }));
    if (result.faults.length > 0) process.exitCode = 1;
  }
}

async function killWhileWatching(): Promise<void> {
  await using dir = await makeTempDir();
  const clip = dir.file('moving.mp4');
  await makeMovingClip(clip);
  const result = await runKillSeries({
    dataDir: dir.file('data'),
    kills,
    cameras: [clip, clip],
    picture: await examplePicture(640, 360),
    random,
    longestLifeMs: 10_000,
    onKill: (count, what) => {
      if (count % 10 === 0) process.stderr.write(`${count} of ${kills} kills, the last a ${what}\n`);
    },
  });
  console.log(JSON.stringify(result, null, 1));
  const faults = [result.lost, result.doubled, result.withoutPicture, result.undescribed];
  if (faults.some((list) => list.length > 0)) process.exitCode = 1;
}

function examplePicture(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#385' } })
    .jpeg()
    .toBuffer();
}
