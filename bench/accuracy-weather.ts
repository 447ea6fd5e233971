import {
  addGlow,
  createCanvas,
  createRandom,
  paintBox,
  paintPerson,
  SensorNoise,
  SmoothNoise,
  type Canvas,
  type Random,
} from './accuracy-painter.ts';

export interface Interval {
  /** Seconds on the clip's clock. */
  readonly start: number;
  readonly end: number;
}

export const sceneWidth = 320;
export const sceneHeight = 180;

export interface Studio {
  readonly random: Random;
  readonly noise: SmoothNoise;
  readonly sensor: SensorNoise;
}

export function studioOf(seed: number): Studio {
  const random = createRandom(seed);
  return { random, noise: new SmoothNoise(random), sensor: new SensorNoise(random) };
}

export type Place = 'yard' | 'wall' | 'street' | 'thermal';

/** An empty place with a margin of nothing: what shakes shows its border. */
export function placeOf(place: Place, { random, noise }: Studio): Canvas {
  const canvas = createCanvas(sceneWidth, sceneHeight);
  const { levels } = canvas;
  for (let y = 0; y < sceneHeight; y += 1) {
    for (let x = 0; x < sceneWidth; x += 1) {
      const ground = y > sceneHeight * 0.45;
      let level = 120;
      if (place === 'yard') {
        level = ground
          ? 105 + 0.12 * y + 22 * noise.octaves(x, y * 2, 14, 4)
          : 150 + 26 * noise.octaves(x + 900, y, 22, 4);
      } else if (place === 'street') {
        level = ground ? 95 + 9 * noise.octaves(x, y * 3, 10, 4) : 130 + 14 * noise.octaves(x, y, 40, 3);
      } else if (place === 'wall') {
        level = ground ? 125 + 3 * noise.octaves(x, y, 30, 2) : 165 + 2 * noise.octaves(x, y, 60, 2);
      } else {
        level = (ground ? 92 : 70) + 9 * noise.octaves(x, y, 50, 3);
      }
      levels[y * sceneWidth + x] = level;
    }
  }
  if (place === 'yard' || place === 'street') {
    for (let i = 0; i < 4; i += 1) {
      const left = random() * 260;
      paintBox(canvas, left, 18 + random() * 25, 40 + random() * 40, 50, 90 + random() * 90);
      for (let w = 0; w < 3; w += 1) paintBox(canvas, left + 6 + w * 14, 40, 7, 10, 50 + random() * 60);
    }
    for (let i = 0; i < 5; i += 1) paintBox(canvas, random() * 320, 60, 2.5, 40 + random() * 20, 60);
  }
  if (place === 'thermal') {
    for (let i = 0; i < 5; i += 1) addGlow(canvas, random() * 320, 70 + random() * 40, 20, 12, 14 * random());
  }
  return canvas;
}

export function copy(from: Canvas, to: Canvas): void {
  to.levels.set(from.levels);
}

export function light(canvas: Canvas, gain: number, offset: number): void {
  const { levels } = canvas;
  for (let i = 0; i < levels.length; i += 1) levels[i] = (levels[i] ?? 0) * gain + offset;
}

/** 0 before, 1 after, rising evenly between. */
export function ramp(t: number, start: number, end: number): number {
  return Math.min(1, Math.max(0, (t - start) / (end - start)));
}

export function isWithin(t: number, interval: Interval): boolean {
  return t >= interval.start && t <= interval.end;
}

export interface Walk extends Interval {
  readonly fromX: number;
  readonly toX: number;
  readonly y: number;
  readonly height: number;
  readonly level: number;
}

export function walk(canvas: Canvas, t: number, walks: readonly Walk[]): void {
  for (const w of walks) {
    if (!isWithin(t, w)) continue;
    const x = w.fromX + ((w.toX - w.fromX) * (t - w.start)) / (w.end - w.start);
    paintPerson(canvas, x, w.y, w.height, w.level, t * 9);
  }
}

export function segmentsOf(walks: readonly Interval[]): Interval[] {
  return walks.map(({ start, end }) => ({ start, end }));
}

interface Streak {
  readonly x: number;
  readonly y: number;
  readonly length: number;
  readonly level: number;
}

export function rain(canvas: Canvas, random: Random, count: number, strength: number): void {
  for (let i = 0; i < count; i += 1) {
    const near = random();
    const streak: Streak = {
      x: random() * sceneWidth,
      y: random() * sceneHeight,
      length: 4 + 26 * near * near,
      level: strength * (0.4 + 0.8 * random()),
    };
    const width = near > 0.85 ? 1.4 : 0.8;
    for (let step = 0; step < streak.length; step += 1) {
      const x = Math.round(streak.x + step * 0.12);
      const y = Math.round(streak.y + step);
      if (x < 0 || x >= sceneWidth || y < 0 || y >= sceneHeight) continue;
      const at = y * sceneWidth + x;
      canvas.levels[at] = (canvas.levels[at] ?? 0) + streak.level * width;
      if (width > 1 && x + 1 < sceneWidth)
        canvas.levels[at + 1] = (canvas.levels[at + 1] ?? 0) + streak.level * 0.5;
    }
  }
}

interface Insect {
  x: number;
  y: number;
  heading: number;
  speed: number;
  radius: number;
  until: number;
}

/** Insects near the lens in infrared light: bright, blurred, fast, erratic; each is there for a second or two. */
export function insectSwarm(random: Random, perSecond: number): (t: number, canvas: Canvas) => void {
  const insects: Insect[] = [];
  let last = 0;
  return (t, canvas) => {
    const passed = t - last;
    last = t;
    if (random() < perSecond * passed) {
      insects.push({
        x: random() * 320,
        y: random() * 180,
        heading: random() * 6.28,
        speed: 60 + random() * 260,
        radius: 3 + random() * 9,
        until: t + 0.3 + random() * 1.6,
      });
    }
    for (const insect of insects) {
      if (t > insect.until) continue;
      insect.heading += (random() - 0.5) * 2.4;
      const length = insect.speed * 0.03;
      for (let i = -2; i <= 2; i += 1) {
        addGlow(
          canvas,
          insect.x + (Math.cos(insect.heading) * length * i) / 2,
          insect.y + (Math.sin(insect.heading) * length * i) / 2,
          insect.radius,
          insect.radius,
          22 + 200 / insect.radius / 2,
        );
      }
      insect.x += Math.cos(insect.heading) * insect.speed * passed;
      insect.y += Math.sin(insect.heading) * insect.speed * passed;
    }
  };
}

/** Copies the place and lets its left and right thirds sway like trees: several periods, gusts, leaves that turn. */
export function sway(from: Canvas, to: Canvas, t: number, noise: SmoothNoise, strength: number): void {
  copy(from, to);
  const gust = 0.5 + 0.5 * noise.at(t * 0.12, 3.3);
  for (let y = 0; y < 110; y += 1) {
    for (let x = 0; x < sceneWidth; x += 1) {
      const depth = Math.max(0, 1 - Math.min(Math.abs(x - 50), Math.abs(x - 275)) / 60);
      if (depth <= 0) continue;
      const phase = noise.at(x / 25, y / 25) * 3;
      const swing = strength * gust * depth;
      const dx = swing * (Math.sin(t * 4.1 + phase) + 0.6 * Math.sin(t * 7.3 + 2 * phase + 1));
      const dy = 0.4 * swing * Math.sin(t * 5.3 + phase * 1.7);
      const leaf = 18 * depth * noise.octaves(x + dx, y + dy, 5, 2) * (1 + 0.3 * Math.sin(t * 6 + phase * 4));
      const u = Math.min(sceneWidth - 1, Math.max(0, Math.round(x + dx)));
      const v = Math.min(sceneHeight - 1, Math.max(0, Math.round(y + dy)));
      to.levels[y * sceneWidth + x] = (from.levels[v * sceneWidth + u] ?? 0) - 25 * depth + leaf;
    }
  }
}

/** A cloud's shadow: its rim passes at `speed` pixels a second. */
export function cloud(canvas: Canvas, t: number, pass: Interval, noise: SmoothNoise, depth: number): void {
  const length = pass.end - pass.start;
  const front = ((t - pass.start) / length) * 900 - 60;
  if (front < -60 || front > 900) return;
  for (let y = 0; y < sceneHeight; y += 1) {
    for (let x = 0; x < sceneWidth; x += 1) {
      const rim = 14 * noise.octaves(x, y, 60, 2);
      const inside = ramp(front - x + rim, -22, 22) * (1 - ramp(front - 420 - x + rim, -22, 22));
      const at = y * sceneWidth + x;
      canvas.levels[at] = (canvas.levels[at] ?? 0) * (1 - depth * inside);
    }
  }
}
