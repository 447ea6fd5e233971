import { describe, expect, test } from 'vitest';
import { frameOf, viewHeight, viewWidth, walker, yard, type View } from '../../test/support/gray-views.ts';
import type { Polygon, Zone } from '../core/camera-settings.ts';
import type { MotionSample } from '../core/motion.ts';
import { analysisGrain, PrivacyMask } from '../core/privacy-mask.ts';
import type { MotionOptions } from './motion-detector.ts';
import { createMotionDetector } from './scene-detector.ts';

/** In pixels of a view. */
function box(left: number, top: number, right: number, bottom: number): Polygon {
  const corners = [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ] as const;
  return corners.map(([x, y]) => [x / viewWidth, y / viewHeight] as const);
}

function zone(kind: Zone['kind'], points: Polygon): Zone {
  return { name: 'gate', kind, points };
}

/** Frames as a source with these masks yields them, judged by a detector that knows of them. */
function watch(
  view: View,
  seconds: number,
  options: Partial<MotionOptions> = {},
  { scale = 1, halfWidth = 4 } = {},
): MotionSample[] {
  const frameRate = 5;
  const detector = createMotionDetector({ sensitivity: 'medium', frameRate, ...options });
  const mask = new PrivacyMask(options.masks ?? [], analysisGrain);
  return Array.from({ length: seconds * frameRate }, (_, sequence) => {
    const frame = frameOf(view, sequence, frameRate, halfWidth, scale);
    mask.blacken(frame.gray, frame.width, frame.height, 1);
    return detector.detect(frame);
  });
}

function movingTimes(samples: readonly MotionSample[]): number[] {
  return samples.filter(({ isMotion }) => isMotion).map(({ mediaTimeMs }) => mediaTimeMs / 1000);
}

function areaOf(sample: MotionSample | undefined): number {
  return sample?.regions[0]?.area ?? 0;
}

/** Comes in at the left after 10 s; its front reaches the middle of the picture at 15.33 s. */
const walk = walker(10, 30, 14, 36, 40);
const rightHalf = box(160, 0, 320, 180);
const leftHalf = box(0, 0, 160, 180);

const night: View = (x, y) => 60 + 40 * Math.cos(x / 5) * Math.sin(y / 11);
const nightfall: View = (x, y, t) => (t < 12 ? yard : night)(x, y, t);

/** By how many levels exposure has risen. */
function brightening(t: number, seconds: number): number {
  return 40 * Math.min(1, Math.max(0, (t - 10) / seconds));
}

const lateWalk = walker(12, 30, 14, 36, 40);
const brightWalk: View = (x, y, t) => lateWalk(x, y, t) + brightening(t, 1);

/** Sharp posts, much brighter than a mask. */
const fence: View = (x, y, t) => (Math.floor(x) % 23 < 5 && y > 20 && y < 160 ? 100 : yard(x, y, t) + 60);

const shaking: View = (x, y, t) =>
  t < 8 ? fence(x, y, t) : fence(x + 4 * Math.sin(t * 1.7), y + 3 * Math.sin(t * 2.3), t);

describe('zones', () => {
  test.each([
    ['an include zone', zone('include', rightHalf), ['gate']],
    ['what an exclude zone leaves', zone('exclude', leftHalf), []],
  ] as const)('a walker who is followed from outside fires as it enters %s', (_, gate, names) => {
    const samples = watch(walk, 26, { zones: [gate] });
    const times = movingTimes(samples);
    expect(times[0]).toBeGreaterThan(15.3);
    expect(times[0]).toBeLessThan(16);
    expect(times.at(-1)).toBeGreaterThan(20);
    const before = samples.filter(({ mediaTimeMs }) => mediaTimeMs > 12_000 && mediaTimeMs < 15_000);
    expect(new Set(before.map(({ reason }) => reason))).toEqual(new Set(['outside_zones']));
    for (const { regions, zones } of samples.filter(({ isMotion }) => isMotion)) {
      expect(zones).toEqual(names);
      // Half a cell: a cell belongs to the side on which its middle lies.
      for (const region of regions) expect(region.box[0]).toBeGreaterThanOrEqual(0.5 - 0.5 / 160);
    }
  });

  test('of a walker on the border the part inside counts, with less area and a lower score', () => {
    const everywhere = watch(walk, 18);
    const inside = watch(walk, 18, { zones: [zone('include', rightHalf)] });
    const at = inside.findIndex(({ isMotion }) => isMotion);
    expect(areaOf(inside[at])).toBeGreaterThan(0);
    expect(areaOf(inside[at])).toBeLessThan(areaOf(everywhere[at]));
    expect(inside[at]?.score).toBeLessThan(everywhere[at]?.score ?? 0);
    // A second later it is inside as a whole.
    expect(areaOf(inside[at + 5])).toBe(areaOf(everywhere[at + 5]));
  });

  test('motion that stays in an exclude zone, or beside the include zone, never fires', () => {
    const path = box(0, 76, 320, 128);
    expect(movingTimes(watch(walk, 26, { zones: [zone('exclude', path)] }))).toEqual([]);
    const lawn = box(0, 128, 320, 180);
    expect(movingTimes(watch(walk, 26, { zones: [zone('include', lawn)] }))).toEqual([]);
  });

  test('a small zone fires at low sensitivity, which asks for more of the picture than it has', () => {
    const large = walker(10, 30, 40, 90, 40);
    const mat = zone('include', box(200, 90, 214, 104));
    const times = movingTimes(watch(large, 24, { zones: [mat], sensitivity: 'low' }));
    expect(times[0]).toBeGreaterThan(16.6);
    expect(times[0]).toBeLessThan(17.8);
  });

  test('a change of the whole picture is seen as such however small the zone', () => {
    const samples = watch(nightfall, 20, { zones: [zone('include', box(200, 90, 220, 110))] });
    expect(samples.find(({ mediaTimeMs }) => mediaTimeMs >= 12_000)?.reason).toBe('whole_picture');
    expect(movingTimes(samples)).toEqual([]);
  });

  test('the same happens in a picture of 640 × 360', () => {
    const zones = [zone('include', rightHalf)];
    const small = movingTimes(watch(walk, 26, { zones }));
    const large = movingTimes(watch(walk, 26, { zones }, { scale: 2 }));
    expect(Math.abs((large[0] ?? 0) - (small[0] ?? 0))).toBeLessThan(0.5);
    expect(Math.abs((large.at(-1) ?? 0) - (small.at(-1) ?? 0))).toBeLessThan(0.5);
  });
});

describe('masks', () => {
  const middle = box(110, 60, 210, 140);

  test('a walker is not seen behind one, and is seen on both sides of it', () => {
    const samples = watch(walk, 24, { masks: [middle] });
    const regions = samples.flatMap((sample) => sample.regions);
    const isLeft = regions.some(({ box: [x, , width] }) => x + width < 110 / viewWidth);
    const isRight = regions.some(({ box: [x] }) => x > 210 / viewWidth);
    expect([isLeft, isRight]).toEqual([true, true]);
    for (const {
      box: [x, , width],
    } of regions) {
      const overlap = Math.min(x + width, 210 / viewWidth) - Math.max(x, 110 / viewWidth);
      expect(overlap).toBeLessThan(0);
    }
  });

  test.each([
    ['an offset', (x, y, t) => yard(x, y, t) + brightening(t, 3)],
    ['a third', (x, y, t) => yard(x, y, t) * (1 + brightening(t, 3) / 120)],
  ] satisfies readonly [string, View][])('while exposure rises by %s nothing fires at its rim', (_, view) => {
    const samples = watch(view, 25, { masks: [box(110, 20, 320, 140)] });
    expect(movingTimes(samples)).toEqual([]);
    expect(samples.map(({ reason }) => reason)).not.toContain('whole_picture');
  });

  test('while the camera shakes, the rim of one that does not shake with it is no motion, nor anything else', () => {
    const samples = watch(shaking, 25, { masks: [middle] });
    expect(movingTimes(samples)).toEqual([]);
    // From when the onset of the shaking, a change of the whole picture, is over.
    const late = samples.filter(({ mediaTimeMs }) => mediaTimeMs >= 12_000);
    expect(new Set(late.map(({ reason }) => reason))).toEqual(new Set(['quiet']));
  });

  test('a walker beside a large one is found although exposure rises by an offset, which black does not follow', () => {
    const times = movingTimes(watch(brightWalk, 24, { masks: [box(170, 0, 320, 180)] }));
    expect(times[0]).toBeLessThan(13.5);
    expect(times.at(-1)).toBeGreaterThan(16);
  });

  test('what is left of the picture changes as a whole although two thirds are masked', () => {
    const samples = watch(nightfall, 20, { masks: [box(110, 0, 320, 180)] });
    expect(samples.find(({ mediaTimeMs }) => mediaTimeMs >= 12_000)?.reason).toBe('whole_picture');
    expect(movingTimes(samples)).toEqual([]);
  });

  test('a picture that is masked as a whole is quiet', () => {
    const samples = watch(walk, 14, { masks: [box(0, 0, 320, 180)] });
    expect(new Set(samples.slice(31).map(({ reason }) => reason))).toEqual(new Set(['quiet']));
  });
});
