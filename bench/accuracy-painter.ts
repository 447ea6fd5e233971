/** Renders what cameras see, in gray levels on a canvas of floats, so that the truth is known exactly. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  /** Levels; clipped to 0..255 only at the end. */
  readonly levels: Float32Array;
}

export type Random = () => number;

export function createCanvas(width: number, height: number): Canvas {
  return { width, height, levels: new Float32Array(width * height) };
}

/** Mulberry32: small, fast, the same numbers everywhere. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Smooth noise of several octaves, -1..1, for textures and for winds. */
export class SmoothNoise {
  readonly #values = new Float32Array(65536);

  constructor(random: Random) {
    for (let i = 0; i < this.#values.length; i += 1) this.#values[i] = random() * 2 - 1;
  }

  at(x: number, y: number): number {
    const left = Math.floor(x);
    const top = Math.floor(y);
    const fx = smooth(x - left);
    const fy = smooth(y - top);
    const a = this.#corner(left, top);
    const b = this.#corner(left + 1, top);
    const c = this.#corner(left, top + 1);
    const d = this.#corner(left + 1, top + 1);
    return (a + (b - a) * fx) * (1 - fy) + (c + (d - c) * fx) * fy;
  }

  /** @param scale pixels per hill of the coarsest octave */
  octaves(x: number, y: number, scale: number, count: number): number {
    let sum = 0;
    let strength = 1;
    let total = 0;
    let factor = 1 / scale;
    for (let i = 0; i < count; i += 1) {
      sum += strength * this.at(x * factor + i * 17.3, y * factor + i * 31.7);
      total += strength;
      strength *= 0.6;
      factor *= 2;
    }
    return sum / total;
  }

  #corner(x: number, y: number): number {
    return this.#values[(Math.imul(x, 73856093) ^ Math.imul(y, 19349663)) & 65535] ?? 0;
  }
}

/** Gaussian noise from a table, so that a frame costs no more than a copy. */
export class SensorNoise {
  readonly #table = new Float32Array(1 << 18);
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
    for (let i = 0; i < this.#table.length; i += 1) {
      this.#table[i] = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    }
  }

  /**
   * @param deviation levels
   * @param correlation 0..1, of neighbours: what denoising and compression leave is coarse
   */
  add(canvas: Canvas, deviation: number, correlation: number): void {
    const { levels } = canvas;
    const norm = Math.sqrt(1 - correlation * correlation);
    let index = Math.floor(this.#random() * this.#table.length);
    let last = 0;
    for (let i = 0; i < levels.length; i += 1) {
      index = (index + 1) & (this.#table.length - 1);
      last = last * correlation + norm * (this.#table[index] ?? 0);
      levels[i] = (levels[i] ?? 0) + deviation * last;
    }
  }
}

/** Mixes a level into every pixel whose distance-like value is below 1, with a soft rim. */
function paint(
  canvas: Canvas,
  bounds: readonly [left: number, top: number, right: number, bottom: number],
  cover: (x: number, y: number) => number,
  level: (x: number, y: number) => number,
): void {
  const left = Math.max(0, Math.floor(bounds[0]));
  const top = Math.max(0, Math.floor(bounds[1]));
  const right = Math.min(canvas.width - 1, Math.ceil(bounds[2]));
  const bottom = Math.min(canvas.height - 1, Math.ceil(bounds[3]));
  for (let y = top; y <= bottom; y += 1) {
    for (let x = left; x <= right; x += 1) {
      const share = cover(x, y);
      if (share <= 0) continue;
      const i = y * canvas.width + x;
      const old = canvas.levels[i] ?? 0;
      canvas.levels[i] = old + Math.min(1, share) * (level(x, y) - old);
    }
  }
}

export function paintEllipse(
  canvas: Canvas,
  x: number,
  y: number,
  radiusX: number,
  radiusY: number,
  level: number,
  opacity = 1,
): void {
  const rim = Math.max(0.5, Math.min(radiusX, radiusY));
  paint(
    canvas,
    [x - radiusX - 1, y - radiusY - 1, x + radiusX + 1, y + radiusY + 1],
    (px, py) => opacity * Math.min(1, (1 - Math.hypot((px - x) / radiusX, (py - y) / radiusY)) * rim + 0.5),
    () => level,
  );
}

export function paintBox(
  canvas: Canvas,
  left: number,
  top: number,
  width: number,
  height: number,
  level: number,
): void {
  const right = left + width;
  const bottom = top + height;
  paint(
    canvas,
    [left - 1, top - 1, right, bottom],
    (x, y) =>
      Math.max(0, Math.min(x + 1, right) - Math.max(x, left)) *
      Math.max(0, Math.min(y + 1, bottom) - Math.max(y, top)),
    () => level,
  );
}

/** A soft disc without edge, added: a lamp's pool, a blurred insect. */
export function addGlow(
  canvas: Canvas,
  x: number,
  y: number,
  radiusX: number,
  radiusY: number,
  level: number,
): void {
  const left = Math.max(0, Math.floor(x - 2.5 * radiusX));
  const right = Math.min(canvas.width - 1, Math.ceil(x + 2.5 * radiusX));
  const top = Math.max(0, Math.floor(y - 2.5 * radiusY));
  const bottom = Math.min(canvas.height - 1, Math.ceil(y + 2.5 * radiusY));
  for (let py = top; py <= bottom; py += 1) {
    for (let px = left; px <= right; px += 1) {
      const d = ((px - x) / radiusX) ** 2 + ((py - y) / radiusY) ** 2;
      const i = py * canvas.width + px;
      canvas.levels[i] = (canvas.levels[i] ?? 0) + level * Math.exp(-d);
    }
  }
}

/**
 * A person that walks: head, torso, legs that swing.
 *
 * @param x of the feet, pixels
 * @param y of the feet, pixels
 * @param height pixels
 * @param phase of the steps, radians
 */
export function paintPerson(
  canvas: Canvas,
  x: number,
  y: number,
  height: number,
  level: number,
  phase: number,
): void {
  const width = height * 0.3;
  const swing = Math.sin(phase) * width * 0.45;
  paintEllipse(canvas, x, y - height * 0.91, height * 0.075, height * 0.09, level * 0.9 + 20);
  paintEllipse(canvas, x, y - height * 0.62, width * 0.5, height * 0.24, level);
  paintEllipse(canvas, x + swing * 0.6, y - height * 0.22, width * 0.2, height * 0.23, level - 8);
  paintEllipse(canvas, x - swing * 0.6, y - height * 0.22, width * 0.2, height * 0.23, level + 6);
}

/** A car from the side. `x` is its middle, `y` its wheels. */
export function paintCar(canvas: Canvas, x: number, y: number, length: number, level: number): void {
  const height = length * 0.3;
  paintBox(canvas, x - length / 2, y - height * 0.75, length, height * 0.6, level);
  paintBox(canvas, x - length * 0.28, y - height * 1.2, length * 0.5, height * 0.5, level * 0.8);
  paintBox(canvas, x - length * 0.22, y - height * 1.12, length * 0.38, height * 0.34, 40);
  paintEllipse(canvas, x - length * 0.3, y - height * 0.12, height * 0.18, height * 0.18, 20);
  paintEllipse(canvas, x + length * 0.3, y - height * 0.12, height * 0.18, height * 0.18, 20);
}

/** Copies a scene, moved by fractions of a pixel. */
export function copyShifted(from: Canvas, to: Canvas, shiftX: number, shiftY: number): void {
  const { width, height } = to;
  for (let y = 0; y < height; y += 1) {
    const v = Math.min(height - 1.001, Math.max(0, y + shiftY));
    const top = Math.floor(v);
    const fy = v - top;
    for (let x = 0; x < width; x += 1) {
      const u = Math.min(width - 1.001, Math.max(0, x + shiftX));
      const left = Math.floor(u);
      const fx = u - left;
      const i = top * width + left;
      const a = from.levels[i] ?? 0;
      const b = from.levels[i + 1] ?? 0;
      const c = from.levels[i + width] ?? 0;
      const d = from.levels[i + width + 1] ?? 0;
      to.levels[y * width + x] = (a + (b - a) * fx) * (1 - fy) + (c + (d - c) * fx) * fy;
    }
  }
}

/** Levels become bytes as a camera makes them: rounded, clipped. */
export function toBytes(canvas: Canvas): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(canvas.levels.length);
  for (let i = 0; i < bytes.length; i += 1) {
    bytes[i] = Math.max(0, Math.min(255, Math.round(canvas.levels[i] ?? 0)));
  }
  return bytes;
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}
