import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { Box } from '../core/geometry.ts';
import { looksSame } from './duplicate-memory.ts';
import { lookOfEvent } from './event-look.ts';
import { preparePictures } from './event-pictures.ts';
import { lookAtFrame } from './frame-look.ts';
import type { DescribeFrame, DescribeInput } from './vision-provider.ts';

const rule = { longestSide: 640, cropLongestSide: 768 };
const size = { width: 1920, height: 1080 };

interface Scene {
  /** Of a red walker, px; `null` for none. */
  readonly x: number | null;
  readonly blur?: number;
  readonly isGray?: boolean;
  readonly seed?: string;
  readonly quality?: number;
}

/** A yard with structure (so that hashes and sharpness have something to hold on to), and a walker with a pattern. */
async function scene({
  x,
  blur = 0,
  isGray = false,
  seed = '#456',
  quality = 85,
}: Scene): Promise<Uint8Array> {
  const walls = [200, 700, 1300].map(
    (left, index) =>
      `<rect x="${left}" y="${200 + index * 90}" width="${120 + index * 80}" height="400" fill="#${8 - index * 2}9${7 + index}"/>`,
  );
  const walker =
    x === null
      ? ''
      : `<g transform="translate(${x} 500)"><rect width="120" height="330" fill="#b22"/><circle cx="60" cy="50" r="45" fill="#fca"/><rect x="20" y="150" width="80" height="40" fill="#22b"/></g>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="1920" height="1080"><rect width="1920" height="1080" fill="${seed}"/>${walls.join('')}${walker}</svg>`;
  const image = sharp(Buffer.from(svg));
  const blurred = blur > 0 ? image.blur(blur) : image;
  return await (isGray ? blurred.greyscale().toColourspace('srgb') : blurred).jpeg({ quality }).toBuffer();
}

function boxAt(x: number): Box {
  return [x / size.width, 500 / size.height, 120 / size.width, 330 / size.height];
}

async function frameAt(index: number, drawn: Scene): Promise<DescribeFrame> {
  const regions = drawn.x === null ? [] : [{ box: boxAt(drawn.x), area: 0.02 }];
  return { capturedAt: 1000 * index, jpeg: await scene(drawn), regions };
}

type Input = Pick<DescribeInput, 'frames' | 'bestCapturedAt' | 'motion' | 'hints'>;

async function inputOf(scenes: readonly Scene[], best = 0): Promise<Input> {
  const frames = await Promise.all(scenes.map(async (drawn, index) => await frameAt(index, drawn)));
  const { x } = scenes[best] ?? { x: null };
  const detections = x === null ? [] : [{ label: 'person', score: 0.8, box: boxAt(x) }];
  return { frames, bestCapturedAt: 1000 * best, motion: null, hints: { detections, sentence: null } };
}

test('frames are shrunk to what the provider charges for, and the subject is enlarged', async () => {
  const { pictures, isGray } = await preparePictures(
    await inputOf([{ x: 200 }, { x: 800 }, { x: 1500 }], 1),
    3,
    rule,
  );
  expect(pictures.map(({ kind, width, height, capturedAt }) => [kind, width, height, capturedAt])).toEqual([
    ['frame', 640, 360, 0],
    ['frame', 640, 360, 1000],
    ['frame', 640, 360, 2000],
    ['crop', 512, 512, 1000],
  ]);
  expect(isGray).toBe(false);
  for (const { jpeg, width, height } of pictures) {
    expect(await sharp(jpeg).metadata()).toMatchObject({ format: 'jpeg', width, height });
  }
});

test('the crop shows the subject', async () => {
  const { pictures } = await preparePictures(await inputOf([{ x: 1700 }]), 1, rule);
  const crop = pictures.at(-1);
  const middle = await sharp(crop?.jpeg).extract({ left: 340, top: 300, width: 60, height: 60 }).toBuffer();
  const { dominant } = await sharp(middle).stats();
  expect(dominant.r).toBeGreaterThan(dominant.b + 50);
});

test('small pictures are not enlarged', async () => {
  const jpeg = await sharp(await scene({ x: 300 }))
    .resize(320)
    .jpeg()
    .toBuffer();
  const { pictures } = await preparePictures(
    { frames: [{ capturedAt: 0, jpeg, regions: [] }], motion: null },
    3,
    rule,
  );
  expect(pictures.map(({ kind, width }) => [kind, width])).toEqual([['frame', 320]]);
});

test('a frame that shows nothing new is left out', async () => {
  const { pictures } = await preparePictures(await inputOf([{ x: 200 }, { x: 200 }, { x: 900 }], 0), 3, rule);
  expect(pictures.filter(({ kind }) => kind === 'frame').map(({ capturedAt }) => capturedAt)).toEqual([
    0, 2000,
  ]);
});

test('without a named best frame the sharpest stands for the event', async () => {
  const { bestCapturedAt, ...input } = await inputOf(
    [{ x: 200, blur: 6 }, { x: 500 }, { x: 800, blur: 6 }],
    1,
  );
  const { pictures } = await preparePictures(input, 1, rule);
  expect(pictures[0]?.capturedAt).toBe(bestCapturedAt);
});

test('pictures without colours are recognised, a coloured caption does not hide them', async () => {
  expect((await lookAtFrame(await scene({ x: 300, isGray: true }))).isGray).toBe(true);
  expect((await lookAtFrame(await scene({ x: 300 }))).isGray).toBe(false);
  const caption = await sharp({ create: { width: 200, height: 40, channels: 3, background: '#0f0' } })
    .png()
    .toBuffer();
  const captioned = await sharp(await scene({ x: 300, isGray: true }))
    .composite([{ input: caption, left: 20, top: 20 }])
    .jpeg()
    .toBuffer();
  expect((await lookAtFrame(captioned)).isGray).toBe(true);
});

test('one picture that can not be read costs only itself, none at all is an error', async () => {
  const input = await inputOf([{ x: 200 }, { x: 900 }], 1);
  const broken = { capturedAt: 500, jpeg: Uint8Array.of(1, 2, 3), regions: [] };
  const { pictures } = await preparePictures({ ...input, frames: [broken, ...input.frames] }, 3, rule);
  expect(pictures.filter(({ kind }) => kind === 'frame')).toHaveLength(2);
  await expect(preparePictures({ ...input, frames: [broken] }, 3, rule)).rejects.toMatchObject({
    fault: 'bad_request',
  });
});

test('of more frames than are looked at the best one is kept', async () => {
  const input = await inputOf(
    Array.from({ length: 8 }, (_, index) => ({ x: 100 + index * 200 })),
    1,
  );
  const { pictures } = await preparePictures(input, 6, rule);
  const times = pictures.filter(({ kind }) => kind === 'frame').map(({ capturedAt }) => capturedAt);
  expect(times).toEqual([1000, 3000, 4000, 5000, 6000, 7000]);
});

test('the same event looks the same again, compressed otherwise', async () => {
  const once = await lookOfEvent(await inputOf([{ x: 800 }]));
  const again = await lookOfEvent(await inputOf([{ x: 806, quality: 60 }]));
  if (once === undefined || again === undefined) throw new Error('it has no look');
  expect(looksSame(once, again)).toBe(true);
});

test.for([
  ['somebody elsewhere', { x: 1100 }],
  ['another light', { x: 800, seed: '#fff', isGray: true }],
] as const)('%s looks otherwise', async ([, drawn]) => {
  const once = await lookOfEvent(await inputOf([{ x: 800 }]));
  const other = await lookOfEvent(await inputOf([drawn]));
  if (once === undefined || other === undefined) throw new Error('it has no look');
  expect(looksSame(once, other)).toBe(false);
});

test('the small subject counts, though the scene is the same', async () => {
  const once = await lookOfEvent(await inputOf([{ x: 800 }]));
  const jpeg = await sharp(await scene({ x: 800 }))
    .composite([
      {
        input: Buffer.from(
          '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="330"><rect width="120" height="330" fill="#222"/><rect y="200" width="120" height="60" fill="#eee"/><rect x="70" width="30" height="200" fill="#ccc"/></svg>',
        ),
        left: 800,
        top: 500,
      },
    ])
    .jpeg()
    .toBuffer();
  const input = await inputOf([{ x: 800 }]);
  const other = await lookOfEvent({ ...input, frames: [{ capturedAt: 0, jpeg, regions: [] }] });
  if (once === undefined || other === undefined) throw new Error('it has no look');
  expect(looksSame(once, other)).toBe(false);
});

test('an event of which nobody knows what it is about has no look', async () => {
  expect(await lookOfEvent(await inputOf([{ x: null }]))).toBeUndefined();
  const { bestCapturedAt: _, ...unnamed } = await inputOf([{ x: 800 }]);
  expect(await lookOfEvent(unnamed)).toBeUndefined();
});
