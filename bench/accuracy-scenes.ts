import {
  addGlow,
  copyShifted,
  createCanvas,
  paintBox,
  paintCar,
  paintEllipse,
  paintPerson,
  type Canvas,
} from './accuracy-painter.ts';
import {
  cloud,
  copy,
  insectSwarm,
  isWithin,
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
  type Interval,
  type Place,
  type Walk,
} from './accuracy-weather.ts';

/** A rendered clip with hard weather and known truth. */
export interface RenderedScene {
  readonly name: string;
  readonly seconds: number;
  readonly segments: readonly Interval[];
  readonly ignore: readonly Interval[];
  /** Everything that the seed decides is decided here; the result paints the frame of a time. */
  create(seed: number): (seconds: number, canvas: Canvas) => void;
}

/** One file although long: it is a list, and each entry is read by itself. */
export const scenes: readonly RenderedScene[] = [
  farWalker('far walker by day', 'yard', 1, 2.5, 62, 16),
  farWalker('far walker at night', 'street', 0.42, 5, 92, 16),
  thermalScene(),
  rainScene('rain by day', 0.9, 60, 26, 2.5),
  rainScene('heavy rain at night', 0.35, 150, 40, 4.5),
  insectScene(),
  foliageScene(),
  cloudScene(),
  headlightScene(),
  gainScene(),
  infraredSwitchScene(),
  shakeScene(),
  slowScene(),
  stopAndGoScene(),
  leftBehindScene(),
  exposureScene(),
  snowScene(),
  lampScene(),
  laundryScene(),
  noisyNightScene(),
  shadowScene(),
];

function farWalker(
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

function thermalScene(): RenderedScene {
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

function rainScene(
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

function insectScene(): RenderedScene {
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

function foliageScene(): RenderedScene {
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

function cloudScene(): RenderedScene {
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

function headlightScene(): RenderedScene {
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

function gainScene(): RenderedScene {
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

function infraredSwitchScene(): RenderedScene {
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

function shakeScene(): RenderedScene {
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

function slowScene(): RenderedScene {
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

function stopAndGoScene(): RenderedScene {
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

function leftBehindScene(): RenderedScene {
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

function exposureScene(): RenderedScene {
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

function snowScene(): RenderedScene {
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

function lampScene(): RenderedScene {
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

function laundryScene(): RenderedScene {
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

function noisyNightScene(): RenderedScene {
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

function shadowScene(): RenderedScene {
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
