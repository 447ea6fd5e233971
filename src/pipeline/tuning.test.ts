import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crossing, recordMotion, swaying, tuningEvent } from '../../test/support/recorded-motion.ts';
import { zonesSchema } from '../core/camera-settings-wire.ts';
import type { Box } from '../core/geometry.ts';
import type { Sensitivity } from '../core/motion.ts';
import type { TuningSettings } from '../core/tuning.ts';
import { proposeTuning, type TuningEvent } from './tuning.ts';

const settings: TuningSettings = { motionSensitivity: 'medium', zones: [], labels: [] };

const flag = recordMotion({ boxes: swaying(0.7, 0.1) });
const walker = recordMotion({ boxes: crossing(0.55) });
const person = { objectsDetected: ['person'] };

function falseOnes(count: number, change: Partial<TuningEvent> = {}): TuningEvent[] {
  return Array.from({ length: count }, (_, index) =>
    tuningEvent(`false ${index}`, { userFeedback: 'false_motion', motion: flag, ...change }),
  );
}

describe('what is proposed', () => {
  test('a flag that makes events is left out by a zone around it, and walkers stay', () => {
    const { proposals, counts, reason } = proposeTuning(
      [
        ...falseOnes(3),
        tuningEvent('not looked at', { motion: flag }),
        tuningEvent('walker', { motion: walker, ...person }),
        tuningEvent('starred', { motion: walker, isStarred: true }),
        tuningEvent('old'),
      ],
      settings,
    );
    expect(reason).toBeNull();
    expect(counts).toEqual({ total: 7, falseMotion: 3, true: 2, unmarked: 2, withoutEvidence: 1 });
    const [zone] = proposals;
    expect(zone).toMatchObject({
      kind: 'zone',
      removedFalse: ['false 0', 'false 1', 'false 2'],
      removedUnmarked: ['not looked at'],
      lost: [],
      unknown: 1,
    });
    expect(zonesSchema.parse(zone?.change.zones)).toMatchObject([{ name: 'No motion 1', kind: 'exclude' }]);
  });

  test('the zones that are there stay, and the new one has a name of its own', () => {
    const own = {
      name: 'No motion 1',
      kind: 'exclude',
      points: [
        [0, 0],
        [0.1, 0],
        [0, 0.1],
      ],
    } as const;
    const { proposals } = proposeTuning(falseOnes(1), { ...settings, zones: [own] });
    expect(proposals[0]?.change.zones).toMatchObject([own, { name: 'No motion 2' }]);
  });

  test('where false motion lies in the way of true one, a lower sensitivity or labels tell them apart', () => {
    const faint = recordMotion({ boxes: crossing(0.55), fill: 0.2, leftWithLow: 0.1 });
    const { proposals } = proposeTuning(
      [...falseOnes(4, { motion: faint }), tuningEvent('walker', { motion: walker, ...person })],
      settings,
    );
    expect(proposals.map(({ kind, lost }) => [kind, lost.length])).toEqual([
      ['sensitivity', 0],
      ['labels', 0],
      ['zone', 1],
    ]);
    expect(proposals[0]?.change).toEqual({ motionSensitivity: 'low' });
    expect(proposals[1]?.change).toEqual({ labels: ['person', 'vehicle', 'animal'] });
  });

  test('a label that only false events have is not asked for', () => {
    const { proposals } = proposeTuning(
      [
        ...falseOnes(2, { motion: walker, objectsDetected: ['bird'] }),
        tuningEvent('walker', { motion: walker, objectsDetected: ['person', 'umbrella'] }),
        tuningEvent('car', { motion: walker, objectsDetected: ['car'] }),
      ],
      settings,
    );
    expect(proposals.find(({ kind }) => kind === 'labels')).toMatchObject({
      change: { labels: ['person', 'vehicle', 'umbrella'] },
      removedFalse: ['false 0', 'false 1'],
      lost: [],
    });
  });

  test('flags in two places get a zone each', () => {
    const other = recordMotion({ boxes: swaying(0.05, 0.2) });
    const { proposals } = proposeTuning(
      [
        ...falseOnes(2),
        tuningEvent('false here', { userFeedback: 'false_motion', motion: other }),
        tuningEvent('walker', { motion: recordMotion({ boxes: crossing(0.15) }), ...person }),
        tuningEvent('another', { motion: walker, ...person }),
      ],
      settings,
    );
    const zones = proposals.filter(({ kind }) => kind === 'zone');
    expect(zones.map(({ removedFalse }) => removedFalse)).toEqual([['false 0', 'false 1'], ['false here']]);
  });
});

describe('when nothing is proposed it says why', () => {
  test.each<[string, readonly TuningEvent[], Partial<TuningSettings>]>([
    ['no_false_motion', [tuningEvent('walker', { motion: walker })], {}],
    ['no_evidence', falseOnes(2, { motion: null, isDescribed: false }), {}],
    ['prevented', falseOnes(2), { labels: ['person'] }],
    [
      'too_costly',
      [
        ...falseOnes(1, { motion: walker, ...person }),
        ...[1, 2].map((number) => tuningEvent(`walker ${number}`, { motion: walker, ...person })),
      ],
      { motionSensitivity: 'low' },
    ],
    [
      'no_remedy',
      falseOnes(1, { motion: recordMotion({ boxes: [[0, 0, 1, 1] as Box, [0, 0, 1, 1]] }), ...person }),
      { motionSensitivity: 'low', labels: ['person'] },
    ],
  ])('%s', (reason, events, change) => {
    expect(proposeTuning(events, { ...settings, ...change })).toMatchObject({ proposals: [], reason });
  });
});

const share = fc.integer({ min: 0, max: 40 }).map((number) => number / 40);
const box: fc.Arbitrary<Box> = fc
  .tuple(share, share, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
  .map(([x, y, width, height]) => [
    Math.min(x, 1 - width / 40),
    Math.min(y, 1 - height / 40),
    width / 40,
    height / 40,
  ]);
const motion = fc
  .record({
    boxes: fc.array(box, { minLength: 1, maxLength: 6 }),
    fill: fc.constantFrom(0.1, 0.5, 1),
    leftWithLow: fc.constantFrom(0, 0.3, 1),
    sensitivity: fc.constantFrom<Sensitivity>('high', 'medium', 'low'),
  })
  .map(recordMotion);
const events = fc
  .array(
    fc.record({
      userFeedback: fc.constantFrom('false_motion', 'false_motion', 'correct', 'wrong', null),
      isStarred: fc.boolean(),
      objectsDetected: fc.subarray(['person', 'car', 'dog', 'parcel']),
      isNothingOfInterest: fc.boolean(),
      isDescribed: fc.boolean(),
      motion: fc.option(motion),
    }),
    { maxLength: 12 },
  )
  .map((list) => list.map((change, index) => tuningEvent(`event ${index}`, change)));
const anySettings: fc.Arbitrary<TuningSettings> = fc.record({
  motionSensitivity: fc.constantFrom<Sensitivity>('high', 'medium', 'low'),
  zones: fc.constantFrom([], [
    {
      name: 'z',
      kind: 'exclude',
      points: [
        [0, 0],
        [0.4, 0],
        [0, 0.4],
      ],
    },
  ] as const),
  labels: fc.constantFrom([], ['person'], ['person', 'vehicle']),
});

test('whatever the events: no event is in two lists, nothing is worth less than it costs, and what is applied holds', () => {
  fc.assert(
    fc.property(events, anySettings, (list, present) => {
      const { proposals, reason, counts } = proposeTuning(list, present);
      expect(reason === null).toBe(proposals.length > 0);
      expect(counts.falseMotion + counts.true + counts.unmarked).toBe(list.length);
      const feedback = new Map(list.map(({ id, userFeedback }) => [id, userFeedback]));
      let costsBefore = 0;
      for (const { change, removedFalse, removedUnmarked, lost, unknown } of proposals) {
        const all = [...removedFalse, ...removedUnmarked, ...lost];
        expect(new Set(all).size).toBe(all.length);
        expect(all.length + unknown).toBeLessThanOrEqual(list.length);
        expect(removedFalse.every((id) => feedback.get(id) === 'false_motion')).toBe(true);
        expect([...removedUnmarked, ...lost].some((id) => feedback.get(id) === 'false_motion')).toBe(false);
        expect(removedFalse.length).toBeGreaterThan(0);
        expect(lost.length).toBeLessThanOrEqual(removedFalse.length);
        expect(lost.length).toBeGreaterThanOrEqual(costsBefore);
        costsBefore = lost.length;
        if (change.zones !== undefined) zonesSchema.parse(change.zones);
        if (change !== proposals[0]?.change) continue;
        // Once applied, what was removed is nobody's to remove again.
        const after = proposeTuning(list, { ...present, ...change });
        const left = new Set(
          after.proposals.flatMap((next) => next.removedFalse.concat(next.removedUnmarked, next.lost)),
        );
        expect(all.filter((id) => left.has(id))).toEqual([]);
      }
    }),
    { numRuns: 15 },
  );
});
