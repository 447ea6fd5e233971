import { shade, sun, type Surface } from './demo-light.ts';
import { sunPast, throughBox, type Model, type Placement } from './demo-model.ts';
import { clamp, smoothstep } from './demo-solids.ts';
import { rayThrough, windowAround, type View } from './demo-view.ts';

/** A picture with the distance of what each pixel shows, so that things can pass behind others. */
export interface DeepPicture {
  /** RGB24. */
  readonly rgb: Uint8ClampedArray;
  /** Metres along the ray. */
  readonly depth: Float32Array;
  /** Added to the colour of a body, per pixel; the backdrop brings its own. */
  readonly noise: Int8Array;
}

/** Draws the model's shadow on the ground, then the model itself, behind whatever is nearer. */
export function drawModel(view: View, picture: DeepPicture, model: Model, at: Placement): void {
  drawShadow(view, picture, model, at);
  drawBody(view, picture, model, at);
}

function drawShadow(view: View, picture: DeepPicture, model: Model, at: Placement): void {
  const reachX = (-sun.x / sun.y) * model.height;
  const reachZ = (-sun.z / sun.y) * model.height;
  const { left, right, top, bottom } = windowAround(
    view,
    [-model.halfX - 0.3, model.halfX + 0.3, model.halfX + reachX].flatMap((x) =>
      [-model.halfZ - 0.3, model.halfZ + reachZ + 0.3].map((z) => [at.x + x, 0, at.z + z] as const),
    ),
  );
  const ray = new Float64Array(3);
  const span = new Float64Array(2);
  // Shadows are soft: one value for four pixels does.
  for (let row = top; row < bottom; row += 2) {
    for (let column = left - (left % 2); column < right; column += 2) {
      rayThrough(view, column + 1, row + 1, ray);
      const dy = ray[1] ?? 0;
      if (dy > -0.01) continue;
      const t = -view.eyeHeight / dy;
      const x = ((ray[0] ?? 0) * t - at.x) * at.direction;
      const z = ((ray[2] ?? 0) * t - at.z) * at.direction;
      const direct = sunPast(model, x, 0.01, z, sun.x * at.direction, sun.z * at.direction, span);
      // Little sky reaches the ground under and beside a body.
      const beside = (x / (model.halfX + 0.1)) ** 2 + (z / (model.halfZ + 0.1)) ** 2;
      const light = (0.56 + 0.44 * direct) * (0.7 + 0.3 * smoothstep(0.1, 1.3, beside));
      if (light > 0.995) continue;
      for (
        let index = row * view.width + column, of = 0;
        of < 4;
        of++, index += of === 2 ? view.width - 1 : 1
      )
        darken(picture, index, t, light);
    }
  }
}

/** Takes light from a pixel, if it shows the ground that the model stands on (`t` away) or nearly so. */
function darken(picture: DeepPicture, index: number, t: number, light: number): void {
  const depth = picture.depth[index];
  if (depth === undefined || Math.abs(depth - t) > 0.02 * t) return;
  picture.rgb[index * 3] = (picture.rgb[index * 3] ?? 0) * light;
  picture.rgb[index * 3 + 1] = (picture.rgb[index * 3 + 1] ?? 0) * light;
  // The sky still lights what the sun does not: shadows are a little blue.
  picture.rgb[index * 3 + 2] = (picture.rgb[index * 3 + 2] ?? 0) * (light * 0.96 + 0.04);
}

/** Pixels along one side of the square for which the empty space before a body is measured at once. */
const tileSize = 4;

/**
 * How far a cone around a ray stays clear of the model, or `Infinity` when it passes by.
 *
 * @param spread radius of the cone at one metre
 */
function clearAlong(
  model: Model,
  ox: number,
  oy: number,
  oz: number,
  ray: Float64Array,
  side: 1 | -1,
  spread: number,
  span: Float64Array,
): number {
  const dx = (ray[0] ?? 0) * side;
  const dy = ray[1] ?? 0;
  const dz = (ray[2] ?? 0) * side;
  // The cone may graze the box where its middle does not.
  const wide = 0.08;
  let t = Math.max(
    0,
    Math.sqrt(ox * ox + oy * oy + oz * oz) - Math.hypot(model.halfX, model.height, model.halfZ) - wide,
  );
  throughBox(model, ox, oy, oz, dx, dy, dz, span);
  const far =
    (span[1] ?? 0) >= (span[0] ?? 0)
      ? (span[1] ?? 0) + wide
      : t + 2 * Math.hypot(model.halfX, model.height, model.halfZ);
  t = Math.max(t, Math.min(span[0] ?? 0, span[1] ?? 0) - wide);
  for (let step = 0; step < 48 && t < far; step++) {
    const d = model.distance(ox + dx * t, oy + dy * t, oz + dz * t);
    const radius = t * spread;
    if (d < radius * 1.1) return Math.max(0, t - radius);
    t += (d - radius * 0.7) * 0.95;
  }
  return t < far ? t : Infinity;
}

function drawBody(view: View, picture: DeepPicture, model: Model, at: Placement): void {
  const { left, right, top, bottom } = windowAround(
    view,
    [-model.halfX, model.halfX].flatMap((x) =>
      [0, model.height].flatMap((y) =>
        [-model.halfZ, model.halfZ].map((z) => [at.x + x, y, at.z + z] as const),
      ),
    ),
  );
  const side = at.direction;
  const ox = -at.x * side;
  const oy = view.eyeHeight;
  const oz = -at.z * side;
  const lx = sun.x * side;
  const lz = sun.z * side;
  const ray = new Float64Array(3);
  const span = new Float64Array(2);
  const colour = new Float64Array(3);
  const surface: Surface = { red: 0, green: 0, blue: 0, gloss: 0 };
  // A distance of this much at one metre is about half a pixel.
  const footprint = 0.6 / view.focal;
  for (let tileRow = top; tileRow < bottom; tileRow += tileSize) {
    for (let tileColumn = left; tileColumn < right; tileColumn += tileSize) {
      const half = tileSize / 2;
      rayThrough(view, tileColumn + half, tileRow + half, ray);
      const near = clearAlong(model, ox, oy, oz, ray, side, (half * Math.SQRT2 + 1.5) / view.focal, span);
      if (near === Infinity) continue;
      for (let row = tileRow; row < tileRow + tileSize && row < bottom; row++)
        for (let column = tileColumn; column < tileColumn + tileSize && column < right; column++)
          drawPixel(row, column, near);
    }
  }

  function drawPixel(row: number, column: number, clear: number): void {
    rayThrough(view, column + 0.5, row + 0.5, ray);
    const dx = (ray[0] ?? 0) * side;
    const dy = ray[1] ?? 0;
    const dz = (ray[2] ?? 0) * side;
    throughBox(model, ox, oy, oz, dx, dy, dz, span);
    let t = Math.max(span[0] ?? 0, clear);
    const far = span[1] ?? 0;
    // How nearly the ray touches, in pixels: the part of the pixel that the body covers.
    let nearest = Infinity;
    let nearestAt = 0;
    for (let step = 0; step < 56 && t < far; step++) {
      const d = model.distance(ox + dx * t, oy + dy * t, oz + dz * t);
      const miss = d / (t * footprint);
      if (miss < nearest) {
        nearest = miss;
        nearestAt = t;
      }
      if (miss < 0.25) break;
      t += d * 0.92;
    }
    const cover = clamp(1.15 - nearest, 0, 1);
    const index = row * view.width + column;
    if (cover === 0 || nearestAt > (picture.depth[index] ?? 0)) return;
    const x = ox + dx * nearestAt;
    const y = oy + dy * nearestAt;
    const z = oz + dz * nearestAt;
    const e = 0.004;
    const here = nearest * nearestAt * footprint;
    const gx = model.distance(x + e, y, z) - here;
    const gy = model.distance(x, y + e, z) - here;
    const gz = model.distance(x, y, z + e) - here;
    const length = Math.sqrt(gx * gx + gy * gy + gz * gz) || 1;
    const nx = gx / length;
    const ny = gy / length;
    const nz = gz / length;
    model.paint(x, y, z, nx, ny, nz, surface);
    const isLit = nx * lx + ny * sun.y + nz * lz > 0;
    const direct = !isLit
      ? 0
      : !model.shadesItself
        ? 1
        : sunPast(model, x + nx * 0.02, y + ny * 0.02, z + nz * 0.02, lx, lz, span);
    const grounded = 0.55 + 0.45 * smoothstep(-0.05, 0.5, y);
    surface.red *= grounded;
    surface.green *= grounded;
    surface.blue *= grounded;
    // Normal and view are turned back to the world for the light.
    shade(surface, nx * side, ny, nz * side, dx * side, dy, dz * side, direct, colour);
    const grain = picture.noise[index] ?? 0;
    for (let channel = 0; channel < 3; channel++) {
      const behind = picture.rgb[index * 3 + channel] ?? 0;
      picture.rgb[index * 3 + channel] = behind + ((colour[channel] ?? 0) + grain - behind) * cover;
    }
  }
}
