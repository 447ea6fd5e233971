import sharp from 'sharp';
import { expect, test } from 'vitest';
import { runKillSeries } from '../support/kill-series.ts';
import { makeMovingClip } from '../support/moving-clip.ts';
import { createRandom } from '../support/render-clip.ts';
import { makeTempDir } from '../support/temp-dir.ts';

// The long series is `node bench/kills.ts`: 200 kills, the same code.
test(
  'no kill -9 at any instant loses an event that was promised, or doubles one',
  { timeout: 180_000 },
  async () => {
    await using dir = await makeTempDir();
    const clip = dir.file('moving.mp4');
    await makeMovingClip(clip);
    const picture = await sharp({ create: { width: 640, height: 360, channels: 3, background: '#385' } })
      .jpeg()
      .toBuffer();
    const result = await runKillSeries({
      dataDir: dir.file('data'),
      kills: 4,
      cameras: [clip, clip],
      picture,
      random: createRandom(7),
      longestLifeMs: 7000,
    });
    expect(result).toMatchObject({ lost: [], doubled: [], withoutPicture: [], undescribed: [] });
    // The series itself is checked: one in which nothing happens would find nothing lost.
    expect(result.promised).toBeGreaterThan(5);
    expect(result.stored).toBeGreaterThanOrEqual(result.promised);
  },
);
