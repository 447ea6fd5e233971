import { afterAll, beforeAll, expect, test } from 'vitest';
import { grayFrames } from '../../test/support/gray-frames.ts';
import { startMjpegServer, type MjpegServer } from '../../test/support/mjpeg-server.ts';
import { makeClip, type Scene } from '../../test/support/render-clip.ts';
import { startRtspServer, type RtspServer } from '../../test/support/rtsp-server.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { FrozenWatch } from '../cameras/frozen-watch.ts';
import { systemClock } from '../core/clock.ts';
import type { StreamRequest } from '../core/camera-source.ts';
import { silentLog } from '../core/log.ts';
import { createMediaService, type MediaService } from '../media/media-service.ts';

/** A quiet scene: only the noise of a sensor changes in it. */
const scene: Scene = { width: 640, height: 360, framesPerSecond: 15, seconds: 4, noise: 6 };
const keyframeInterval = 5;
/** A second of the stream counts as so many: judging takes minutes. */
const haste = 30;

let dir: TempDir;
let media: MediaService;
let rtsp: RtspServer;
let mjpeg: MjpegServer;

beforeAll(async () => {
  dir = await makeTempDir();
  await Promise.all([
    makeClip(dir.file('noisy.mp4'), scene, { keyframeInterval, crf: 23 }),
    // So few bits that between the key frames nothing is left of the noise.
    makeClip(dir.file('coarse.mp4'), scene, { keyframeInterval: 15, crf: 45 }),
    makeClip(dir.file('noisy-hevc.mp4'), scene, { codec: 'hevc', keyframeInterval }),
    makeClip(dir.file('clean.mp4'), { ...scene, noise: 0 }, { keyframeInterval }),
    makeClip(dir.file('noisy.avi'), scene),
  ]);
  media = createMediaService({ clock: systemClock, log: silentLog() });
  rtsp = await startRtspServer();
  mjpeg = await startMjpegServer();
});

afterAll(async () => {
  await media[Symbol.asyncDispose]();
  await rtsp[Symbol.asyncDispose]();
  await mjpeg[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

function camera(url: string): StreamRequest {
  return {
    name: 'yard',
    cameraId: url,
    purpose: 'analysis',
    protocol: url.startsWith('rtsp') ? 'rtsp' : 'http_mjpeg',
    url,
    username: null,
    password: null,
    transport: 'tcp',
    frameRate: 5,
    pacing: 'realtime',
    decode: 'full',
    isLooping: false,
    masks: [],
  };
}

interface Watched {
  readonly isFrozen: boolean;
  /** Frames that are equal to the one before, to the bit, 0..1. */
  readonly equalShare: number;
}

/** Watches for so many seconds of the stream, and calls `freeze` in the middle of them. */
async function watchStream(url: string, seconds: number, freeze: () => void): Promise<Watched> {
  const watch = new FrozenWatch();
  watch.connected();
  await using source = media.openStream(camera(url));
  const startedAt = performance.now();
  let isFrozen = false;
  let isStill = false;
  let equalCount = 0;
  let count = 0;
  let previous: Uint8Array | undefined;
  for await (const { gray, keyPrint } of grayFrames(source.open(AbortSignal.timeout(25_000)))) {
    const passed = (performance.now() - startedAt) / 1000;
    count += 1;
    if (previous !== undefined && Buffer.compare(previous, gray) === 0) equalCount += 1;
    previous = gray;
    if (keyPrint !== undefined) watch.note(keyPrint, passed * 1000 * haste);
    isFrozen ||= watch.isFrozen;
    if (!isStill && passed > seconds / 2) {
      isStill = true;
      freeze();
    }
    if (passed > seconds) break;
  }
  return { isFrozen, equalShare: equalCount / count };
}

test.concurrent.each(['noisy.mp4', 'noisy-hevc.mp4'])(
  'a camera that freezes is found frozen (%s)',
  async (name) => {
    const path = `/freezing-${name}`;
    await rtsp.addStream(path, { clipPath: dir.file(name) });
    const { isFrozen } = await watchStream(rtsp.url(path), 12, () => {
      rtsp.setFault(path, { kind: 'freeze' });
    });
    expect(isFrozen).toBe(true);
  },
);

test.concurrent('an MJPEG camera that freezes is found frozen', async () => {
  await mjpeg.addStream('/freezing', { clipPath: dir.file('noisy.avi') });
  const { isFrozen } = await watchStream(mjpeg.url('/freezing'), 12, () => {
    mjpeg.setFault('/freezing', { kind: 'freeze' });
  });
  expect(isFrozen).toBe(true);
});

test.concurrent('a quiet scene is not frozen, though it is coded so coarsely that its frames are mostly equal', async () => {
  await rtsp.addStream('/coarse', { clipPath: dir.file('coarse.mp4') });
  const { isFrozen, equalShare } = await watchStream(rtsp.url('/coarse'), 12, () => undefined);
  expect(isFrozen).toBe(false);
  expect(equalShare).toBeGreaterThan(0.5);
});

test.concurrent('what no sensor has seen is not frozen: a rendered scene is the same to the bit', async () => {
  await rtsp.addStream('/clean', { clipPath: dir.file('clean.mp4') });
  const { isFrozen, equalShare } = await watchStream(rtsp.url('/clean'), 12, () => undefined);
  expect(isFrozen).toBe(false);
  expect(equalShare).toBeGreaterThan(0.5);
});
