import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cameraInput, eventsOf, openCameraRig } from '../../test/support/camera-rig.ts';
import { levelsOfJpeg } from '../../test/support/masked-pixels.ts';
import type { PipelineRig } from '../../test/support/pipeline-rig.ts';
import { makeClip, type Scene } from '../../test/support/render-clip.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { CameraAdapter } from '../cameras/camera-adapter.ts';
import { fileCamera } from '../cameras/file-camera.ts';
import type { Polygon, Zone } from '../core/camera-settings.ts';
import { AppError } from '../core/errors.ts';
import type { VedetteEvent } from '../core/event.ts';
import type { MediaFiles } from '../store/media-files.ts';

/** A bright block crosses a bright picture from the left to the right, and then there is nothing for a while. */
const scene: Scene = {
  width: 640,
  height: 360,
  framesPerSecond: 10,
  seconds: 9,
  noise: 3,
  globalChanges: [{ at: 0, by: 60 }],
  objects: [
    {
      from: 1,
      to: 5,
      size: [90, 120],
      path: [
        [60, 200],
        [580, 200],
      ],
      colour: [255, 220, 60],
    },
  ],
};

/** The left of the picture; the block comes out from behind it. */
const masks: readonly Polygon[] = [
  [
    [0, 0],
    [0.29, 0],
    [0.36, 1],
    [0, 1],
  ],
];
const right: Zone = {
  name: 'right',
  kind: 'include',
  points: [
    [0.6, 0],
    [1, 0],
    [1, 1],
    [0.6, 1],
  ],
};

const nowhere: Zone = {
  name: 'everything',
  kind: 'exclude',
  points: [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
  ],
};

let dir: TempDir;
let clip: string;

beforeAll(async () => {
  dir = await makeTempDir();
  clip = dir.file('moving.mp4');
  await makeClip(clip, scene);
});

afterAll(async () => {
  await dir[Symbol.asyncDispose]();
});

async function expectMasked(jpeg: Uint8Array, brightest: number): Promise<void> {
  const levels = await levelsOfJpeg(jpeg, masks);
  expect(levels.brightestInside).toBeLessThanOrEqual(brightest);
  expect(levels.meanOutside).toBeGreaterThan(100);
}

async function firstEvent(rig: PipelineRig, cameraId: string): Promise<VedetteEvent> {
  return waitUntil('an event', async () => (await eventsOf(rig, cameraId))[0], { timeoutMs: 80_000 });
}

/** Everything that is on the disk of it. */
async function storedPictures(event: VedetteEvent, media: MediaFiles): Promise<Uint8Array[]> {
  const paths = [event.thumbnailPath, ...event.frames.map(({ path }) => path)];
  return Promise.all(paths.map((path) => media.read(path ?? '')));
}

const refuse = (): Promise<never> => Promise.reject(new AppError('PICTURE_GONE', 'the packets are gone'));

test.concurrent(
  'what is masked is black in stored pictures, thumbnails, the preview, tests and what is analysed by hand',
  { timeout: 120_000 },
  async () => {
    await using parts = await openCameraRig(dir.file(randomUUID()));
    const { rig, cameras } = parts;
    const input = cameraInput('Yard', clip, { privacyMasks: masks });
    const { camera: yard } = await cameras.create(input);
    const event = await firstEvent(rig, yard.id);
    const manual = await cameras.analyze(yard.id);
    const shown = [await cameras.preview(yard.id), (await cameras.test(input)).picture];
    const pictures = [
      ...(await storedPictures(event, rig.media)),
      ...(await storedPictures(manual, rig.media)),
      ...shown.map(({ jpeg }) => jpeg),
    ];
    expect(event.frames.length).toBeGreaterThan(1);
    // A thumbnail is scaled and coded anew, which makes black a little gray at the rim.
    for (const jpeg of pictures) await expectMasked(jpeg, 6);
  },
);

test.concurrent(
  'what is masked is black in the gray pictures that are kept when the camera is lost',
  { timeout: 120_000 },
  async () => {
    await using dir = await makeTempDir();
    const clip = dir.file('moving.mp4');
    await makeClip(clip, scene);
    const forgetful: CameraAdapter = Object.assign({}, fileCamera, {
      create: (context: Parameters<CameraAdapter['create']>[0]) =>
        Object.assign(fileCamera.create(context), { pictures: refuse }),
    });
    await using parts = await openCameraRig(dir.file('data'), { adapters: [forgetful] });
    const { rig, cameras } = parts;
    const { camera: yard } = await cameras.create(cameraInput('Yard', clip, { privacyMasks: masks }));
    const event = await firstEvent(rig, yard.id);
    expect(event.frames[0]).toMatchObject({ width: 320, height: 180 });
    // Two pixels beyond the mask: the rim of the black is coded together with what is beside it.
    for (const jpeg of await storedPictures(event, rig.media)) await expectMasked(jpeg, 40);
  },
);

test.concurrent(
  'an event begins where its zone does, names it, and shows what moves inside',
  { timeout: 120_000 },
  async () => {
    await using parts = await openCameraRig(dir.file(randomUUID()));
    const { rig, cameras } = parts;
    const { camera: everywhere } = await cameras.create(cameraInput('Everywhere', clip));
    const { camera: zoned } = await cameras.create(cameraInput('Zoned', clip, { zones: [right] }));
    const { camera: excluded } = await cameras.create(cameraInput('Excluded', clip, { zones: [nowhere] }));
    const ended = (id: string) => async () =>
      (await eventsOf(rig, id)).find(({ endedAt }) => endedAt !== null);
    const whole = await waitUntil('an event', ended(everywhere.id), { timeoutMs: 80_000 });
    const part = await waitUntil('an event in the zone', ended(zoned.id), { timeoutMs: 80_000 });
    expect(whole.motion?.zones).toEqual([]);
    expect(part.motion?.zones).toEqual(['right']);
    // The block is in view for four seconds and in the zone for less than two of them.
    expect((whole.endedAt ?? 0) - whole.startedAt).toBeGreaterThan(2500);
    expect((part.endedAt ?? 0) - part.startedAt).toBeLessThan(2200);
    for (const { box } of part.frames.flatMap(({ regions }) => regions)) {
      expect(box[0]).toBeGreaterThanOrEqual(0.6 - 1 / 160);
    }
    expect(await eventsOf(rig, excluded.id)).toEqual([]);
  },
);
