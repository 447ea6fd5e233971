import * as fc from 'fast-check';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Polygon } from '../core/camera-settings.ts';
import type { PictureState } from '../core/camera.ts';
import { lookCells, type PictureLook } from '../core/picture-look.ts';
import { measureLook } from '../motion/picture-look.ts';
import { renderDemoScene } from './demo-scene.ts';
import { LensWatch } from './lens-watch.ts';

const width = 320;
const height = 180;

/** The demo street as motion analysis sees it, at some moments. */
let street: Uint8Array[];

beforeAll(async () => {
  street = [];
  const scene = renderDemoScene();
  for await (const picture of scene.frames(scene.framesPerSecond * 6)) {
    const raw = { width: scene.width, height: scene.height, channels: 3 as const };
    const { data } = await sharp(picture, { raw })
      .resize(width, height, { fit: 'fill' })
      .grayscale()
      .raw()
      .toBuffer({ resolveWithObject: true });
    street.push(new Uint8Array(data));
    if (street.length === 8) break;
  }
});

type Change = (level: number, x: number, y: number) => number;

class Viewer {
  readonly watch: LensWatch;
  readonly said: PictureState[] = [];
  now = Date.UTC(2026, 5, 1);

  constructor(masks: readonly Polygon[] = []) {
    this.watch = new LensWatch(masks);
  }

  see(look: PictureLook, seconds = 1): void {
    for (let second = 0; second < seconds; second += 1) {
      this.now += 1000;
      const state = this.watch.note(look, this.now);
      if (state !== undefined) this.said.push(state);
    }
  }

  /** The street, changed by `change`, with the noise of a sensor; after some pictures it begins anew. */
  watchStreet(seconds: number, change: Change = (level) => level): void {
    this.seeAll(
      street.map((gray, index) => measureLook(painted(gray, index, change))),
      seconds,
    );
  }

  seeAll(looks: readonly PictureLook[], seconds: number): void {
    for (let second = 0; second < seconds; second += 1) {
      const look = looks[second % looks.length];
      if (look !== undefined) this.see(look);
    }
  }

  conditions(): string[] {
    return this.said.map(({ condition }) => condition);
  }
}

function painted(gray: Uint8Array, seed: number, change: Change) {
  let state = seed * 7919 + 1;
  const levels = Uint8Array.from(gray, (level, at) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    const noise = ((state >> 8) % 5) - 2;
    return Math.max(0, Math.min(255, change(level, at % width, Math.floor(at / width)) + noise));
  });
  return { width, height, gray: levels };
}

async function blurred(sigma: number): Promise<PictureLook[]> {
  return Promise.all(
    street.map(async (gray, index) => {
      const { data } = await sharp(gray, { raw: { width, height, channels: 1 } })
        .blur(sigma)
        .extractChannel(0)
        .raw()
        .toBuffer({ resolveWithObject: true });
      return measureLook(painted(data, index, (level) => level));
    }),
  );
}

/** A viewer who knows the street. */
function streetViewer(): Viewer {
  const viewer = new Viewer();
  viewer.watchStreet(200);
  return viewer;
}

const cloth: Change = (_, x, y) => 120 + 25 * Math.sin(x / 80 + 1) - 20 * Math.cos(y / 50);
const spray: Change = (level, x, y) => (x > width * 0.9 ? level : 80 + 15 * Math.sin(x / 30 + y / 25));
const hand: Change = (_, x) => 50 + 10 * Math.sin(x / 100);
const cap: Change = () => 3;

const flash: Change = (level) => Math.min(255, level * 2.5 + 60);
const lampOff: Change = (level) => 8 + level * 0.15;
/** Infrared light reaches the near half only, and inverts some of what it shows. */
const infrared: Change = (level, _x, y) => (y < height / 2 ? 12 + level * 0.05 : 200 - level * 0.8);
const fog: Change = (level) => 140 + (level - 128) * 0.3;
const snowflakes: Change = (level, x, y) => ((x * 31 + y * 17) % 23 === 0 ? 245 : level);

function lookOf(mean: (cell: number) => number, detail: number): PictureLook {
  return {
    means: Float32Array.from({ length: lookCells }, (_, cell) => mean(cell)),
    details: new Float32Array(lookCells).fill(detail),
  };
}

describe('a lens', () => {
  test.each([
    ['a cloth', cloth, 'covered'],
    ['spray paint that leaves a strip free', spray, 'covered'],
    ['a hand', hand, 'covered'],
    ['a lens cap', cap, 'dark'],
  ] as const)('behind %s is noticed, and seen to be free again', (_, change, condition) => {
    const viewer = streetViewer();
    const coveredFrom = viewer.now;
    viewer.watchStreet(60, change);
    expect(viewer.said.slice(1)).toMatchObject([{ condition, isSudden: true }]);
    expect((viewer.said[1]?.since ?? 0) - coveredFrom).toBeLessThanOrEqual(2000);
    viewer.watchStreet(30);
    expect(viewer.conditions()).toEqual(['clear', condition, 'clear']);
  });

  test.each([3, 6])('that is turned out of focus is noticed (blur of %i pixels)', async (sigma) => {
    const viewer = streetViewer();
    viewer.seeAll(await blurred(sigma), 60);
    expect(viewer.conditions()).toEqual(['clear', 'defocused']);
    viewer.watchStreet(30);
    expect(viewer.conditions()).toEqual(['clear', 'defocused', 'clear']);
  });

  test('that was covered while the camera was away is found so when it is back', () => {
    const viewer = streetViewer();
    viewer.now += 120_000;
    viewer.watchStreet(60, cloth);
    expect(viewer.conditions()).toEqual(['clear', 'covered']);
  });

  test('in front of which somebody stands for less than half a minute is free', () => {
    const viewer = streetViewer();
    for (let pass = 0; pass < 5; pass += 1) {
      viewer.watchStreet(25, hand);
      viewer.watchStreet(20);
    }
    expect(viewer.conditions()).toEqual(['clear']);
  });
});

describe('what happens by day and night is no condition:', () => {
  test.each([
    ['headlights', flash, 20],
    ['a lamp that is switched off', lampOff, 900],
    ['the switch to infrared', infrared, 900],
    ['a bank of fog that moves in', fog, 900],
    ['snowfall', snowflakes, 900],
  ] as const)('%s', (_, change, seconds) => {
    const viewer = streetViewer();
    viewer.watchStreet(seconds, change);
    viewer.watchStreet(60);
    expect(viewer.conditions()).toEqual(['clear']);
  });

  test('dusk until nothing is seen is dark, but not sudden, and dawn ends it', () => {
    const viewer = streetViewer();
    for (let minute = 0; minute <= 30; minute += 1) {
      viewer.watchStreet(60, (level) => (level * (30 - minute)) / 30);
    }
    for (let minute = 0; minute <= 30; minute += 1) viewer.watchStreet(60, (level) => (level * minute) / 30);
    expect(viewer.said).toMatchObject([
      { condition: 'clear' },
      { condition: 'dark', isSudden: false },
      { condition: 'clear' },
    ]);
  });
});

test('a wall without structure is never called covered', () => {
  const viewer = new Viewer();
  viewer.watchStreet(200, () => 140);
  viewer.watchStreet(300, cloth);
  viewer.watchStreet(300, () => 90);
  expect(viewer.conditions()).toEqual(['clear']);
});

describe('whatever comes and goes,', () => {
  const scene = lookOf((cell) => 60 + ((cell * 37) % 120), 6);
  const covered = lookOf((cell) => 100 + ((cell * 53) % 40), 0.1);
  const blackness = lookOf(() => 2, 0);

  test('nothing is said of what does not hold for half a minute', () => {
    const acts = fc.array(
      fc.record({
        bad: fc.constantFrom(covered, blackness),
        badSeconds: fc.integer({ min: 1, max: 29 }),
        goodSeconds: fc.integer({ min: 1, max: 100 }),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(acts, (list) => {
        const viewer = new Viewer();
        viewer.see(scene, 100);
        for (const { bad, badSeconds, goodSeconds } of list) {
          viewer.see(bad, badSeconds);
          viewer.see(scene, goodSeconds);
        }
        expect(viewer.conditions()).toEqual(['clear']);
      }),
    );
  });

  test('what was said stays until the opposite holds, so that it never flickers', () => {
    const acts = fc.array(
      fc.record({
        look: fc.constantFrom(scene, covered, blackness),
        seconds: fc.integer({ min: 1, max: 90 }),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(acts, (list) => {
        const viewer = new Viewer();
        viewer.see(scene, 100);
        for (const { look, seconds } of list) viewer.see(look, seconds);
        for (const [index, { condition, since }] of viewer.said.entries()) {
          const before = viewer.said[index - 1];
          if (before === undefined) continue;
          expect(condition).not.toBe(before.condition);
          expect(since).toBeGreaterThanOrEqual(before.since);
        }
      }),
    );
  });
});

/** All of the picture down to this share of its height. */
function maskDownTo(share: number): Polygon {
  return [
    [0, 0],
    [1, 0],
    [1, share],
    [0, share],
  ];
}

function masked(share: number, change: Change): Change {
  return (level, x, y) => (y < share * height ? -10 : change(level, x, y));
}

const asItIs: Change = (level) => level;

describe('behind privacy masks', () => {
  test.each([
    ['a cloth', cloth, 'covered'],
    ['a lens cap', cap, 'dark'],
  ] as const)('a lens behind %s is noticed by what is left of the picture', (_, change, condition) => {
    const viewer = new Viewer([maskDownTo(0.6)]);
    viewer.watchStreet(200, masked(0.6, asItIs));
    viewer.watchStreet(60, masked(0.6, change));
    viewer.watchStreet(30, masked(0.6, asItIs));
    expect(viewer.conditions()).toEqual(['clear', condition, 'clear']);
  });

  test('the black of a mask is none of the lens', () => {
    // At night, three lamps are in the part that is left: more than a black picture has, less than of all cells.
    const look = lookOf((cell) => (cell < lookCells * 0.75 ? 0 : cell % 16 === 3 ? 60 : 15), 3);
    const viewer = new Viewer([maskDownTo(0.75)]);
    viewer.see(look, 200);
    expect(viewer.conditions()).toEqual(['clear']);
    const unaware = new Viewer();
    unaware.see(look, 200);
    expect(unaware.conditions()).toContain('dark');
  });

  test('nothing is said of a camera of which next to nothing is left', () => {
    const viewer = new Viewer([maskDownTo(0.95)]);
    viewer.watchStreet(100, masked(0.95, asItIs));
    viewer.watchStreet(100, masked(0.95, cap));
    expect(viewer.conditions()).toEqual(['clear']);
  });
});
