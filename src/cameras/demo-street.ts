import { setSurface, type Surface } from './demo-light.ts';
import { grain, hash, noise, smoothstep } from './demo-solids.ts';

/** Edges of the street, metres from the camera along z. All of it is level, at y = 0. */
const street = {
  pavement: { from: 7.35, to: 9.4 },
  road: { from: 9.55, to: 16.6 },
  farKerb: 16.75,
  farPavement: 18.6,
} as const;

export type Painter = (
  x: number,
  y: number,
  z: number,
  nx: number,
  ny: number,
  nz: number,
  surface: Surface,
) => void;

/** A body bounded by planes n·p ≤ d, given as nx, ny, nz, d in turn. */
export interface Block {
  readonly planes: Float64Array;
  readonly paint: Painter;
}

/** A crown or bush: leaves around an ellipsoid. */
export interface Foliage {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly rx: number;
  readonly ry: number;
  readonly rz: number;
  readonly green: number;
}

function box(x0: number, x1: number, y0: number, y1: number, z0: number, z1: number, paint: Painter): Block {
  const planes = new Float64Array([
    1,
    0,
    0,
    x1,
    -1,
    0,
    0,
    -x0,
    0,
    1,
    0,
    y1,
    0,
    -1,
    0,
    -y0,
    0,
    0,
    1,
    z1,
    0,
    0,
    -1,
    -z0,
  ]);
  return { planes, paint };
}

/** A roof with its ridge along x. */
function gable(
  x0: number,
  x1: number,
  eaves: number,
  ridge: number,
  z0: number,
  z1: number,
  paint: Painter,
): Block {
  const half = (z1 - z0) / 2;
  const middle = (z0 + z1) / 2;
  const length = Math.hypot(half, ridge - eaves);
  const ny = half / length;
  const nz = (ridge - eaves) / length;
  const planes = new Float64Array([
    1,
    0,
    0,
    x1,
    -1,
    0,
    0,
    -x0,
    0,
    -1,
    0,
    -eaves,
    0,
    ny,
    nz,
    ny * ridge + nz * middle,
    0,
    ny,
    -nz,
    ny * ridge - nz * middle,
  ]);
  return { planes, paint };
}

const plain =
  (red: number, green: number, blue: number, gloss = 0.02): Painter =>
  (x, y, z, _nx, _ny, _nz, surface) => {
    const level = 0.92 + 0.16 * (grain(x + z, y, 0.7, 5) - 0.5);
    setSurface(surface, red * level, green * level, blue * level, gloss);
  };

/** Plaster with rows of windows in white frames, and a door where one is asked for. */
function facade(
  red: number,
  green: number,
  blue: number,
  left: number,
  pitch: number,
  doorAt: number | undefined,
): Painter {
  return (x, y, z, _nx, _ny, nz, surface) => {
    const level = 0.9 + 0.2 * (grain(x + z, y, 1.6, 11) - 0.5) - 0.12 * smoothstep(0.6, 0, y);
    setSurface(surface, red * level, green * level, blue * level, 0.01);
    if (nz > -0.5) return;
    if (doorAt !== undefined && Math.abs(x - doorAt) < 0.62 && y < 2.25) {
      const isFrame = Math.abs(x - doorAt) > 0.52 || y > 2.15;
      if (isFrame) setSurface(surface, 0.7, 0.7, 0.68, 0.05);
      else if (y > 1.5 && Math.abs(x - doorAt) < 0.3) setSurface(surface, 0.03, 0.035, 0.04, 1);
      else setSurface(surface, 0.05, 0.1, 0.09, 0.2);
      return;
    }
    const storey = y > 2.9 ? y - 2.9 : y;
    const across = ((((x - left) % pitch) + pitch) % pitch) - pitch / 2;
    const isByDoor = doorAt !== undefined && y < 2.9 && Math.abs(x - across - doorAt) < 1.35;
    if (isByDoor || Math.abs(across) > 0.68 || storey < 0.95 || storey > 2.35) return;
    if (storey < 1.02) return setSurface(surface, 0.55, 0.54, 0.5, 0.02);
    const isFrame = Math.abs(across) > 0.58 || storey > 2.26 || storey < 1.1 || Math.abs(across) < 0.035;
    if (isFrame) return setSurface(surface, 0.72, 0.72, 0.7, 0.05);
    const curtain = Math.abs(across) > 0.36 ? 0.22 + 0.06 * Math.sin(across * 60) : 0.02;
    setSurface(surface, curtain, curtain, curtain * 1.05, 0.9);
  };
}

const tiles =
  (red: number, green: number, blue: number): Painter =>
  (x, y, z, _nx, _ny, _nz, surface) => {
    const course = Math.floor(y / 0.16);
    const tile = hash(Math.floor(x / 0.24 + (course % 2) * 0.5), course, 3) / 0xffffffff;
    const level = 0.8 + 0.25 * tile - 0.25 * smoothstep(0.03, 0, Math.abs(y / 0.16 - course) * 0.16);
    setSurface(surface, red * level, green * level, blue * level, 0.02);
  };

const planks: Painter = (x, y, _z, _nx, _ny, _nz, surface) => {
  const board = Math.floor(x / 0.14);
  const level = 0.75 + 0.35 * (hash(board, 0, 7) / 0xffffffff) + 0.1 * (noise(x * 60, y * 3, 9) - 0.5);
  const isGap = Math.abs(x / 0.14 - board) < 0.09;
  const shade = isGap ? 0.25 : level;
  setSurface(surface, 0.3 * shade, 0.2 * shade, 0.12 * shade, 0.02);
};

const bark = plain(0.12, 0.09, 0.065, 0);
const metal = plain(0.09, 0.1, 0.1, 0.4);

export const blocks: readonly Block[] = [
  box(-15.5, -4.6, 0, 5.6, 23, 32, facade(0.62, 0.55, 0.42, -15.1, 2.5, -8.0)),
  gable(-15.9, -4.2, 5.5, 8.6, 22.4, 32.6, tiles(0.3, 0.11, 0.07)),
  box(-3.1, 6.4, 0, 5.4, 24.5, 33, facade(0.42, 0.44, 0.46, -3.0, 2.3, 3.9)),
  gable(-3.5, 6.8, 5.3, 8.0, 23.9, 33.6, tiles(0.12, 0.125, 0.14)),
  box(8.2, 19, 0, 5.6, 23.4, 33, facade(0.6, 0.3, 0.2, 8.5, 2.45, 12.4)),
  gable(7.8, 19.5, 5.5, 8.4, 22.8, 33.6, tiles(0.26, 0.1, 0.07)),
  box(-9.4, -8.8, 7, 9.2, 26, 26.6, plain(0.35, 0.16, 0.1)),
  box(1.2, 1.8, 6.5, 8.8, 28, 28.6, plain(0.3, 0.3, 0.3)),
  box(-4.6, -3.2, 0, 1.75, 21, 21.08, planks),
  box(6.4, 8.2, 0, 1.75, 21.6, 21.68, planks),
  box(-6.35, -6.23, 0, 7.5, 17.3, 17.42, metal),
  box(-6.3, -6.26, 7.2, 7.32, 15.9, 17.4, metal),
  box(-6.42, -6.16, 7.12, 7.2, 15.5, 16.3, plain(0.5, 0.5, 0.5)),
  box(7.35, 7.75, 0, 4, 19.8, 20.2, bark),
  box(-11.4, -11.1, 0, 4, 20.3, 20.6, bark),
];

function hedge(from: number, to: number, z: number, height: number, green: number): Foliage[] {
  const bushes: Foliage[] = [];
  for (let x = from; x < to; x += 0.55)
    bushes.push({ x: x + 0.27, y: height * 0.5, z, rx: 0.48, ry: height * 0.55, rz: 0.45, green });
  return bushes;
}

/** Twigs spread over a round crown, larger inside; `spread` is the crown's radius. */
function tree(x: number, z: number, height: number, spread: number, green: number, seed: number): Foliage[] {
  const share = (i: number, of: number): number => hash(i, seed, of) / 0xffffffff;
  return Array.from({ length: 70 }, (_, i) => {
    const turn = i * 2.399963;
    const tilt = 1 - (2 * (i + 0.5)) / 70;
    const level = Math.sqrt(1 - tilt * tilt);
    const away = spread * (0.62 + 0.38 * share(i, 1));
    const size = spread * (0.2 + 0.14 * share(i, 2));
    return {
      x: x + Math.cos(turn) * level * away,
      y: height + tilt * away * 0.82,
      z: z + Math.sin(turn) * level * away,
      rx: size,
      ry: size * 0.75,
      rz: size,
      green: green * (0.75 + 0.5 * share(i, 4)),
    };
  });
}

/** Foliage that stands together, with a ball around it which most rays miss. */
export interface Grove {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly radius: number;
  readonly bushes: readonly Foliage[];
}

function grove(bushes: readonly Foliage[]): Grove {
  const middle = (of: (bush: Foliage) => number): number =>
    bushes.reduce((sum, bush) => sum + of(bush), 0) / bushes.length;
  const [x, y, z] = [middle((bush) => bush.x), middle((bush) => bush.y), middle((bush) => bush.z)];
  const radius = Math.max(
    ...bushes.map(
      (bush) => Math.hypot(bush.x - x, bush.y - y, bush.z - z) + Math.max(bush.rx, bush.ry, bush.rz),
    ),
  );
  return { x, y, z, radius, bushes };
}

export const groves: readonly Grove[] = [
  grove(hedge(-14.5, -9.2, 19.6, 1.25, 0.8)),
  grove(hedge(-6.6, -4.7, 19.6, 1.25, 0.9)),
  grove(hedge(-2.6, 2.6, 19.9, 1.05, 1)),
  grove(hedge(8.6, 11.2, 19.7, 1.3, 0.85)),
  grove(tree(7.55, 20, 5.9, 2.5, 0.8, 4)),
  grove(tree(-11.25, 20.4, 5.6, 2.6, 1, 9)),
  grove(tree(-3.8, 36, 7, 3.2, 0.7, 12)),
  grove(tree(6.9, 38, 8.4, 3.6, 0.75, 15)),
];

/** Nothing but ground is nearer than this along z. */
export const firstBlock = 15.4;

/** Lawn, slabs, kerbs and asphalt, by the distance from the camera. */
export function paintGround(x: number, z: number, surface: Surface): void {
  const { pavement, road, farKerb, farPavement } = street;
  if (z < pavement.from || z > farPavement) {
    const blade = grain(x, z * 0.45, 0.06, 31);
    const patch = grain(x, z, 2.6, 34);
    const level = 0.35 + 1.0 * blade;
    return setSurface(
      surface,
      (0.07 + 0.06 * patch) * level,
      (0.135 + 0.05 * patch) * level,
      0.035 * level,
      0,
    );
  }
  if (z < pavement.to || z > farKerb) {
    const slabX = Math.floor(x / 0.9);
    const slabZ = Math.floor((z - pavement.from) / 0.68);
    const joint = Math.min(Math.abs(x - slabX * 0.9), Math.abs(z - pavement.from - slabZ * 0.68));
    const tone = 0.3 + 0.05 * (hash(slabX, slabZ, 41) / 0xffffffff) + 0.07 * (grain(x, z, 0.35, 42) - 0.5);
    const level = joint < 0.014 ? tone * 0.62 : tone;
    return setSurface(surface, level, level * 0.98, level * 0.93, 0.02);
  }
  if (z < road.from || z > road.to) {
    const stone = Math.abs((x / 1.0) % 1) < 0.02 ? 0.3 : 0.46;
    return setSurface(surface, stone, stone, stone * 0.97, 0.02);
  }
  const rough = grain(x, z, 0.12, 51);
  const wear = grain(x * 0.25, z, 1.4, 52);
  // Wheels polish two tracks in each lane.
  const track = Math.min(...[10.95, 12.55, 13.95, 15.45].map((middle) => Math.abs(z - middle)));
  let level = 0.085 + 0.035 * (rough - 0.5) + 0.03 * (wear - 0.5) + 0.012 * smoothstep(0.5, 0, track);
  const isDash = Math.abs(z - 13.15) < 0.065 && ((x % 4) + 4) % 4 < 2;
  if (isDash && rough > 0.3) level = 0.5;
  if (Math.hypot(x - 2.1, (z - 10.4) * 1.0) < 0.34)
    level = 0.05 + 0.03 * (Math.sin(x * 60) * Math.sin(z * 60) > 0 ? 1 : 0);
  setSurface(surface, level, level, level * 1.04, 0.12);
}
