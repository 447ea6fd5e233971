import { clamp, smoothstep } from './demo-solids.ts';

/** Linear light, 0..1. `gloss` is how much the surface mirrors the sky. */
export interface Surface {
  red: number;
  green: number;
  blue: number;
  gloss: number;
}

export function setSurface(surface: Surface, red: number, green: number, blue: number, gloss: number): void {
  surface.red = red;
  surface.green = green;
  surface.blue = blue;
  surface.gloss = gloss;
}

/** Towards the sun: over the left shoulder of the camera. */
export const sun = { x: -0.42, y: 0.76, z: -0.496 } as const;

/** Light of a matt surface per channel, given the sun's share (0..1) that reaches it; linear. */
function lightOf(nx: number, ny: number, nz: number, sunShare: number, channel: 0 | 1 | 2): number {
  const direct = Math.max(0, nx * sun.x + ny * sun.y + nz * sun.z) * sunShare;
  const sky = 0.5 + 0.5 * ny;
  if (channel === 0) return 1.02 * direct + 0.26 * sky + 0.09;
  if (channel === 1) return 0.97 * direct + 0.29 * sky + 0.085;
  return 0.88 * direct + 0.35 * sky + 0.08;
}

/** Linear light to a byte; gamma 2 is near enough to sRGB and costs one root. */
function toByte(linear: number): number {
  return clamp(255 * Math.sqrt(linear / (1 + 0.12 * linear)), 0, 255);
}

/** Writes the colour of a lit surface, seen along (dx, dy, dz), to out[0..2]. */
export function shade(
  surface: Surface,
  nx: number,
  ny: number,
  nz: number,
  dx: number,
  dy: number,
  dz: number,
  sunShare: number,
  out: Float64Array,
): void {
  const facing = dx * nx + dy * ny + dz * nz;
  const ry = dy - 2 * facing * ny;
  const rx = dx - 2 * facing * nx;
  const rz = dz - 2 * facing * nz;
  // Schlick: surfaces mirror more at a grazing view.
  const fresnel = (1 - clamp(-facing, 0, 1)) ** 4;
  const mirror = surface.gloss * (0.12 + 0.6 * fresnel);
  const skyward = smoothstep(-0.08, 0.16, ry);
  const glint = surface.gloss * sunShare * 1.6 * Math.max(0, rx * sun.x + ry * sun.y + rz * sun.z) ** 48;
  const rest = 1 - mirror;
  out[0] = toByte(
    rest * surface.red * lightOf(nx, ny, nz, sunShare, 0) + mirror * (0.12 + 0.62 * skyward) + glint,
  );
  out[1] = toByte(
    rest * surface.green * lightOf(nx, ny, nz, sunShare, 1) + mirror * (0.13 + 0.72 * skyward) + glint,
  );
  out[2] = toByte(
    rest * surface.blue * lightOf(nx, ny, nz, sunShare, 2) + mirror * (0.12 + 0.88 * skyward) + glint,
  );
}
