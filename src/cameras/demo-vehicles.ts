import { setSurface, type Surface } from './demo-light.ts';
import type { Model } from './demo-model.ts';
import { createOutline, extruded, polygon, roundedBox, smoothUnion, wheel } from './demo-solids.ts';

// Side views, x forward and y up, in metres, of an ordinary hatchback and a city bus.
const carBody = createOutline([
  2.02, 0.26, 2.12, 0.42, 2.1, 0.6, 1.98, 0.72, 1.02, 0.92, -1.6, 0.98, -1.98, 0.94, -2.06, 0.7, -2.06, 0.42,
  -1.96, 0.27,
]);
const carCabin = createOutline([
  1.08, 0.88, 0.86, 1.0, 0.2, 1.4, -0.35, 1.47, -1.1, 1.43, -1.55, 1.3, -1.98, 0.92,
]);
const carSideGlass = createOutline([
  0.78, 0.98, 0.18, 1.33, -0.35, 1.39, -1.08, 1.35, -1.42, 1.24, -1.62, 1.02,
]);

const wheelRadius = 0.325;
const carAxles = [1.3, -1.28] as const;

/** Height above the ground of the widest part, from which the cabin leans inwards. */
const beltLine = 0.9;

function paintWheel(dx: number, dy: number, radius: number, surface: Surface): void {
  const r = Math.sqrt(dx * dx + dy * dy) / radius;
  const spoke = Math.cos(Math.atan2(dy, dx) * 5);
  if (r > 0.68) setSurface(surface, 0.018, 0.018, 0.02, 0.05);
  else if (r < 0.18 || spoke > -0.15 || r > 0.6) setSurface(surface, 0.42, 0.43, 0.45, 0.35);
  else setSurface(surface, 0.035, 0.035, 0.04, 0.1);
}

function carWheels(x: number, y: number, z: number): number {
  const axle = x > 0 ? carAxles[0] : carAxles[1];
  return wheel(x - axle, y - wheelRadius, Math.abs(z) - 0.74, wheelRadius, 0.11);
}

/** A hatchback, 4.2 m long. `paint` is its linear colour. */
export function createCar(paint: { red: number; green: number; blue: number }): Model {
  let turned = 0;
  return {
    halfX: 2.2,
    height: 1.52,
    halfZ: 1.02,
    shadesItself: false,
    pose(travelled) {
      turned = travelled / wheelRadius;
    },
    distance(x, y, z) {
      const lean = Math.max(0, y - beltLine) * 0.36;
      // Far below or above the belt line only one of the two parts can be the nearer.
      const cabin = y < 0.72 ? Infinity : extruded(polygon(x, y, carCabin), z, 0.8 - lean, 0.1);
      if (y > 1.2) return Math.min(cabin, y - 1.05);
      // Seen from above the front and the back are rounded.
      const taper = Math.max(0, Math.abs(x) - 1.3) ** 2 * 0.17;
      let body = extruded(polygon(x, y, carBody), z, 0.88 - taper - Math.max(0, 0.5 - y) * 0.12, 0.09);
      const axle = x > 0 ? carAxles[0] : carAxles[1];
      const arch = Math.sqrt((x - axle) ** 2 + (y - wheelRadius) ** 2) - 0.385;
      body = Math.max(body, -Math.max(arch, 0.55 - Math.abs(z)));
      const mirror = roundedBox(x - 0.72, y - 1.0, Math.abs(z) - 0.92, 0.07, 0.06, 0.08, 0.04);
      if (y < 0.72) return Math.min(body, carWheels(x, y, z), mirror);
      return Math.min(smoothUnion(body, cabin, 0.06), mirror, y - 0.65);
    },
    paint(x, y, z, nx, ny, nz, surface) {
      const beside = Math.abs(z);
      if (carWheels(x, y, z) < 0.012 && y < 0.68) {
        const axle = x > 0 ? carAxles[0] : carAxles[1];
        const dx = x - axle;
        const dy = y - wheelRadius;
        const cos = Math.cos(turned);
        const sin = Math.sin(turned);
        paintWheel(dx * cos - dy * sin, dx * sin + dy * cos, wheelRadius, surface);
        return;
      }
      const isSideGlass =
        Math.abs(nz) > 0.6 &&
        polygon(x, y, carSideGlass) < 0 &&
        Math.abs(x + 0.34) > 0.045 &&
        Math.abs(x + 1.26) > 0.025;
      const isWindscreen =
        x > 0.16 && x < 0.98 && y > 0.97 && ny > 0.3 && nx > 0.25 && beside < 0.72 - (y - 0.95) * 0.34;
      const isRearGlass = x < -1.45 && y > 1.0 && y < 1.3 && nx < -0.3 && beside < 0.62;
      if (isSideGlass || isWindscreen || isRearGlass) return setSurface(surface, 0.012, 0.015, 0.018, 1);
      if (x > 1.78 && y > 0.57 && y < 0.72 && beside > 0.42) return setSurface(surface, 0.75, 0.78, 0.8, 0.8);
      if (x < -1.82 && y > 0.66 && y < 0.92 && beside > 0.5)
        return setSurface(surface, 0.5, 0.01, 0.012, 0.6);
      if (nx > 0.5 && y > 0.36 && y < 0.52 && beside < 0.6)
        return setSurface(surface, 0.015, 0.015, 0.016, 0.2);
      if (Math.abs(nx) > 0.6 && y > 0.42 && y < 0.53 && beside < 0.26)
        return setSurface(surface, 0.75, 0.75, 0.7, 0.1);
      const isSill = y < 0.33 || Math.abs(y - 0.56) < 0.018;
      if (isSill && Math.abs(nz) > 0.5) return setSurface(surface, 0.03, 0.03, 0.032, 0.2);
      const isGap =
        Math.abs(nz) > 0.5 &&
        y > 0.36 &&
        y < 0.97 &&
        (Math.abs(x - 0.82) < 0.012 || Math.abs(x + 0.34) < 0.012 || (Math.abs(x + 1.2) < 0.012 && y > 0.66));
      if (isGap) return setSurface(surface, paint.red * 0.15, paint.green * 0.15, paint.blue * 0.15, 0.2);
      const isHandle =
        Math.abs(nz) > 0.5 &&
        Math.abs(y - 0.84) < 0.018 &&
        (Math.abs(x + 0.18) < 0.1 || Math.abs(x + 1.06) < 0.1);
      if (isHandle) return setSurface(surface, paint.red * 0.5, paint.green * 0.5, paint.blue * 0.5, 0.8);
      setSurface(surface, paint.red, paint.green, paint.blue, 0.75);
    },
  };
}

const busRadius = 0.48;
const busAxles = [2.75, -2.9] as const;

function busWheels(x: number, y: number, z: number): number {
  const axle = x > 0 ? busAxles[0] : busAxles[1];
  return wheel(x - axle, y - busRadius, Math.abs(z) - 1.1, busRadius, 0.14);
}

/** A city bus, 10.6 m long. */
export function createBus(): Model {
  let turned = 0;
  return {
    halfX: 5.4,
    height: 3.2,
    halfZ: 1.5,
    shadesItself: false,
    pose(travelled) {
      turned = travelled / busRadius;
    },
    distance(x, y, z) {
      const shell = roundedBox(x, y - 1.66, z, 5.3, 1.36, 1.25, 0.16);
      // Wheels, arches and what stands on the roof are looked at only near by.
      if (y > 1.2 && y < 2.75 && x < 4.9) return shell;
      const axle = x > 0 ? busAxles[0] : busAxles[1];
      const arch = Math.sqrt((x - axle) ** 2 + (y - busRadius) ** 2) - 0.57;
      const body = Math.max(shell, -Math.max(arch, 0.85 - Math.abs(z)));
      const roof = roundedBox(x + 1.5, y - 3.06, z, 2.2, 0.1, 0.8, 0.06);
      const mirror = roundedBox(x - 5.28, y - 2.3, Math.abs(z) - 1.34, 0.06, 0.17, 0.07, 0.04);
      return Math.min(body, roof, mirror, busWheels(x, y, z));
    },
    paint(x, y, z, nx, ny, nz, surface) {
      if (busWheels(x, y, z) < 0.012 && y < 1) {
        const dx = x - (x > 0 ? busAxles[0] : busAxles[1]);
        const dy = y - busRadius;
        const cos = Math.cos(turned);
        const sin = Math.sin(turned);
        paintWheel(dx * cos - dy * sin, dx * sin + dy * cos, busRadius, surface);
        return;
      }
      const isSide = Math.abs(nz) > 0.6;
      // A pane every 1.45 m; two doors reach down to the floor on the kerb's side.
      const pane = Math.abs((((x + 20.02) % 1.45) - 0.725) / 0.725);
      const isDoor = isSide && z < 0 && (Math.abs(x - 4.1) < 0.58 || Math.abs(x - 0.1) < 0.62);
      if (isDoor && y > 0.5 && y < 2.62) {
        const leaf = Math.abs((x > 2 ? x - 4.1 : x - 0.1) % 1);
        if (leaf > 0.03 && leaf < 0.54) return setSurface(surface, 0.012, 0.015, 0.018, 1);
        return setSurface(surface, 0.03, 0.03, 0.03, 0.2);
      }
      if (isSide && y > 1.42 && y < 2.5 && Math.abs(x) < 5.05) {
        if (pane < 0.93) return setSurface(surface, 0.012, 0.015, 0.018, 1);
        return setSurface(surface, 0.02, 0.02, 0.022, 0.3);
      }
      if (Math.abs(z) > 1.27 && x > 5.1) return setSurface(surface, 0.02, 0.02, 0.02, 0.3);
      if (nx > 0.6 && y > 1.2 && y < 2.45 && Math.abs(z) < 1.12)
        return setSurface(surface, 0.012, 0.015, 0.018, 1);
      if (nx > 0.6 && y > 2.55 && y < 2.85 && Math.abs(z) < 0.85)
        return setSurface(surface, 0.02, 0.02, 0.02, 0.3);
      if (nx > 0.6 && y > 0.62 && y < 0.82 && Math.abs(z) > 0.75)
        return setSurface(surface, 0.8, 0.82, 0.8, 0.8);
      if (nx < -0.6 && y > 1.6 && y < 2.5 && Math.abs(z) < 1)
        return setSurface(surface, 0.012, 0.015, 0.018, 1);
      if (nx < -0.6 && y > 0.8 && y < 1.2 && Math.abs(z) > 0.95)
        return setSurface(surface, 0.5, 0.01, 0.012, 0.6);
      if (y < 0.52) return setSurface(surface, 0.04, 0.04, 0.045, 0.2);
      if (y < 1.16 && y > 0.98) return setSurface(surface, 0.7, 0.7, 0.66, 0.5);
      if (ny > 0.7) return setSurface(surface, 0.62, 0.63, 0.62, 0.2);
      setSurface(surface, 0.62, 0.09, 0.035, 0.6);
    },
  };
}
