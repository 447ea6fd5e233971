import { setSurface, shade, sun, type Surface } from './demo-light.ts';
import { clamp, grain, noise, smoothstep } from './demo-solids.ts';
import {
  blocks,
  firstBlock,
  groves,
  paintGround,
  type Block,
  type Foliage,
  type Painter,
} from './demo-street.ts';
import { rayThrough, type View } from './demo-view.ts';

/** The nearest thing along a ray. `leaf` is how bright the leaf is, −1 for no leaf. */
interface Hit {
  t: number;
  nx: number;
  ny: number;
  nz: number;
  paint: Painter | undefined;
  leaf: number;
}

/** Nothing but the ground is hit yet, `t` away. */
function aim(hit: Hit, t: number): void {
  hit.t = t;
  hit.nx = 0;
  hit.ny = 1;
  hit.nz = 0;
  hit.paint = undefined;
  hit.leaf = -1;
}

function hitBlock(
  block: Block,
  ox: number,
  oy: number,
  oz: number,
  dx: number,
  dy: number,
  dz: number,
  hit: Hit,
): void {
  const { planes } = block;
  let near = 0;
  let far = hit.t;
  let entered = -1;
  for (let i = 0; i < planes.length; i += 4) {
    const nx = planes[i] ?? 0;
    const ny = planes[i + 1] ?? 0;
    const nz = planes[i + 2] ?? 0;
    const away = (planes[i + 3] ?? 0) - nx * ox - ny * oy - nz * oz;
    const along = nx * dx + ny * dy + nz * dz;
    if (along < 0) {
      const t = away / along;
      if (t > near) {
        near = t;
        entered = i;
      }
    } else if (along > 0) far = Math.min(far, away / along);
    else if (away < 0) return;
    if (near >= far) return;
  }
  if (entered < 0) return;
  hit.t = near;
  hit.nx = planes[entered] ?? 0;
  hit.ny = planes[entered + 1] ?? 0;
  hit.nz = planes[entered + 2] ?? 0;
  hit.paint = block.paint;
}

function hitFoliage(
  bush: Foliage,
  ox: number,
  oy: number,
  oz: number,
  dx: number,
  dy: number,
  dz: number,
  hit: Hit,
): void {
  const px = (ox - bush.x) / bush.rx;
  const py = (oy - bush.y) / bush.ry;
  const pz = (oz - bush.z) / bush.rz;
  const qx = dx / bush.rx;
  const qy = dy / bush.ry;
  const qz = dz / bush.rz;
  const a = qx * qx + qy * qy + qz * qz;
  const b = px * qx + py * qy + pz * qz;
  const root = b * b - a * (px * px + py * py + pz * pz - 1);
  if (root < 0) return;
  const t = (-b - Math.sqrt(root)) / a;
  if (t < 0.05 || t >= hit.t) return;
  const x = ox + dx * t;
  const y = oy + dy * t;
  const z = oz + dz * t;
  const nx = (x - bush.x) / bush.rx;
  const ny = (y - bush.y) / bush.ry;
  const nz = (z - bush.z) / bush.rz;
  const leaf = grain(x * 1.3 + z, y * 1.3 - z * 0.7, 0.28, 21);
  // Leaves thin out towards the rim, so that the outline is ragged.
  const facing = Math.sqrt(root) / Math.sqrt(a);
  if (facing < 0.75 && leaf < 0.7 - facing * 0.55) return;
  hit.t = t;
  const tilt = 1.3 * (noise(x * 11, y * 11 + z * 5, 22) - 0.5);
  const turn = 1.3 * (noise(x * 11 + 40, y * 11 + z * 5, 23) - 0.5);
  const length = Math.hypot(nx + tilt, ny + 0.3, nz + turn) || 1;
  hit.nx = (nx + tilt) / length;
  hit.ny = (ny + 0.3) / length;
  hit.nz = (nz + turn) / length;
  hit.paint = undefined;
  hit.leaf = leaf * bush.green;
}

function trace(ox: number, oy: number, oz: number, dx: number, dy: number, dz: number, hit: Hit): void {
  for (const block of blocks) hitBlock(block, ox, oy, oz, dx, dy, dz, hit);
  for (const { x, y, z, radius, bushes } of groves) {
    const px = x - ox;
    const py = y - oy;
    const pz = z - oz;
    const along = px * dx + py * dy + pz * dz;
    if (along < -radius || px * px + py * py + pz * pz - along * along > radius * radius) continue;
    for (const bush of bushes) hitFoliage(bush, ox, oy, oz, dx, dy, dz, hit);
  }
}

/** A light summer sky with thin clouds. */
function skyColour(dx: number, dy: number, dz: number, out: Float64Array): void {
  const high = smoothstep(-0.02, 0.32, dy);
  const u = dx / (dy + 0.18);
  const v = dz / (dy + 0.18);
  const cloud = smoothstep(0.46, 0.78, grain(u * 0.9 + 3, v * 0.55, 1.1, 61)) * 0.75;
  const base = [208 - 72 * high, 224 - 46 * high, 240 - 18 * high] as const;
  for (let channel = 0; channel < 3; channel++) {
    const clear = base[channel] ?? 0;
    out[channel] = clear + (244 - clear) * cloud;
  }
}

export interface Backdrop {
  /** RGB24. */
  readonly rgb: Uint8ClampedArray;
  /** Metres along the ray through each pixel. */
  readonly depth: Float32Array;
}

/** The empty street: what the demo camera sees while nothing passes. Takes about a second. */
export function renderBackdrop(view: View): Backdrop {
  const { width, height } = view;
  const rgb = new Uint8ClampedArray(width * height * 3);
  const depth = new Float32Array(width * height);
  const ray = new Float64Array(3);
  const colour = new Float64Array(3);
  const surface: Surface = { red: 0, green: 0, blue: 0, gloss: 0 };
  const hit: Hit = { t: 0, nx: 0, ny: 0, nz: 0, paint: undefined, leaf: 0 };
  const samples = 2;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const sum = [0, 0, 0];
      let nearest = Infinity;
      for (let sample = 0; sample < samples * samples; sample++) {
        const offsetX = ((sample % samples) + 0.5) / samples;
        const offsetY = (Math.floor(sample / samples) + 0.5) / samples;
        rayThrough(view, column + offsetX, row + offsetY, ray);
        nearest = Math.min(nearest, sampleColour(view, ray, hit, surface, colour));
        for (let channel = 0; channel < 3; channel++)
          sum[channel] = (sum[channel] ?? 0) + (colour[channel] ?? 0);
      }
      const index = row * width + column;
      depth[index] = nearest;
      for (let channel = 0; channel < 3; channel++)
        rgb[index * 3 + channel] = (sum[channel] ?? 0) / (samples * samples);
    }
  }
  return { rgb, depth };
}

/** @returns how far away the thing is whose colour was written */
function sampleColour(
  view: View,
  ray: Float64Array,
  hit: Hit,
  surface: Surface,
  colour: Float64Array,
): number {
  const dx = ray[0] ?? 0;
  const dy = ray[1] ?? 0;
  const dz = ray[2] ?? 0;
  const eye = view.eyeHeight;
  const ground = dy < 0 ? -eye / dy : Infinity;
  aim(hit, Math.min(ground, 400));
  const isFree = dz * hit.t < firstBlock;
  if (!isFree) trace(0, eye, 0, dx, dy, dz, hit);
  const { t, nx, ny, nz, paint, leaf } = hit;
  const x = dx * t;
  const y = eye + dy * t;
  const z = dz * t;
  if (paint !== undefined) paint(x, y, z, nx, ny, nz, surface);
  else if (leaf >= 0) {
    const level = 0.12 + 1.05 * leaf;
    setSurface(surface, 0.1 * level, 0.19 * level, 0.045 * level, 0.03);
  } else if (ground === Infinity || t > 300) {
    skyColour(dx, dy, dz, colour);
    return t;
  } else paintGround(x, z, surface);
  aim(hit, 60);
  const isFacingSun = nx * sun.x + ny * sun.y + nz * sun.z > 0;
  let light = isFacingSun ? 1 : 0;
  // The sun stands behind the camera: what is on this side of all blocks lies in its light.
  if (isFacingSun && z > firstBlock) {
    trace(x + nx * 0.03, y + ny * 0.03, z + nz * 0.03, sun.x, sun.y, sun.z, hit);
    if (hit.t < 60) light = leaf >= 0 ? 0.35 : 0.06;
  }
  shade(surface, nx, ny, nz, dx, dy, dz, light, colour);
  // Far things fade into the air.
  const haze = clamp((t - 18) / 260, 0, 0.35);
  colour[0] = (colour[0] ?? 0) * (1 - haze) + 205 * haze;
  colour[1] = (colour[1] ?? 0) * (1 - haze) + 219 * haze;
  colour[2] = (colour[2] ?? 0) * (1 - haze) + 232 * haze;
  return t;
}
