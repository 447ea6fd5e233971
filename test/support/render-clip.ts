import { writeClip, type ClipOptions } from '../../src/media/clip-writer.ts';
import type { Box } from '../../src/core/geometry.ts';

export type Colour = readonly [red: number, green: number, blue: number];

/** A rectangle that moves in a straight line from the first point of its path to the last, at even speed. */
export interface SceneObject {
  /** Seconds from the start of the scene: seen from `from` on, gone at `to`. */
  readonly from: number;
  readonly to: number;
  /** Pixels. */
  readonly size: readonly [width: number, height: number];
  /** Of the centre, pixels; one point stands still. */
  readonly path: readonly (readonly [x: number, y: number])[];
  /** Default red. */
  readonly colour?: Colour;
}

/** From `at` seconds on, everything is brighter (or darker) by `by` of 255 than the scene as it was painted. */
export interface GlobalChange {
  readonly at: number;
  readonly by: number;
}

export interface Scene {
  /** Pixels, even. */
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly seconds: number;
  /** Highest deviation of a pixel, of 255; default 0. The same scene always has the same noise. */
  readonly noise?: number;
  readonly objects?: readonly SceneObject[];
  readonly globalChanges?: readonly GlobalChange[];
  /** Paints the frame's number along the bottom edge, see `readCounter`; default false. */
  readonly counter?: boolean;
  /** The counter's number in the first frame; default 0. */
  readonly firstNumber?: number;
}

export interface RenderedFrame {
  readonly index: number;
  /** `index / framesPerSecond`. */
  readonly seconds: number;
  /** RGB, 3 bytes a pixel. Belongs to the reader. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** Ground truth: where each object of the scene is, cut to the picture; `null` while it is not seen. */
  readonly boxes: readonly (Box | null)[];
}

const counterBits = 16;

/** Frames of a scene in order, the same at every call. */
export function* renderScene(scene: Scene): Generator<RenderedFrame, void, undefined> {
  const background = paintBackground(scene);
  const random = createRandom(20_260_301);
  const count = frameCount(scene);
  for (let index = 0; index < count; index += 1) {
    const seconds = index / scene.framesPerSecond;
    const pixels = background.slice();
    const boxes = (scene.objects ?? []).map((object) => paintObject(pixels, scene, object, seconds));
    brighten(pixels, scene, seconds);
    addNoise(pixels, scene.noise ?? 0, random);
    if (scene.counter === true) paintCounter(pixels, scene, (scene.firstNumber ?? 0) + index);
    yield { index, seconds, pixels, boxes };
  }
}

export function frameCount(scene: Scene): number {
  return Math.round(scene.seconds * scene.framesPerSecond);
}

/** Writes the scene as a clip. What can be said of a clip beside its pictures stands in `options`. */
export async function makeClip(
  path: string,
  scene: Scene,
  options: Partial<Pick<ClipOptions, 'codec' | 'keyframeInterval' | 'bitRate' | 'crf'>> = {},
): Promise<void> {
  const { width, height, framesPerSecond } = scene;
  await writeClip({ path, width, height, framesPerSecond, ...options }, pixelsOf(scene));
}

function* pixelsOf(scene: Scene): Generator<Uint8Array> {
  for (const frame of renderScene(scene)) yield frame.pixels;
}

/**
 * The number of a frame that was rendered with `counter: true`, read back from a decoded picture of any size: 16
 * blocks side by side along the bottom edge, the highest bit left, white for 1, in the lowest tenth of the picture.
 *
 * @param channels 1 for gray, 3 for RGB, 4 for RGBA
 * @returns `null` when a block is neither black nor white
 */
export function readCounter(
  pixels: Uint8Array,
  width: number,
  height: number,
  channels: 1 | 3 | 4 = 1,
): number | null {
  const y = Math.round(height * 0.95 - 0.5);
  let number = 0;
  for (let bit = 0; bit < counterBits; bit += 1) {
    const x = Math.round((width * (bit + 0.5)) / counterBits - 0.5);
    let sum = 0;
    for (const [dx, dy] of [
      [0, 0],
      [-1, 0],
      [1, 0],
      [0, -1],
      [0, 1],
    ] as const) {
      const offset = ((y + dy) * width + x + dx) * channels;
      // Green stands for the brightness: the blocks have no colour.
      sum += pixels[offset + (channels === 1 ? 0 : 1)] ?? 128;
    }
    const value = sum / 5;
    if (value > 90 && value < 165) return null;
    number = number * 2 + (value >= 165 ? 1 : 0);
  }
  return number;
}

/** A calm gray picture with some structure, so that decoders and detectors have something to hold on to. */
function paintBackground(scene: Scene): Uint8Array<ArrayBuffer> {
  const { width, height } = scene;
  const pixels = new Uint8Array(width * height * 3);
  const tile = Math.max(8, Math.round(width / 20));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const isDark = (Math.floor(x / tile) + Math.floor(y / tile)) % 2 === 0;
      const value = Math.round(70 + (50 * y) / height + (isDark ? 0 : 24));
      pixels.fill(value, (y * width + x) * 3, (y * width + x) * 3 + 3);
    }
  }
  return pixels;
}

function paintObject(pixels: Uint8Array, scene: Scene, object: SceneObject, seconds: number): Box | null {
  if (seconds < object.from || seconds >= object.to) return null;
  const { width, height } = scene;
  const [centreX, centreY] = pointAt(object.path, (seconds - object.from) / (object.to - object.from));
  const left = Math.max(0, Math.round(centreX - object.size[0] / 2));
  const top = Math.max(0, Math.round(centreY - object.size[1] / 2));
  const right = Math.min(width, Math.round(centreX + object.size[0] / 2));
  const bottom = Math.min(height, Math.round(centreY + object.size[1] / 2));
  if (right <= left || bottom <= top) return null;
  const row = new Uint8Array((right - left) * 3);
  const [red, green, blue] = object.colour ?? [210, 40, 30];
  for (let offset = 0; offset < row.length; offset += 3) row.set([red, green, blue], offset);
  for (let y = top; y < bottom; y += 1) pixels.set(row, (y * width + left) * 3);
  return [left / width, top / height, (right - left) / width, (bottom - top) / height];
}

/** @param progress 0..1 of the whole path, measured along its length */
function pointAt(path: SceneObject['path'], progress: number): readonly [x: number, y: number] {
  const first = path[0];
  if (first === undefined) throw new Error('An object has an empty path, expected at least one point.');
  const lengths = path.slice(1).map((point, index) => distance(path[index] ?? first, point));
  let left = lengths.reduce((sum, length) => sum + length, 0) * progress;
  for (const [index, length] of lengths.entries()) {
    const from = path[index] ?? first;
    const to = path[index + 1] ?? first;
    if (left <= length && length > 0) {
      const share = left / length;
      return [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
    }
    left -= length;
  }
  return path.at(-1) ?? first;
}

function distance(a: readonly [number, number], b: readonly [number, number]): number {
  return Math.hypot(b[0] - a[0], b[1] - a[1]);
}

function brighten(pixels: Uint8Array, scene: Scene, seconds: number): void {
  const change = scene.globalChanges?.findLast(({ at }) => at <= seconds);
  if (change === undefined || change.by === 0) return;
  for (let index = 0; index < pixels.length; index += 1) {
    pixels[index] = clampByte((pixels[index] ?? 0) + change.by);
  }
}

function addNoise(pixels: Uint8Array, noise: number, random: () => number): void {
  if (noise === 0) return;
  for (let index = 0; index < pixels.length; index += 3) {
    const deviation = Math.round((random() * 2 - 1) * noise);
    for (let channel = index; channel < index + 3; channel += 1) {
      pixels[channel] = clampByte((pixels[channel] ?? 0) + deviation);
    }
  }
}

function paintCounter(pixels: Uint8Array, scene: Scene, number: number): void {
  const { width, height } = scene;
  for (let y = Math.floor(height * 0.9); y < height; y += 1) {
    for (let bit = 0; bit < counterBits; bit += 1) {
      const value = (number >> (counterBits - 1 - bit)) & 1 ? 255 : 0;
      const left = Math.round((width * bit) / counterBits);
      const right = Math.round((width * (bit + 1)) / counterBits);
      pixels.fill(value, (y * width + left) * 3, (y * width + right) * 3);
    }
  }
}

function clampByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** mulberry32 (public domain, T. Ettinger): small, even and the same on every machine. 0 ≤ value < 1. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
