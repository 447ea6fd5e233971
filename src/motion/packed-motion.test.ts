import { expect, test } from 'vitest';
import { crossing, recordMotion } from '../../test/support/recorded-motion.ts';
import { PackedMotion } from './packed-motion.ts';

test('packed motion is the same motion, sample by sample', () => {
  const motion = recordMotion({ boxes: crossing(0.5), fill: 0.3, leftWithLow: 0.5 });
  const samples = motion.samples.map((sample, index) => ({
    ...sample,
    regions: index === 3 ? [] : [...sample.regions, ...sample.regions].slice(0, 1 + (index % 2)),
  }));
  const packed = new PackedMotion({ sensitivity: 'low', samples, heat: motion.heat });
  expect(packed.sensitivity).toBe('low');
  expect(Array.from(packed.heat.seconds)).toEqual(motion.heat.seconds);
  for (let round = 0; round < 2; round += 1) {
    const unpacked = [...packed.samples];
    expect(unpacked).toHaveLength(samples.length);
    for (const [index, { atMs, regions, areas }] of unpacked.entries()) {
      const expected = samples[index];
      expect([atMs, regions.length, areas.high]).toEqual([expected?.atMs, expected?.regions.length, null]);
      expect(areas.low).toBeCloseTo(expected?.areas.low ?? 0, 6);
      expect(areas.medium).toBeCloseTo(expected?.areas.medium ?? 0, 6);
      for (const [number, { box, area }] of regions.entries()) {
        const { box: itsBox = [], area: itsArea = 0 } = expected?.regions[number] ?? {};
        for (const [edge, value] of box.entries()) expect(value).toBeCloseTo(itsBox[edge] ?? 0, 6);
        expect(area).toBeCloseTo(itsArea, 6);
      }
    }
  }
});
