import { sun, type Surface } from './demo-light.ts';

/** A thing that can pass. It faces +x, stands on y = 0, with its middle in the origin. */
export interface Model {
  /** Half its length, its height and half its width: nothing of it is outside. */
  readonly halfX: number;
  readonly height: number;
  readonly halfZ: number;
  /** Whether parts of it throw visible shadows on others: limbs do, a smooth body hardly. */
  readonly shadesItself: boolean;
  /** Takes the pose that it has after having gone so many metres. */
  pose(travelled: number): void;
  distance(x: number, y: number, z: number): number;
  /** What the surface is like at a point on it with that normal. */
  paint(x: number, y: number, z: number, nx: number, ny: number, nz: number, surface: Surface): void;
}

export interface Placement {
  readonly x: number;
  readonly z: number;
  /** 1: goes to the right, −1: to the left. */
  readonly direction: 1 | -1;
}

/** The stretch of a ray inside the box of a model, [near, far]; far < near when it passes by. */
export function throughBox(
  model: Model,
  ox: number,
  oy: number,
  oz: number,
  dx: number,
  dy: number,
  dz: number,
  span: Float64Array,
): void {
  const x1 = (-model.halfX - ox) / dx;
  const x2 = (model.halfX - ox) / dx;
  const y1 = (-0.02 - oy) / dy;
  const y2 = (model.height - oy) / dy;
  const z1 = (-model.halfZ - oz) / dz;
  const z2 = (model.halfZ - oz) / dz;
  span[0] = Math.max(Math.min(x1, x2), Math.min(y1, y2), Math.min(z1, z2), 0);
  span[1] = Math.min(Math.max(x1, x2), Math.max(y1, y2), Math.max(z1, z2));
}

/** Sun that gets past the model to a point (in the model's space), 0..1: sphere tracing with a soft rim. */
export function sunPast(
  model: Model,
  x: number,
  y: number,
  z: number,
  lx: number,
  lz: number,
  span: Float64Array,
): number {
  throughBox(model, x, y, z, lx, sun.y, lz, span);
  const far = span[1] ?? 0;
  let t = Math.max(span[0] ?? 0, 0.03);
  let share = 1;
  for (let step = 0; step < 24 && t < far; step++) {
    const d = model.distance(x + lx * t, y + sun.y * t, z + lz * t);
    if (d < 0.004) return 0;
    share = Math.min(share, (14 * d) / (t + 0.3));
    t += Math.max(d, 0.03);
  }
  return share;
}
