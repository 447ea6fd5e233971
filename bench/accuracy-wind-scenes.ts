import { addGlow, copyShifted, createCanvas, paintBox, paintEllipse } from './accuracy-painter.ts';
import type { RenderedScene } from './accuracy-scene.ts';
import {
  copy,
  insectSwarm,
  light,
  placeOf,
  rain,
  ramp,
  sceneHeight,
  sceneWidth,
  segmentsOf,
  studioOf,
  sway,
  walk,
  type Walk,
} from './accuracy-weather.ts';

// Weather and wind: what falls, flies and sways.

export function rainScene(
  name: string,
  gain: number,
  drops: number,
  strength: number,
  deviation: number,
): RenderedScene {
  const walks: Walk[] = [
    { start: 40, end: 54, fromX: -10, toX: 200, y: 150, height: 46, level: gain < 0.5 ? 72 : 60 },
  ];
  return {
    name,
    seconds: 90,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('street', studio);
      return (t, canvas) => {
        copy(empty, canvas);
        light(canvas, gain, 0);
        if (gain < 0.5) addGlow(canvas, 240, 30, 70, 90, 60);
        walk(canvas, t, walks);
        rain(canvas, studio.random, drops, strength);
        studio.sensor.add(canvas, deviation, 0.4);
      };
    },
  };
}

export function snowScene(): RenderedScene {
  const walks: Walk[] = [{ start: 50, end: 66, fromX: 330, toX: 140, y: 145, height: 40, level: 60 }];
  return {
    name: 'snowfall',
    seconds: 100,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('street', studio);
      const flakes = Array.from({ length: 130 }, () => ({
        x: studio.random() * 320,
        y: studio.random() * 180,
        size: 0.7 + 1.6 * studio.random() ** 3,
      }));
      return (t, canvas) => {
        copy(empty, canvas);
        walk(canvas, t, walks);
        for (const flake of flakes) {
          const y = (flake.y + t * (25 + 40 * flake.size)) % 180;
          const x = (flake.x + 14 * Math.sin(t * 1.3 + flake.y) + t * 9) % 320;
          paintEllipse(canvas, x, y, flake.size, flake.size, 225, 0.8);
        }
        studio.sensor.add(canvas, 2.2, 0.4);
      };
    },
  };
}

export function insectScene(): RenderedScene {
  const walks: Walk[] = [{ start: 60, end: 72, fromX: -10, toX: 170, y: 150, height: 50, level: 130 }];
  return {
    name: 'insects in infrared light',
    seconds: 120,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('yard', studio);
      light(empty, 0.42, 0);
      addGlow(empty, 160, 90, 130, 80, 30);
      const swarm = insectSwarm(studio.random, 0.35);
      return (t, canvas) => {
        copy(empty, canvas);
        walk(canvas, t, walks);
        swarm(t, canvas);
        studio.sensor.add(canvas, 3.5, 0.4);
      };
    },
  };
}

export function foliageScene(): RenderedScene {
  const walks: Walk[] = [
    { start: 45, end: 60, fromX: -10, toX: 220, y: 150, height: 40, level: 55 },
    { start: 85, end: 100, fromX: 330, toX: 120, y: 128, height: 24, level: 60 },
  ];
  return {
    name: 'foliage in the wind',
    seconds: 120,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('yard', studio);
      return (t, canvas) => {
        sway(empty, canvas, t, studio.noise, 1.2 + 2.2 * ramp(t, 25, 32));
        walk(canvas, t, walks);
        studio.sensor.add(canvas, 2.2, 0.4);
      };
    },
  };
}

export function laundryScene(): RenderedScene {
  const walks: Walk[] = [{ start: 60, end: 74, fromX: 330, toX: 150, y: 160, height: 40, level: 55 }];
  return {
    name: 'laundry and a flag in the wind',
    seconds: 110,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('wall', studio);
      return (t, canvas) => {
        copy(empty, canvas);
        const gust = 0.6 + 0.4 * studio.noise.at(t * 0.2, 4);
        for (let i = 0; i < 3; i += 1) {
          for (let y = 0; y < 30; y += 1) {
            const dx = gust * (y / 30) * 6 * Math.sin(t * 2.7 + i * 1.3 + y * 0.08);
            paintBox(canvas, 60 + i * 26 + dx, 60 + y, 18, 1, 215 - 20 * i + 8 * Math.sin(t * 3 + y * 0.3));
          }
        }
        for (let x = 0; x < 34; x += 1) {
          const dy = gust * (x / 34) * 5 * Math.sin(t * 5 - x * 0.25);
          paintBox(canvas, 240 + x, 30 + dy, 1, 20, x % 12 < 6 ? 80 : 190);
        }
        walk(canvas, t, walks);
        studio.sensor.add(canvas, 2.2, 0.4);
      };
    },
  };
}

export function shakeScene(): RenderedScene {
  const walks: Walk[] = [{ start: 62, end: 78, fromX: -10, toX: 210, y: 140, height: 36, level: 55 }];
  return {
    name: 'camera shakes in gusts',
    seconds: 120,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('yard', studio);
      const still = createCanvas(sceneWidth, sceneHeight);
      return (t, canvas) => {
        copy(empty, still);
        walk(still, t, walks);
        const gust = Math.max(0, studio.noise.at(t * 0.25, 9) + 0.2) * 4.5;
        copyShifted(
          still,
          canvas,
          gust * Math.sin(t * 17.3) + 0.6 * studio.noise.at(t * 3, 5),
          0.7 * gust * Math.sin(t * 22.1 + 1),
        );
        studio.sensor.add(canvas, 2, 0.4);
      };
    },
  };
}

export function swarmScene(): RenderedScene {
  const walks: Walk[] = [{ start: 90, end: 104, fromX: 330, toX: 150, y: 150, height: 50, level: 130 }];
  return {
    name: 'a swarm of insects in infrared light',
    seconds: 180,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('street', studio);
      light(empty, 0.4, 4);
      addGlow(empty, 160, 100, 130, 80, 26);
      const swarm = insectSwarm(studio.random, 0.9);
      return (t, canvas) => {
        copy(empty, canvas);
        walk(canvas, t, walks);
        swarm(t, canvas);
        studio.sensor.add(canvas, 3.5, 0.4);
      };
    },
  };
}
