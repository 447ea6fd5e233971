import sharp from 'sharp';
import { expect, test } from 'vitest';
import { keepKinds, runKeepKills } from '../support/keep-kills.ts';
import { createRandom } from '../support/render-clip.ts';
import { makeTempDir } from '../support/temp-dir.ts';

// The long series is `node bench/kills.ts --keep`, the same code.
test.concurrent.each(keepKinds)(
  'no kill -9 during %s loses an event, a picture or what was there before',
  { timeout: 120_000 },
  async (kind) => {
    await using dir = await makeTempDir();
    const picture = await sharp({ create: { width: 64, height: 36, channels: 3, background: '#385' } })
      .jpeg()
      .toBuffer();
    const result = await runKeepKills({
      kind,
      folder: dir.path,
      // An export needs two starts of the whole service, and one more for each further kill.
      kills: kind === 'export' ? 1 : 3,
      random: createRandom(11),
      picture,
    });
    expect(result.faults).toEqual([]);
    // The series itself is checked: one in which all end before they are killed would find nothing.
    expect(result.midway).toBeGreaterThan(0);
  },
);
