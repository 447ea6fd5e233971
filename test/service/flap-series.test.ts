import { expect, test } from 'vitest';
import { runFlapSeries } from '../support/flap-series.ts';
import { createRandom } from '../support/render-clip.ts';
import { makeTempDir } from '../support/temp-dir.ts';

// The long series is `node bench/flaps.ts`: 1,000 flaps of 20 cameras, the same code.
test(
  'cameras that fail again and again disturb no other, leave nothing open and lose no event',
  { timeout: 180_000 },
  async () => {
    await using dir = await makeTempDir();
    const result = await runFlapSeries({
      dir,
      flapping: 4,
      healthy: 2,
      flaps: 12,
      calmMs: 3000,
      random: createRandom(5),
    });
    expect(result).toMatchObject({ lost: [], away: [], healthyChanges: 2, decodersLost: 0 });
    const { before, after } = result;
    expect(after.decoders.processes).toBe(before.decoders.processes);
    // A connection may be under way at either moment.
    expect(after.service.descriptors).toBeLessThan(before.service.descriptors + 10);
    expect(after.decoders.descriptors).toBeLessThan(before.decoders.descriptors + 10);
    expect(result.lines).toBeLessThanOrEqual(result.changes);
    // The series itself is checked: one in which nothing happens would find nothing wrong.
    expect(Object.keys(result.flaps).length).toBeGreaterThan(2);
    expect(Object.values(result.losses).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(6);
    expect(result.events).toBeGreaterThan(0);
  },
);
