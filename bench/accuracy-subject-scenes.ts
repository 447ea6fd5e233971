import { paintBox, paintCar, paintPerson } from './accuracy-painter.ts';
import type { RenderedScene } from './accuracy-scene.ts';
import {
  copy,
  isWithin,
  light,
  placeOf,
  ramp,
  segmentsOf,
  studioOf,
  walk,
  type Place,
  type Walk,
} from './accuracy-weather.ts';

// Subjects that are hard to see: far, of low contrast, slow, brief, standing.

export function farWalker(
  name: string,
  place: Place,
  gain: number,
  deviation: number,
  level: number,
  height: number,
): RenderedScene {
  const walks: Walk[] = [
    { start: 15, end: 35, fromX: -4, toX: 150, y: 112, height, level },
    { start: 55, end: 75, fromX: 326, toX: 190, y: 118, height, level: level * 0.9 },
  ];
  return {
    name,
    seconds: 90,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf(place, studio);
      return (t, canvas) => {
        copy(empty, canvas);
        light(canvas, gain, 0);
        walk(canvas, t, walks);
        studio.sensor.add(canvas, deviation, 0.4);
      };
    },
  };
}

export function thermalScene(): RenderedScene {
  const walks: Walk[] = [
    { start: 14, end: 30, fromX: 330, toX: 170, y: 120, height: 20, level: 104 },
    { start: 50, end: 72, fromX: -6, toX: 110, y: 104, height: 15, level: 108 },
  ];
  return {
    name: 'thermal, low contrast',
    seconds: 90,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('thermal', studio);
      return (t, canvas) => {
        copy(empty, canvas);
        walk(canvas, t, walks);
        // Automatic gain wanders; the sensor's columns drift.
        light(canvas, 1 + 0.04 * studio.noise.at(t * 0.3, 1), 3 * studio.noise.at(t * 0.2, 7));
        studio.sensor.add(canvas, 2.6, 0.5);
      };
    },
  };
}

export function noisyNightScene(): RenderedScene {
  const walks: Walk[] = [{ start: 50, end: 66, fromX: -10, toX: 170, y: 140, height: 34, level: 78 }];
  return {
    name: 'very noisy night',
    seconds: 110,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('street', studio);
      return (t, canvas) => {
        copy(empty, canvas);
        light(canvas, 0.32, 6);
        walk(canvas, t, walks);
        // Denoising works in patches: the noise comes in bursts and in blotches.
        studio.sensor.add(canvas, 9 + 3 * studio.noise.at(t * 1.7, 2), 0.7);
      };
    },
  };
}

export function slowScene(): RenderedScene {
  const walks: Walk[] = [{ start: 20, end: 70, fromX: 60, toX: 135, y: 140, height: 28, level: 60 }];
  return {
    name: 'slow subject appears from behind a post',
    seconds: 100,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('yard', studio);
      return (t, canvas) => {
        copy(empty, canvas);
        const [first] = walks;
        if (first !== undefined && isWithin(t, first)) {
          const x = first.fromX + ((first.toX - first.fromX) * (t - first.start)) / (first.end - first.start);
          paintPerson(canvas, x, first.y, first.height, first.level, t * 2);
        }
        paintBox(canvas, 52, 90, 16, 60, 90);
        studio.sensor.add(canvas, 2.2, 0.4);
      };
    },
  };
}

export function stopAndGoScene(): RenderedScene {
  return {
    name: 'car parks, drives off',
    seconds: 120,
    segments: [
      { start: 12, end: 19 },
      { start: 60, end: 67 },
    ],
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('street', studio);
      return (t, canvas) => {
        copy(empty, canvas);
        const eased = 1 - (1 - ramp(t, 12, 19)) ** 2;
        const x = -50 + 220 * eased + 260 * ramp(t, 60, 67) ** 2;
        if (t >= 12) paintCar(canvas, x, 145, 78, 185);
        studio.sensor.add(canvas, 2.2, 0.4);
      };
    },
  };
}

export function leftBehindScene(): RenderedScene {
  const walks: Walk[] = [
    { start: 15, end: 22, fromX: -10, toX: 140, y: 140, height: 42, level: 60 },
    { start: 22, end: 29, fromX: 140, toX: -12, y: 140, height: 42, level: 60 },
  ];
  return {
    name: 'box left behind',
    seconds: 110,
    segments: [{ start: 15, end: 29 }],
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('yard', studio);
      return (t, canvas) => {
        copy(empty, canvas);
        if (t > 22) paintBox(canvas, 144, 128, 14, 12, 60);
        walk(canvas, t, walks);
        studio.sensor.add(canvas, 2.2, 0.4);
      };
    },
  };
}

export function cyclistScene(): RenderedScene {
  const rides: Walk[] = [
    { start: 20, end: 21.4, fromX: -10, toX: 330, y: 140, height: 30, level: 60 },
    { start: 50, end: 51.5, fromX: 330, toX: -10, y: 150, height: 34, level: 75 },
    { start: 75, end: 76.3, fromX: -10, toX: 330, y: 128, height: 26, level: 55 },
  ];
  return {
    name: 'cyclists cross within 1.5 s',
    seconds: 90,
    segments: segmentsOf(rides),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('street', studio);
      return (t, canvas) => {
        copy(empty, canvas);
        walk(canvas, t, rides);
        studio.sensor.add(canvas, 2.2, 0.4);
      };
    },
  };
}
