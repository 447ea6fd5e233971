import sharp from 'sharp';
import type { Point } from '../core/geometry.ts';
import type { MotionEvidence, MotionHeat } from '../core/motion-evidence.ts';

/** Pixels; larger pictures are made smaller. */
const maxWidth = 1280;
const jpegQuality = 80;
/** How much of the picture's colour is left, so that the heat's stands out. */
const saturation = 0.35;
/** Where something moved only once it shall still be seen. */
const leastOpacity = 0.2;
const mostOpacity = 0.55;

type Colour = readonly [red: number, green: number, blue: number];
/** From where something moved for a moment to where it moved longest. */
const ramp: readonly Colour[] = [
  [40, 90, 255],
  [0, 190, 190],
  [250, 210, 30],
  [235, 30, 20],
];

/**
 * Draws over a picture how long something moved where, and the way of the subject that was followed longest: a ring where
 * it began, an arrow where it ended.
 *
 * @param jpeg of the event, as it was stored: masked where it is to be
 */
export async function drawHeatMap(jpeg: Uint8Array, { heat, path }: MotionEvidence): Promise<Uint8Array> {
  const picture = sharp(jpeg).resize({ width: maxWidth, withoutEnlargement: true }).modulate({ saturation });
  const { data, info } = await picture.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const warmth = await sharp(heatPixels(heat), {
    raw: { width: heat.columns, height: heat.rows, channels: 4 },
  })
    .resize({ width, height, fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer();
  const way = path === null ? [] : [{ input: Buffer.from(wayDrawing(path.points, width, height)) }];
  return sharp(data, { raw: { width, height, channels } })
    .composite([{ input: warmth, raw: { width, height, channels: 4 } }, ...way])
    .jpeg({ quality: jpegQuality })
    .toBuffer();
}

function heatPixels({ seconds }: MotionHeat): Uint8Array {
  const pixels = new Uint8Array(seconds.length * 4);
  const longest = Math.max(0.001, ...seconds);
  for (const [field, own] of seconds.entries()) {
    // Most fields are passed through, a few are stayed in: the root tells the former apart, too.
    const warmth = Math.sqrt(own / longest);
    const opacity = own === 0 ? 0 : leastOpacity + (mostOpacity - leastOpacity) * warmth;
    pixels.set([...colourOf(warmth), Math.round(255 * opacity)], field * 4);
  }
  return pixels;
}

function colourOf(warmth: number): Colour {
  const place = Math.min(1, Math.max(0, warmth)) * (ramp.length - 1);
  const index = Math.min(ramp.length - 2, Math.floor(place));
  const [from, to] = [ramp[index] ?? [0, 0, 0], ramp[index + 1] ?? [0, 0, 0]];
  const mix = (a: number, b: number): number => Math.round(a + (b - a) * (place - index));
  return [mix(from[0], to[0]), mix(from[1], to[1]), mix(from[2], to[2])];
}

function wayDrawing(points: readonly Point[], width: number, height: number): string {
  const places = points.map(({ x, y }): [number, number] => [x * width, y * height]);
  const [start] = places;
  const line = places.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  const stroke = Math.max(2, width / 260);
  const strokes = [
    ['#fff', stroke * 2.2],
    ['#111', stroke],
  ] as const;
  const drawn = strokes.map(
    ([colour, thickness]) =>
      `<g fill="none" stroke="${colour}" stroke-width="${thickness.toFixed(1)}" stroke-linejoin="round" stroke-linecap="round">` +
      `<polyline points="${line}"/>${start === undefined ? '' : `<circle cx="${start[0].toFixed(1)}" cy="${start[1].toFixed(1)}" r="${(stroke * 2.5).toFixed(1)}"/>`}` +
      `<polyline points="${arrowHead(places, stroke * 5)}"/></g>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${drawn.join('')}</svg>`;
}

/** Along the last stretch that is long enough to have a direction; empty where there is none. */
function arrowHead(places: readonly (readonly [number, number])[], size: number): string {
  const tip = places.at(-1);
  const from = tip && places.findLast(([x, y]) => Math.hypot(x - tip[0], y - tip[1]) >= size);
  if (tip === undefined || from === undefined) return '';
  const angle = Math.atan2(tip[1] - from[1], tip[0] - from[0]);
  const wing = (turn: number): string =>
    `${(tip[0] - size * Math.cos(angle + turn)).toFixed(1)},${(tip[1] - size * Math.sin(angle + turn)).toFixed(1)}`;
  return `${wing(0.5)} ${tip[0].toFixed(1)},${tip[1].toFixed(1)} ${wing(-0.5)}`;
}
