/**
 * Signed distances in metres, negative inside: enough shapes to model what passes the demo camera. The formulas are
 * those of Inigo Quilez, "distance functions".
 */

export function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}

/** 0 at `low`, 1 at `high`, smooth between. */
export function smoothstep(low: number, high: number, value: number): number {
  const t = clamp((value - low) / (high - low), 0, 1);
  return t * t * (3 - 2 * t);
}

/** The union of two solids whose seam is filled over `width` metres. */
export function smoothUnion(a: number, b: number, width: number): number {
  const h = Math.max(width - Math.abs(a - b), 0) / width;
  return Math.min(a, b) - h * h * width * 0.25;
}

/** A box around the origin with rounded edges; half sizes include the rounding. */
export function roundedBox(
  x: number,
  y: number,
  z: number,
  halfX: number,
  halfY: number,
  halfZ: number,
  rounding: number,
): number {
  const qx = Math.abs(x) - halfX + rounding;
  const qy = Math.abs(y) - halfY + rounding;
  const qz = Math.abs(z) - halfZ + rounding;
  const ox = Math.max(qx, 0);
  const oy = Math.max(qy, 0);
  const oz = Math.max(qz, 0);
  return Math.sqrt(ox * ox + oy * oy + oz * oz) + Math.min(Math.max(qx, qy, qz), 0) - rounding;
}

/** Not exact away from the surface, but never too large by much. */
export function ellipsoid(x: number, y: number, z: number, rx: number, ry: number, rz: number): number {
  const k0 = Math.sqrt((x / rx) ** 2 + (y / ry) ** 2 + (z / rz) ** 2);
  const k1 = Math.sqrt((x / rx ** 2) ** 2 + (y / ry ** 2) ** 2 + (z / rz ** 2) ** 2);
  return k1 === 0 ? -Math.min(rx, ry, rz) : (k0 * (k0 - 1)) / k1;
}

/** A limb from a (thick `ra`) to b (thick `rb`). */
export function limb(
  x: number,
  y: number,
  z: number,
  ax: number,
  ay: number,
  az: number,
  bx: number,
  by: number,
  bz: number,
  ra: number,
  rb: number,
): number {
  const px = x - ax;
  const py = y - ay;
  const pz = z - az;
  const dx = bx - ax;
  const dy = by - ay;
  const dz = bz - az;
  const t = clamp((px * dx + py * dy + pz * dz) / (dx * dx + dy * dy + dz * dz), 0, 1);
  const ex = px - dx * t;
  const ey = py - dy * t;
  const ez = pz - dz * t;
  return Math.sqrt(ex * ex + ey * ey + ez * ez) - (ra + (rb - ra) * t);
}

/** A disc with its axis along z, as a wheel stands under a vehicle that faces x. */
export function wheel(x: number, y: number, z: number, radius: number, halfWidth: number): number {
  const radial = Math.sqrt(x * x + y * y) - radius + 0.03;
  const axial = Math.abs(z) - halfWidth + 0.03;
  const or = Math.max(radial, 0);
  const oa = Math.max(axial, 0);
  return Math.sqrt(or * or + oa * oa) + Math.min(Math.max(radial, axial), 0) - 0.03;
}

/** A closed outline in the plane, ready to be measured: per edge its end, its direction and 1 / length². */
export type Outline = Float64Array;

/** @param corners x, y of each corner in turn */
export function createOutline(corners: readonly number[]): Outline {
  const outline = new Float64Array((corners.length / 2) * 5);
  for (let i = 0; i < corners.length; i += 2) {
    const bx = corners[i] ?? 0;
    const by = corners[i + 1] ?? 0;
    const ex = (corners.at(i - 2) ?? 0) - bx;
    const ey = (corners.at(i - 1) ?? 0) - by;
    outline.set([bx, by, ex, ey, 1 / (ex * ex + ey * ey)], (i / 2) * 5);
  }
  return outline;
}

/** Distance to an outline, negative inside. */
export function polygon(x: number, y: number, outline: Outline): number {
  let best = Infinity;
  let isInside = false;
  for (let i = 0; i < outline.length; i += 5) {
    const wx = x - (outline[i] ?? 0);
    const wy = y - (outline[i + 1] ?? 0);
    const ex = outline[i + 2] ?? 0;
    const ey = outline[i + 3] ?? 0;
    const along = (wx * ex + wy * ey) * (outline[i + 4] ?? 0);
    const t = along < 0 ? 0 : along > 1 ? 1 : along;
    const dx = wx - ex * t;
    const dy = wy - ey * t;
    const squared = dx * dx + dy * dy;
    if (squared < best) best = squared;
    if (wy < 0 !== wy < ey && wx < (ex * wy) / ey) isInside = !isInside;
  }
  return isInside ? -Math.sqrt(best) : Math.sqrt(best);
}

/** An outline in x and y, pulled out to ±halfZ, its edges rounded. */
export function extruded(outlineDistance: number, z: number, halfZ: number, rounding: number): number {
  const a = outlineDistance + rounding;
  const b = Math.abs(z) - halfZ + rounding;
  const oa = Math.max(a, 0);
  const ob = Math.max(b, 0);
  return Math.sqrt(oa * oa + ob * ob) + Math.min(Math.max(a, b), 0) - rounding;
}

/** The same whole number 0..2³²−1 for the same three, without pattern to the eye. */
export function hash(a: number, b: number, c: number): number {
  let h = Math.imul(a, 0x27d4eb2d) ^ Math.imul(b, 0x165667b1) ^ Math.imul(c, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Smooth noise 0..1 with features one unit wide. */
export function noise(x: number, y: number, seed: number): number {
  const ix = Math.floor(x);
  const iy = Math.floor(y);
  const u = smoothstep(0, 1, x - ix);
  const v = smoothstep(0, 1, y - iy);
  const top = hash(ix, iy, seed) * (1 - u) + hash(ix + 1, iy, seed) * u;
  const bottom = hash(ix, iy + 1, seed) * (1 - u) + hash(ix + 1, iy + 1, seed) * u;
  return (top * (1 - v) + bottom * v) / 0xffffffff;
}

/** Noise 0..1 of several sizes at once, from `size` metres down. */
export function grain(x: number, y: number, size: number, seed: number): number {
  const a = noise(x / size, y / size, seed);
  const b = noise((x / size) * 2.7, (y / size) * 2.7, seed + 1);
  const c = noise((x / size) * 7.3, (y / size) * 7.3, seed + 2);
  return a * 0.5 + b * 0.3 + c * 0.2;
}
