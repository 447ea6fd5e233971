import { createCanvas, paintCar } from './accuracy-painter.ts';
import type { RenderedScene } from './accuracy-scene.ts';
import {
  cloud,
  copy,
  isWithin,
  light,
  placeOf,
  ramp,
  sceneHeight,
  sceneWidth,
  segmentsOf,
  studioOf,
  walk,
  type Interval,
  type Walk,
} from './accuracy-weather.ts';

// Light that changes, all over the picture or in parts of it.

export function cloudScene(): RenderedScene {
  const passes: Interval[] = [
    { start: 12, end: 36 },
    { start: 62, end: 76 },
    { start: 84, end: 108 },
  ];
  const walks: Walk[] = [{ start: 44, end: 56, fromX: -10, toX: 150, y: 140, height: 30, level: 60 }];
  return {
    name: 'cloud shadows',
    seconds: 120,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('yard', studio);
      return (t, canvas) => {
        copy(empty, canvas);
        walk(canvas, t, walks);
        for (const pass of passes) cloud(canvas, t, pass, studio.noise, 0.38);
        studio.sensor.add(canvas, 2, 0.4);
      };
    },
  };
}

export function headlightScene(): RenderedScene {
  const walks: Walk[] = [{ start: 70, end: 84, fromX: 330, toX: 150, y: 150, height: 44, level: 105 }];
  const sweeps = [14, 30, 46, 60, 95, 108];
  return {
    name: 'headlights sweep by at night',
    seconds: 120,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('street', studio);
      return (t, canvas) => {
        copy(empty, canvas);
        light(canvas, 0.35, 0);
        walk(canvas, t, walks);
        for (const [i, start] of sweeps.entries()) {
          const way = (t - start) / 3.5;
          if (way < 0 || way > 1) continue;
          const x = i % 2 === 0 ? -80 + 480 * way : 400 - 480 * way;
          for (let at = 0; at < canvas.levels.length; at += 1) {
            const px = at % sceneWidth;
            const py = (at - px) / sceneWidth;
            const glow = Math.exp(-(((px - x) / 60) ** 2) - ((py - 90) / 55) ** 2);
            canvas.levels[at] = (canvas.levels[at] ?? 0) * (1 + 2.2 * glow);
          }
        }
        studio.sensor.add(canvas, 3.5, 0.4);
      };
    },
  };
}

export function gainScene(): RenderedScene {
  const walks: Walk[] = [{ start: 64, end: 76, fromX: -10, toX: 190, y: 140, height: 34, level: 88 }];
  const steps = [
    { at: 20, gain: 1.5 },
    { at: 34, gain: 0.9 },
    { at: 48, gain: 1.7 },
    { at: 88, gain: 1 },
    { at: 102, gain: 1.4 },
  ];
  return {
    name: 'gain steps at night',
    seconds: 120,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('street', studio);
      return (t, canvas) => {
        let gain = 1;
        for (const step of steps) gain += (step.gain - gain) * ramp(t, step.at, step.at + 0.8);
        copy(empty, canvas);
        light(canvas, 0.3, 4);
        walk(canvas, t, walks);
        studio.sensor.add(canvas, 3.2, 0.5);
        light(canvas, gain, 0);
      };
    },
  };
}

export function infraredSwitchScene(): RenderedScene {
  const walks: Walk[] = [
    { start: 16, end: 28, fromX: -10, toX: 170, y: 140, height: 36, level: 60 },
    { start: 70, end: 82, fromX: 330, toX: 150, y: 140, height: 36, level: 165 },
  ];
  return {
    name: 'infrared switch-over',
    seconds: 120,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const day = placeOf('yard', studio);
      const night = createCanvas(sceneWidth, sceneHeight);
      for (let at = 0; at < night.levels.length; at += 1) {
        const x = at % sceneWidth;
        const y = (at - x) / sceneWidth;
        const beam = Math.exp(-(((x - 160) / 140) ** 2) - ((y - 100) / 80) ** 2);
        // In infrared light plants are bright and paint loses its contrast: another picture of the same place.
        const other = 20 * studio.noise.octaves(x + 400, y + 300, 12, 3);
        night.levels[at] = (40 + 0.45 * (day.levels[at] ?? 0) + other) * (0.35 + 0.9 * beam);
      }
      return (t, canvas) => {
        const isNight = t >= 45 && t < 100;
        copy(isNight ? night : day, canvas);
        if (!isNight) light(canvas, 1 - 0.45 * ramp(t, 32, 45) * (t < 60 ? 1 : 0), 0);
        if (isNight) light(canvas, 1 + 0.6 * (1 - ramp(t, 45, 47)), 0);
        if (t >= 100) light(canvas, 1 + 0.8 * (1 - ramp(t, 100, 102)), 0);
        walk(canvas, t, walks);
        studio.sensor.add(canvas, isNight ? 3.5 : 2, 0.4);
      };
    },
  };
}

export function exposureScene(): RenderedScene {
  const trucks = [
    { start: 15, end: 21 },
    { start: 50, end: 57 },
    { start: 80, end: 85 },
  ];
  return {
    name: 'exposure pumps with white trucks',
    seconds: 110,
    segments: trucks,
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('street', studio);
      let exposure = 1;
      return (t, canvas) => {
        copy(empty, canvas);
        let wanted = 1;
        for (const truck of trucks) {
          if (!isWithin(t, truck)) continue;
          const x = -90 + 500 * ramp(t, truck.start, truck.end);
          paintCar(canvas, x, 165, 170, 235);
          if (x > 20 && x < 300) wanted = 0.72;
        }
        exposure += (wanted - exposure) * 0.25;
        light(canvas, exposure, 0);
        studio.sensor.add(canvas, 2.2, 0.4);
      };
    },
  };
}

export function lampScene(): RenderedScene {
  const walks: Walk[] = [{ start: 62, end: 76, fromX: -10, toX: 180, y: 145, height: 44, level: 75 }];
  return {
    name: 'lamps switch and flicker',
    seconds: 110,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('yard', studio);
      return (t, canvas) => {
        copy(empty, canvas);
        walk(canvas, t, walks);
        const isPorchLit = (t > 18 && t < 38) || t > 90;
        const isFlickering = t > 45 && t < 55;
        for (let at = 0; at < canvas.levels.length; at += 1) {
          const x = at % sceneWidth;
          const y = (at - x) / sceneWidth;
          let lit = 0.4;
          if (isPorchLit) lit += 0.5 * Math.exp(-(((x - 250) / 70) ** 2) - ((y - 60) / 70) ** 2);
          if (isFlickering && Math.sin(t * 13) > 0)
            lit += 0.25 * Math.exp(-(((x - 70) / 60) ** 2) - ((y - 60) / 60) ** 2);
          canvas.levels[at] = (canvas.levels[at] ?? 0) * lit;
        }
        studio.sensor.add(canvas, 3, 0.4);
      };
    },
  };
}

export function shadowScene(): RenderedScene {
  const walks: Walk[] = [{ start: 55, end: 68, fromX: -10, toX: 190, y: 150, height: 40, level: 60 }];
  return {
    name: 'dappled shadow of a tree',
    seconds: 110,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('yard', studio);
      return (t, canvas) => {
        copy(empty, canvas);
        walk(canvas, t, walks);
        const gust = 0.5 + 0.5 * studio.noise.at(t * 0.15, 8);
        for (let y = 85; y < sceneHeight; y += 1) {
          for (let x = 120; x < sceneWidth; x += 1) {
            const sx = x + gust * 5 * Math.sin(t * 1.9 + y * 0.02);
            const sy = y + gust * 3 * Math.sin(t * 2.6 + x * 0.02);
            const shade = ramp(studio.noise.octaves(sx, sy, 18, 2), -0.15, 0.15);
            const at = y * sceneWidth + x;
            canvas.levels[at] = (canvas.levels[at] ?? 0) * (1 - 0.35 * shade);
          }
        }
        studio.sensor.add(canvas, 2, 0.4);
      };
    },
  };
}

/** Posts and branches stand between the lamp and the ground: the cone is full of shadows that move through it. */
export function shadowyHeadlightScene(): RenderedScene {
  const walks: Walk[] = [{ start: 84, end: 98, fromX: 330, toX: 150, y: 150, height: 44, level: 105 }];
  const sweeps = [12, 26, 40, 54, 68, 108];
  return {
    name: 'headlights full of shadows',
    seconds: 120,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('yard', studio);
      return (t, canvas) => {
        copy(empty, canvas);
        light(canvas, 0.3, 4);
        walk(canvas, t, walks);
        for (const [i, start] of sweeps.entries()) {
          const way = (t - start) / 4;
          if (way < 0 || way > 1) continue;
          const x = i % 2 === 0 ? -80 + 480 * way : 400 - 480 * way;
          for (let at = 0; at < canvas.levels.length; at += 1) {
            const px = at % sceneWidth;
            const py = (at - px) / sceneWidth;
            const glow = Math.exp(-(((px - x) / 60) ** 2) - ((py - 105) / 40) ** 2);
            const shade = ramp(studio.noise.octaves(px + 0.3 * x, py, 16, 2), -0.1, 0.2);
            canvas.levels[at] = (canvas.levels[at] ?? 0) * (1 + 2.5 * glow * (0.5 + 0.5 * shade)) + 6 * glow;
          }
        }
        studio.sensor.add(canvas, 3, 0.4);
      };
    },
  };
}

/** Sharp shadows appear all over the ground within a second, and go again. */
export function sunScene(): RenderedScene {
  const walks: Walk[] = [{ start: 66, end: 80, fromX: -10, toX: 180, y: 150, height: 40, level: 60 }];
  return {
    name: 'the sun comes out and goes',
    seconds: 120,
    segments: segmentsOf(walks),
    ignore: [],
    create: (seed) => {
      const studio = studioOf(seed);
      const empty = placeOf('yard', studio);
      return (t, canvas) => {
        copy(empty, canvas);
        walk(canvas, t, walks);
        const sun = ramp(t, 15, 16.2) - ramp(t, 34, 35) + ramp(t, 50, 51.5) - ramp(t, 95, 96);
        for (let at = 0; at < canvas.levels.length; at += 1) {
          const x = at % sceneWidth;
          const shade = ramp(studio.noise.octaves(x, (at - x) / sceneWidth, 24, 2), 0.02, 0.08);
          canvas.levels[at] = (canvas.levels[at] ?? 0) * (0.75 + sun * (0.25 - 0.5 * shade));
        }
        studio.sensor.add(canvas, 2, 0.4);
      };
    },
  };
}
