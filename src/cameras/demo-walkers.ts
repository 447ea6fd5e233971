import { setSurface, type Surface } from './demo-light.ts';
import type { Model } from './demo-model.ts';
import { ellipsoid, limb, smoothUnion } from './demo-solids.ts';

export interface Clothes {
  readonly jacket: readonly [number, number, number];
  readonly trousers: readonly [number, number, number];
  readonly hair: readonly [number, number, number];
  readonly skin: readonly [number, number, number];
}

/** A joint chain of two limbs seen from the side: where the middle and the end of it are. */
interface Chain {
  midX: number;
  midY: number;
  endX: number;
  endY: number;
}

/** Angles in radians from hanging straight down, forward positive. */
function setChain(
  chain: Chain,
  x: number,
  y: number,
  upper: number,
  lower: number,
  upperLength: number,
  lowerLength: number,
): void {
  chain.midX = x + Math.sin(upper) * upperLength;
  chain.midY = y - Math.cos(upper) * upperLength;
  chain.endX = chain.midX + Math.sin(lower) * lowerLength;
  chain.endY = chain.midY - Math.cos(lower) * lowerLength;
}

function createChain(): Chain {
  return { midX: 0, midY: 0, endX: 0, endY: 0 };
}

/** Metres that a grown person goes in two steps. */
const strideLength = 1.42;

/** Somebody walking, 1.76 m tall. Part 0 jacket, 1 trousers, 2 skin, 3 hair, 4 shoes. */
export function createPerson(clothes: Clothes): Model {
  const legs = [createChain(), createChain()] as const;
  const arms = [createChain(), createChain()] as const;
  let bob = 0;
  const parts = new Float64Array(5);

  /** Below the hands only legs are near, above the hips only the rest: half the work is saved. */
  const measure = (x: number, y: number, z: number): number => {
    if (y < 0.55) return Math.min(measureLegs(x, y, z), 0.72 - y);
    if (y > 1.25) return Math.min(measureTop(x, y, z), y - 1.1);
    return Math.min(measureLegs(x, y, z), measureTop(x, y, z));
  };
  const measureLegs = (x: number, y: number, z: number): number => {
    const hipY = 0.92 + bob;
    let trousers = ellipsoid(x, y - hipY, z, 0.135, 0.14, 0.165);
    let shoes = Infinity;
    for (let side = 0; side < 2; side++) {
      const leg = legs[side] ?? legs[0];
      const legZ = side === 0 ? -0.095 : 0.095;
      const thigh = limb(x, y, z, 0, hipY - 0.03, legZ, leg.midX, leg.midY, legZ, 0.098, 0.07);
      const shin = limb(x, y, z, leg.midX, leg.midY, legZ, leg.endX, leg.endY, legZ, 0.068, 0.052);
      trousers = smoothUnion(trousers, Math.min(thigh, shin), 0.05);
      const toe = Math.max(0.035, leg.endY - 0.05);
      const shoe = limb(
        x,
        y,
        z,
        leg.endX - 0.04,
        leg.endY - 0.035,
        legZ,
        leg.endX + 0.15,
        toe,
        legZ,
        0.052,
        0.04,
      );
      shoes = Math.min(shoes, shoe);
    }
    parts[1] = trousers;
    parts[4] = shoes;
    return Math.min(trousers, shoes);
  };
  const measureTop = (x: number, y: number, z: number): number => {
    const hipY = 0.92 + bob;
    const shoulderY = 1.42 + bob;
    let jacket = limb(x, y, z, 0.0, hipY + 0.06, 0, 0.02, shoulderY - 0.1, 0, 0.135, 0.15);
    // Shoulders are wider than the chest is deep.
    jacket = smoothUnion(jacket, ellipsoid(x - 0.01, y - shoulderY + 0.06, z, 0.11, 0.13, 0.215), 0.08);
    let skin = smoothUnion(
      ellipsoid(x - 0.05, y - 1.63 - bob, z, 0.098, 0.125, 0.08),
      limb(x, y, z, 0.01, shoulderY, 0, 0.03, 1.54 + bob, 0, 0.058, 0.052),
      0.03,
    );
    skin = Math.min(skin, ellipsoid(x - 0.145, y - 1.615 - bob, z, 0.025, 0.022, 0.015));
    for (let side = 0; side < 2; side++) {
      const arm = arms[side] ?? arms[0];
      const armZ = side === 0 ? -0.235 : 0.235;
      const upper = limb(
        x,
        y,
        z,
        0.01,
        shoulderY - 0.03,
        armZ * 0.85,
        arm.midX,
        arm.midY,
        armZ,
        0.068,
        0.055,
      );
      const fore = limb(x, y, z, arm.midX, arm.midY, armZ, arm.endX, arm.endY, armZ, 0.054, 0.042);
      jacket = smoothUnion(jacket, Math.min(upper, fore), 0.035);
      skin = Math.min(
        skin,
        ellipsoid(x - arm.endX - 0.01, y - arm.endY + 0.05, z - armZ, 0.036, 0.06, 0.026),
      );
    }
    const hair = Math.max(
      ellipsoid(x - 0.03, y - 1.655 - bob, z, 0.115, 0.12, 0.098),
      (x - 0.06) * 0.8 - (y - 1.665 - bob) * 0.9,
      -(y - 1.56 - bob),
    );
    parts[0] = jacket;
    parts[2] = skin;
    parts[3] = hair;
    return Math.min(jacket, skin, hair);
  };

  return {
    halfX: 0.72,
    height: 1.82,
    halfZ: 0.36,
    shadesItself: true,
    pose(travelled) {
      const phase = (travelled / strideLength) * 2 * Math.PI;
      bob = 0.018 * Math.cos(2 * phase);
      for (let side = 0; side < 2; side++) {
        const swing = phase + side * Math.PI;
        const thigh = 0.42 * Math.sin(swing) + 0.05;
        // The knee bends while the foot is swung forward, and a little as it takes the weight.
        const bend = 0.1 + 0.85 * Math.max(0, Math.cos(swing)) ** 2 * (Math.sin(swing) > -0.9 ? 1 : 0.6);
        setChain(legs[side] ?? legs[0], 0, 0.89 + bob, thigh, thigh - bend, 0.42, 0.41);
        const arm = -0.38 * Math.sin(swing);
        setChain(arms[side] ?? arms[0], 0.01, 1.39 + bob, arm, arm + 0.3, 0.28, 0.25);
      }
    },
    distance: measure,
    paint(x, y, z, nx, _ny, _nz, surface) {
      measureLegs(x, y, z);
      measureTop(x, y, z);
      let part = 0;
      for (let i = 1; i < 5; i++) if ((parts[i] ?? 0) < (parts[part] ?? 0)) part = i;
      if (part === 4) return setSurface(surface, 0.05, 0.045, 0.04, 0.2);
      if (
        part === 2 &&
        nx > 0.4 &&
        Math.abs(y - 1.655 - bob) < 0.014 &&
        Math.abs(Math.abs(z) - 0.034) < 0.016
      )
        return setSurface(surface, 0.03, 0.02, 0.02, 0.3);
      const fabric = 0.93 + 0.07 * Math.sin(y * 90 + Math.sin(x * 40 + z * 33) * 2);
      // A hem and an open front keep the jacket from being one blot.
      const isTrim = part === 0 && (Math.abs(y - 0.95 - bob) < 0.02 || (x > 0.1 && Math.abs(z) < 0.02));
      const colour = [clothes.jacket, clothes.trousers, clothes.skin, clothes.hair][part] ?? clothes.jacket;
      const level = isTrim ? 0.45 : part < 2 ? fabric : 1;
      setSurface(surface, colour[0] * level, colour[1] * level, colour[2] * level, part === 3 ? 0.15 : 0.04);
    },
  };
}

/** A dog at a trot, 0.66 m tall at the shoulder, of the build of a Labrador. */
export function createDog(coat: readonly [number, number, number]): Model {
  const legs = [createChain(), createChain(), createChain(), createChain()] as const;
  let bob = 0;
  let wag = 0;

  const earsAndNose = (x: number, y: number, z: number): number => {
    const ear = ellipsoid(x - 0.5, y - 0.76 - bob, Math.abs(z) - 0.085, 0.045, 0.085, 0.022);
    const nose = ellipsoid(x - 0.74, y - 0.745 - bob, z, 0.022, 0.022, 0.025);
    return Math.min(ear, nose);
  };
  const distance = (x: number, y: number, z: number): number => {
    const chest = ellipsoid(x - 0.2, y - 0.5 - bob, z, 0.2, 0.165, 0.13);
    const belly = limb(x, y, z, 0.16, 0.52 + bob, 0, -0.3, 0.54 + bob, 0, 0.135, 0.105);
    const haunch = ellipsoid(x + 0.32, y - 0.52 - bob, z, 0.13, 0.14, 0.115);
    let body = smoothUnion(smoothUnion(chest, belly, 0.08), haunch, 0.08);
    body = smoothUnion(body, limb(x, y, z, 0.3, 0.58 + bob, 0, 0.47, 0.77 + bob, 0, 0.1, 0.075), 0.08);
    const skull = ellipsoid(x - 0.53, y - 0.79 - bob, z, 0.105, 0.085, 0.082);
    const muzzle = limb(x, y, z, 0.58, 0.765 + bob, 0, 0.71, 0.735 + bob, 0, 0.052, 0.038);
    body = smoothUnion(body, smoothUnion(skull, muzzle, 0.03), 0.04);
    const tail = limb(x, y, z, -0.42, 0.58 + bob, 0, -0.7, 0.66 + bob, wag, 0.035, 0.016);
    body = smoothUnion(body, tail, 0.04);
    if (y > 0.8) return Math.min(body, earsAndNose(x, y, z), y - 0.62);
    for (let i = 0; i < 4; i++) {
      const leg = legs[i] ?? legs[0];
      const isFront = i < 2;
      const side = i % 2 === 0 ? -0.075 : 0.075;
      const top = isFront ? 0.24 : -0.34;
      const upper = limb(
        x,
        y,
        z,
        top,
        0.46 + bob,
        side,
        leg.midX,
        leg.midY,
        side,
        isFront ? 0.065 : 0.08,
        0.04,
      );
      const lower = limb(x, y, z, leg.midX, leg.midY, side, leg.endX, leg.endY, side, 0.038, 0.026);
      const paw = ellipsoid(x - leg.endX - 0.025, y - Math.max(0.03, leg.endY), z - side, 0.05, 0.028, 0.033);
      body = smoothUnion(body, Math.min(upper, smoothUnion(lower, paw, 0.02)), 0.03);
    }
    return Math.min(body, earsAndNose(x, y, z));
  };

  return {
    halfX: 0.8,
    height: 0.95,
    halfZ: 0.24,
    shadesItself: true,
    pose(travelled) {
      const phase = (travelled / 0.95) * 2 * Math.PI;
      bob = 0.012 * Math.cos(2 * phase);
      wag = 0.09 * Math.sin(phase * 1.7);
      for (let i = 0; i < 4; i++) {
        // At a trot the legs go together crosswise.
        const swing = phase + (i === 0 || i === 3 ? 0 : Math.PI);
        const isFront = i < 2;
        const upper = 0.42 * Math.sin(swing) + (isFront ? -0.05 : 0.22);
        const bend = 0.15 + 0.9 * Math.max(0, Math.cos(swing)) ** 2;
        const lower = isFront ? upper - bend + 0.12 : upper - bend - 0.22;
        setChain(legs[i] ?? legs[0], isFront ? 0.24 : -0.34, 0.46 + bob, upper, lower, 0.22, 0.23);
      }
    },
    distance,
    paint(x, y, z, _nx, ny, _nz, surface: Surface) {
      const isEye = Math.abs(x - 0.6) < 0.016 && Math.abs(y - 0.815 - bob) < 0.014 && Math.abs(z) > 0.04;
      if (isEye) return setSurface(surface, 0.01, 0.008, 0.006, 0.8);
      if (earsAndNose(x, y, z) < 0.003) {
        const level = x > 0.7 ? 0.04 : 0.55;
        return setSurface(surface, coat[0] * level, coat[1] * level, coat[2] * level, 0.2);
      }
      const isCollar = Math.abs(x * 0.7 + (y - bob) * 0.7 - 0.76) < 0.016 && x > 0.3 && x < 0.5;
      if (isCollar) return setSurface(surface, 0.35, 0.02, 0.02, 0.3);
      const hairs = 0.95 + 0.05 * Math.sin(x * 70 + Math.sin(y * 60 + z * 50) * 2.5);
      const level = hairs * (0.78 + 0.22 * ny);
      setSurface(surface, coat[0] * level, coat[1] * level, coat[2] * level, 0.08);
    },
  };
}
