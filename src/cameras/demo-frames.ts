import { renderBackdrop } from './demo-backdrop.ts';
import type { Model } from './demo-model.ts';
import { drawModel } from './demo-renderer.ts';
import { hash } from './demo-solids.ts';
import { createBus, createCar } from './demo-vehicles.ts';
import type { View } from './demo-view.ts';
import { createDog, createPerson } from './demo-walkers.ts';

/** What a stretch of the footage shows, seconds from its beginning. */
export interface DemoPass {
  readonly start: number;
  readonly end: number;
  /** The COCO classes of what passes. */
  readonly labels: readonly string[];
}

interface Walk {
  readonly label: string;
  readonly create: () => Model;
  /** Seconds from the beginning of the footage to when it comes into view. */
  readonly from: number;
  /** Metres from the camera. */
  readonly z: number;
  readonly direction: 1 | -1;
  /** Metres per second. */
  readonly speed: number;
}

export const demoView: View = {
  width: 960,
  height: 540,
  focal: 900,
  eyeHeight: 3,
  pitch: (9 * Math.PI) / 180,
};
export const demoFramesPerSecond = 10;
export const demoSeconds = 92;

const walks: readonly Walk[] = [
  {
    label: 'car',
    create: () => createCar({ red: 0.02, green: 0.075, blue: 0.28 }),
    from: 9,
    z: 11.7,
    direction: 1,
    speed: 2.9,
  },
  {
    label: 'person',
    create: () =>
      createPerson({
        jacket: [0.34, 0.03, 0.03],
        trousers: [0.03, 0.05, 0.12],
        hair: [0.03, 0.02, 0.012],
        skin: [0.5, 0.29, 0.2],
      }),
    from: 26,
    z: 8.4,
    direction: 1,
    speed: 1.4,
  },
  { label: 'bus', create: createBus, from: 44, z: 14.8, direction: -1, speed: 4.8 },
  {
    label: 'person',
    create: () =>
      createPerson({
        jacket: [0.05, 0.11, 0.07],
        trousers: [0.19, 0.16, 0.115],
        hair: [0.14, 0.075, 0.03],
        skin: [0.4, 0.22, 0.14],
      }),
    from: 61,
    z: 8.75,
    direction: -1,
    speed: 1.35,
  },
  {
    label: 'dog',
    create: () => createDog([0.42, 0.25, 0.1]),
    from: 62,
    z: 8,
    direction: -1,
    speed: 1.35,
  },
  {
    label: 'car',
    create: () => createCar({ red: 0.46, green: 0.46, blue: 0.45 }),
    from: 81,
    z: 14.7,
    direction: -1,
    speed: 3.1,
  },
];

interface Path {
  readonly startX: number;
  readonly start: number;
  readonly end: number;
}

/** From just outside one edge of the picture to just outside the other, the shadow (which falls to the right) too. */
function pathOf(walk: Walk, model: Model): Path {
  const halfPicture = ((walk.z + model.halfZ) * demoView.width) / 2 / demoView.focal;
  const outside = halfPicture + model.halfX;
  const shadow = walk.direction === -1 ? model.height * 0.6 : 0;
  const length = 2 * outside + shadow;
  return { startX: -outside * walk.direction, start: walk.from, end: walk.from + length / walk.speed };
}

/** When something is in the picture; who goes together counts as one. */
export function demoPasses(): DemoPass[] {
  const passes: DemoPass[] = [];
  for (const walk of walks) {
    const { start, end } = pathOf(walk, walk.create());
    const last = passes.at(-1);
    if (last !== undefined && start < last.end)
      passes[passes.length - 1] = {
        start: last.start,
        end: Math.max(last.end, end),
        labels: [...last.labels, walk.label],
      };
    else passes.push({ start, end, labels: [walk.label] });
  }
  return passes;
}

/** A bell curve of whole numbers, standard deviation 1.7 of 255, like a small sensor by day. */
function sensorNoise(length: number): Int8Array {
  const values = new Int8Array(length);
  for (let i = 0; i < length; i++) {
    const bits = hash(i, 71, 3);
    const sum = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24);
    values[i] = Math.round(((sum - 510) / 147.8) * 1.7);
  }
  return values;
}

/** Differently noisy copies of the empty street that take turns: cheaper than new noise for every picture. */
const noiseVariants = 12;

/**
 * Paints the footage picture by picture, always the same. Costs about 50 ms for a picture in which something passes,
 * so it belongs in a thread of its own.
 *
 * @param every 1 for all pictures, n for only the first of each n
 */
export function* paintDemoFrames(every = 1): Generator<Uint8Array<ArrayBuffer>, void> {
  const backdrop = renderBackdrop(demoView);
  const pixels = demoView.width * demoView.height;
  const noise = sensorNoise(pixels * 2);
  const cast = walks.map((walk) => {
    const model = walk.create();
    return { walk, model, path: pathOf(walk, model) };
  });
  // Whoever is farther away is painted first.
  cast.sort((a, b) => b.walk.z - a.walk.z);
  const variants = Array.from({ length: noiseVariants }, (_, variant) => {
    const offset = hash(variant, 5, 9) % pixels;
    const own = noise.subarray(offset, offset + pixels);
    const rgb = new Uint8ClampedArray(backdrop.rgb);
    for (let i = 0; i < rgb.length; i++) rgb[i] = (rgb[i] ?? 0) + (own[Math.floor(i / 3)] ?? 0);
    return { rgb, noise: own };
  });
  for (let number = 0; number < demoSeconds * demoFramesPerSecond; number += every) {
    const time = number / demoFramesPerSecond;
    const variant = variants[hash(number, 8, 1) % noiseVariants] ?? { rgb: backdrop.rgb, noise };
    const rgb = new Uint8ClampedArray(variant.rgb);
    const picture = { rgb, depth: backdrop.depth, noise: variant.noise };
    for (const { walk, model, path } of cast) {
      if (time < path.start || time > path.end) continue;
      const travelled = (time - path.start) * walk.speed;
      model.pose(travelled);
      drawModel(demoView, picture, model, {
        x: path.startX + travelled * walk.direction,
        z: walk.z,
        direction: walk.direction,
      });
    }
    yield new Uint8Array(rgb.buffer);
  }
}
