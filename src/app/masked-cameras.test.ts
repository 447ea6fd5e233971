import { afterAll, beforeAll, expect, test } from 'vitest';
import { grayFrames, unjudged } from '../../test/support/gray-frames.ts';
import { levelsOfFrame, levelsOfJpeg } from '../../test/support/masked-pixels.ts';
import { startHlsServer, type HlsServer } from '../../test/support/hls-server.ts';
import { startMjpegServer, type MjpegServer } from '../../test/support/mjpeg-server.ts';
import { makeClip, type Scene } from '../../test/support/render-clip.ts';
import { startRtspServer, type RtspServer } from '../../test/support/rtsp-server.ts';
import { startSnapshotServer, type SnapshotServer } from '../../test/support/snapshot-server.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import type { CameraContext } from '../cameras/camera-adapter.ts';
import { defaultCameraSettings, type Polygon } from '../core/camera-settings.ts';
import type { Camera } from '../core/camera.ts';
import { systemClock } from '../core/clock.ts';
import type { Picture } from '../core/frame.ts';
import { silentLog } from '../core/log.ts';
import { createMediaService, type MediaService } from '../media/media-service.ts';
import { openCameraSource } from '../pipeline/camera-test.ts';
import { cameraAdapters } from './builtins.ts';

/** Bright all over: what is black in a picture of it was blackened. */
const scene: Scene = {
  width: 640,
  height: 360,
  framesPerSecond: 10,
  seconds: 3,
  noise: 6,
  globalChanges: [{ at: 0, by: 120 }],
  objects: [
    {
      from: 0,
      to: 3,
      size: [200, 160],
      path: [
        [40, 180],
        [600, 180],
      ],
      colour: [255, 60, 40],
    },
    {
      from: 0,
      to: 3,
      size: [90, 90],
      path: [
        [600, 60],
        [40, 300],
      ],
      colour: [40, 90, 255],
    },
  ],
};

/** A triangle, and a band along the edge whose sides lie on no block of a JPEG. */
const masks: readonly Polygon[] = [
  [
    [0.31, 0.27],
    [0.62, 0.33],
    [0.44, 0.71],
  ],
  [
    [0.871, 0],
    [1, 0],
    [1, 1],
    [0.903, 1],
  ],
];

let dir: TempDir;
let rtsp: RtspServer;
let mjpeg: MjpegServer;
let snapshots: SnapshotServer;
let hls: HlsServer;
let media: MediaService;

/** Where a camera of each type is to be had here. A type that is missing fails its test. */
const addresses: Readonly<Record<string, () => Promise<string>>> = {
  rtsp: async () => {
    await rtsp.addStream('/masked', { clipPath: dir.file('clip.mp4') });
    return rtsp.url('/masked');
  },
  http_mjpeg: async () => {
    await mjpeg.addStream('/masked', { clipPath: dir.file('clip.avi') });
    return mjpeg.url('/masked');
  },
  http_snapshot: async () => {
    await snapshots.addCamera('/snapshot', { clipPath: dir.file('clip.avi') });
    return snapshots.url('/snapshot');
  },
  hls: async () => {
    await hls.addStream('/masked', { clipPath: dir.file('clip.mp4') });
    return hls.url('/masked/index.m3u8');
  },
  synthetic: () => Promise.resolve('synthetic:street'),
  file: async () => dir.file('clip.mp4'),
};

beforeAll(async () => {
  dir = await makeTempDir();
  await makeClip(dir.file('clip.mp4'), scene, { keyframeInterval: 10 });
  await makeClip(dir.file('clip.avi'), scene);
  await makeClip(dir.file('small.mp4'), { ...scene, width: 320, height: 180 }, { keyframeInterval: 10 });
  media = createMediaService({ clock: systemClock, log: silentLog() });
  rtsp = await startRtspServer();
  mjpeg = await startMjpegServer();
  snapshots = await startSnapshotServer();
  hls = await startHlsServer();
});

afterAll(async () => {
  await media[Symbol.asyncDispose]();
  await rtsp[Symbol.asyncDispose]();
  await mjpeg[Symbol.asyncDispose]();
  await snapshots[Symbol.asyncDispose]();
  await hls[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

function camera(type: string, url: string, privacyMasks: readonly Polygon[]): Camera {
  return {
    id: '019a0000-0000-7000-8000-000000000000',
    name: 'masked',
    type,
    url,
    username: null,
    password: null,
    frameRate: 5,
    isEnabled: true,
    motionSensitivity: 'medium',
    motionCooldown: 60,
    isLocalOnly: false,
    promptAddition: null,
    maxEventsPerHour: null,
    ...defaultCameraSettings,
    privacyMasks,
    origin: 'api',
    createdAt: 0,
    updatedAt: 0,
  };
}

/** There is no device to read from where tests run; what it sends goes the way of all others. */
const types = cameraAdapters.map(({ type }) => type).filter((type) => type !== 'usb');

test.each(types)(
  'what is masked is black in every frame and picture of a camera of type %s',
  { timeout: 60_000 },
  async (type) => {
    const address = addresses[type];
    if (address === undefined)
      throw new Error(`There is no camera of type "${type}" here: say where one is.`);
    const context = { adapters: cameraAdapters, streams: unjudged(media), clock: systemClock };
    await using source = openCameraSource(camera(type, await address(), masks), context);
    const times: number[] = [];
    for await (const frame of grayFrames(source.open(AbortSignal.timeout(30_000)))) {
      const { brightestInside, meanOutside } = levelsOfFrame(frame, masks);
      expect(brightestInside).toBe(0);
      expect(meanOutside).toBeGreaterThan(100);
      times.push(frame.capturedAt);
      if (times.length < 6) continue;
      const pictures = await source.pictures(times.slice(-4), AbortSignal.timeout(30_000));
      expect(pictures).toHaveLength(4);
      for (const { jpeg } of pictures) {
        const levels = await levelsOfJpeg(jpeg, masks);
        expect(levels.brightestInside).toBeLessThanOrEqual(2);
        expect(levels.meanOutside).toBeGreaterThan(100);
      }
      return;
    }
    throw new Error('the camera ended before its sixth frame');
  },
);

test('what is masked is black in the pictures of the large stream, too', { timeout: 60_000 }, async () => {
  await rtsp.addStream('/large', { clipPath: dir.file('clip.mp4') });
  await rtsp.addStream('/small', { clipPath: dir.file('small.mp4') });
  const context = { adapters: cameraAdapters, streams: unjudged(media), clock: systemClock };
  const twofold = { ...camera('rtsp', rtsp.url('/large'), masks), subUrl: rtsp.url('/small') };
  await using source = openCameraSource(twofold, context);
  let large: Picture | undefined;
  for await (const frame of source.open(AbortSignal.timeout(30_000))) {
    if (source.pictureStream === undefined) continue;
    const [picture] = await source.pictures([frame.capturedAt], AbortSignal.timeout(30_000));
    // Of moments before the large stream began, pictures come from the small one.
    if (picture?.width !== scene.width) continue;
    large = picture;
    break;
  }
  expect(large).toMatchObject({ width: scene.width, height: scene.height });
  const { brightestInside, meanOutside } = await levelsOfJpeg(large?.jpeg ?? new Uint8Array(), masks);
  expect(brightestInside).toBeLessThanOrEqual(2);
  expect(meanOutside).toBeGreaterThan(100);
});

test.each(types)(
  'a source of type %s that does not say that it applies the masks is not opened',
  async (type) => {
    const forgetful = cameraAdapters.map((adapter) =>
      Object.assign({}, adapter, {
        create: (context: CameraContext) =>
          adapter.create({ ...context, camera: { ...context.camera, privacyMasks: [] } }),
      }),
    );
    const address = await addresses[type]?.();
    expect(() =>
      openCameraSource(camera(type, address ?? '', masks), {
        adapters: forgetful,
        streams: media,
        clock: systemClock,
      }),
    ).toThrow(/privacy masks/);
  },
);
