import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grayFrames, unjudged } from '../../test/support/gray-frames.ts';
import { makeClip, readCounter, type Scene } from '../../test/support/render-clip.ts';
import { startRtspServer, type RtspServer } from '../../test/support/rtsp-server.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import { CameraLostError, type CameraSource } from '../core/camera-source.ts';
import { defaultCameraSettings } from '../core/camera-settings.ts';
import type { PictureStream } from '../core/camera.ts';
import { systemClock } from '../core/clock.ts';
import type { AnalysisFrame, Picture } from '../core/frame.ts';
import { createId } from '../core/ids.ts';
import { silentLog } from '../core/log.ts';
import { createMediaService, type MediaService } from '../media/media-service.ts';
import { rtspCamera } from './rtsp-camera.ts';

const small = { width: 320, height: 180 };
const scene: Scene = { ...small, framesPerSecond: 15, seconds: 8, counter: true, noise: 2 };
const frameTotal = 120;
const large = { width: 640, height: 360 };
/** 500 ms, as far apart as a picture and its frame may be, and one frame of rounding. */
const apartFrames = 9;

let dir: TempDir;
let media: MediaService;
let rtsp: RtspServer;

beforeAll(async () => {
  dir = await makeTempDir();
  await Promise.all([
    makeClip(dir.file('small.mp4'), scene, { keyframeInterval: 15 }),
    makeClip(dir.file('large.mp4'), { ...scene, ...large }, { keyframeInterval: 30 }),
  ]);
  media = createMediaService({
    clock: systemClock,
    log: silentLog(),
    camerasPerHost: 1,
    limits: { openMs: 2_000, noPacketMs: 2_000, onlyErrorsMs: 2_000 },
  });
  rtsp = await startRtspServer();
});

afterAll(async () => {
  await media[Symbol.asyncDispose]();
  await rtsp[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

interface Rig {
  readonly source: CameraSource;
  readonly largePath: string;
  readonly smallPath: string;
}

let count = 0;

/** Both streams show the same moment of the same scene. */
async function openRig(streams = media): Promise<Rig> {
  count += 1;
  const paths = { largePath: `/large${count}`, smallPath: `/small${count}` };
  // Whoever joins is shown what the camera sees now, not what it saw at its last key frame.
  const options = { since: performance.now(), join: 'live' } as const;
  await rtsp.addStream(paths.largePath, { ...options, clipPath: dir.file('large.mp4') });
  await rtsp.addStream(paths.smallPath, { ...options, clipPath: dir.file('small.mp4') });
  const source = rtspCamera.create({
    camera: {
      id: createId(),
      name: 'yard',
      type: 'rtsp',
      url: rtsp.url(paths.largePath),
      username: null,
      password: null,
      frameRate: 15,
      isEnabled: true,
      motionSensitivity: 'medium',
      motionCooldown: 60,
      isLocalOnly: false,
      promptAddition: null,
      maxEventsPerHour: null,
      ...defaultCameraSettings,
      subUrl: rtsp.url(paths.smallPath),
      origin: 'api',
      createdAt: 0,
      updatedAt: 0,
    },
    streams: unjudged(streams),
    clock: systemClock,
    pacing: 'realtime',
  });
  return { source, ...paths };
}

interface Reading extends AsyncDisposable {
  readonly source: CameraSource;
  readonly frames: readonly AnalysisFrame[];
  /** Rejects when the camera is lost. */
  readonly ended: Promise<void>;
}

/** Reads on and on, as the service does. */
function read(source: CameraSource): Reading {
  const frames: AnalysisFrame[] = [];
  const stop = new AbortController();
  const run = async (): Promise<void> => {
    for await (const frame of grayFrames(source.open(stop.signal))) frames.push(frame);
  };
  const ended = run();
  ended.catch(() => undefined);
  return {
    source,
    frames,
    ended,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await source[Symbol.asyncDispose]();
    },
  };
}

async function frameAfter({ frames }: Reading, count: number): Promise<AnalysisFrame> {
  return waitUntil(`${count} frames`, () => frames[count - 1], { timeoutMs: 20_000 });
}

async function nextFrame(reading: Reading): Promise<AnalysisFrame> {
  return frameAfter(reading, reading.frames.length + 1);
}

async function pictureStreamOf({ source }: Reading, isWell: boolean): Promise<PictureStream> {
  const isIt = ({ loss }: PictureStream): boolean => (loss === null) === isWell;
  return waitUntil(
    `the large stream to be ${isWell ? 'well' : 'lost'}`,
    () =>
      source.pictureStream !== undefined && isIt(source.pictureStream) ? source.pictureStream : undefined,
    { timeoutMs: 20_000 },
  );
}

async function pictureOf({ source }: Reading, { capturedAt }: AnalysisFrame): Promise<Picture> {
  const [picture] = await source.pictures([capturedAt], AbortSignal.timeout(10_000));
  if (picture === undefined) throw new Error('no picture');
  expect(picture.capturedAt).toBe(capturedAt);
  return picture;
}

async function counterOf({ jpeg }: Picture): Promise<number> {
  const { data, info } = await sharp(jpeg).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return readCounter(data, info.width, info.height, 3) ?? Number.NaN;
}

/** Frames from one to the other, the shorter way round the clip. */
function apart(a: number, b: number): number {
  const ahead = (a - b + frameTotal) % frameTotal;
  return Math.min(ahead, frameTotal - ahead);
}

describe.concurrent('a camera with two streams', () => {
  test('is analysed in the small one, and its pictures show the same moment in the large one', async () => {
    const { source } = await openRig();
    await using reading = read(source);
    expect(await pictureStreamOf(reading, true)).toMatchObject({ info: { codec: 'h264', ...large } });
    const old = await nextFrame(reading);
    const latest = await frameAfter(reading, reading.frames.length + 30);
    expect(source.info).toMatchObject(small);
    for (const frame of [old, latest]) {
      const picture = await pictureOf(reading, frame);
      expect(picture).toMatchObject(large);
      const shown = readCounter(frame.gray, frame.width, frame.height) ?? Number.NaN;
      expect(apart(await counterOf(picture), shown)).toBeLessThanOrEqual(apartFrames);
    }
  });

  test('has both of them in one process', async () => {
    await using service = createMediaService({ clock: systemClock, log: silentLog(), camerasPerHost: 1 });
    const rigs = await Promise.all([openRig(service), openRig(service)]);
    await using first = read(rigs[0].source);
    await using second = read(rigs[1].source);
    await Promise.all([pictureStreamOf(first, true), pictureStreamOf(second, true)]);
    expect(service.stats()).toMatchObject({ hosts: 2, streams: 4 });
  });

  test('goes on when the large one is lost, says so, and has its pictures back with it', async () => {
    const { source, largePath } = await openRig();
    await using reading = read(source);
    await pictureStreamOf(reading, true);
    rtsp.setFault(largePath, { kind: 'reset' });
    const lost = await pictureStreamOf(reading, false);
    expect(lost).toMatchObject({ info: small, loss: { cause: 'reset' } });
    // Long enough after the last picture of the large one.
    const alone = await frameAfter(reading, reading.frames.length + 12);
    expect(await pictureOf(reading, alone)).toMatchObject(small);
    rtsp.setFault(largePath, null);
    expect(await pictureStreamOf(reading, true)).toMatchObject({ info: large });
    await waitUntil('a large picture', async () => {
      const { width } = await pictureOf(reading, await nextFrame(reading));
      return width === large.width;
    });
  });

  test.each([
    ['is not there', { kind: 'status', status: 404 }, 'not_found'],
    ['never answers', { kind: 'black_hole' }, 'timeout'],
    ['can not be decoded', { kind: 'wrong_sdp', sdp: 'unknown_codec' }, 'unsupported_codec'],
  ] as const)('is seen while the large one %s', async (_, fault, cause) => {
    const { source, largePath } = await openRig();
    rtsp.setFault(largePath, fault);
    await using reading = read(source);
    const frame = await frameAfter(reading, 3);
    expect(await pictureOf(reading, frame)).toMatchObject(small);
    expect(await pictureStreamOf(reading, false)).toMatchObject({ info: small, loss: { cause } });
    expect(await pictureOf(reading, await nextFrame(reading))).toMatchObject(small);
  });

  test('takes pictures from the small one while the large one is silent', async () => {
    const { source, largePath } = await openRig();
    await using reading = read(source);
    await pictureStreamOf(reading, true);
    const before = await nextFrame(reading);
    rtsp.setFault(largePath, { kind: 'stall' });
    const after = await frameAfter(reading, reading.frames.length + 15);
    expect(await pictureOf(reading, before)).toMatchObject(large);
    expect(await pictureOf(reading, after)).toMatchObject(small);
    expect(await pictureStreamOf(reading, false)).toMatchObject({ loss: { cause: 'no_frames' } });
  });

  test('is lost when the small one is, with its cause', async () => {
    const { source, smallPath, largePath } = await openRig();
    await using reading = read(source);
    await pictureStreamOf(reading, true);
    rtsp.setFault(smallPath, { kind: 'reset' });
    await expect(reading.ended).rejects.toSatisfy(
      (error) => error instanceof CameraLostError && error.cameraCause === 'reset',
    );
    await waitUntil('the large one to be let go', () => rtsp.stats().streams[largePath]?.playing === 0);
  });

  test('lets both go when nobody reads any more', async () => {
    const { source, largePath, smallPath } = await openRig();
    {
      await using reading = read(source);
      await pictureStreamOf(reading, true);
    }
    await waitUntil('the server to stop sending', () =>
      [largePath, smallPath].every((path) => rtsp.stats().streams[path]?.playing === 0),
    );
  });
});
