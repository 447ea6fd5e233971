import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeClip } from '../../test/support/render-clip.ts';
import { startRtspServer, type RtspServer } from '../../test/support/rtsp-server.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import type { StreamRequest } from '../core/camera-source.ts';
import { systemClock } from '../core/clock.ts';
import { silentLog } from '../core/log.ts';
import { createMediaService, type MediaService } from './media-service.ts';

/** Seconds of the clip: still, then somebody passes, a key frame every second. */
const stillSeconds = 10;
const totalSeconds = 13;

let dir: TempDir;
let media: MediaService;
let rtsp: RtspServer;

beforeAll(async () => {
  dir = await makeTempDir();
  await makeClip(
    dir.file('pass.mp4'),
    {
      width: 640,
      height: 360,
      framesPerSecond: 15,
      seconds: totalSeconds,
      noise: 1,
      objects: [
        {
          from: stillSeconds + 0.3,
          to: totalSeconds,
          size: [60, 120],
          path: [
            [60, 200],
            [580, 200],
          ],
        },
      ],
    },
    { keyframeInterval: 15 },
  );
  media = createMediaService({ clock: systemClock, log: silentLog() });
  rtsp = await startRtspServer();
  await rtsp.addStream('/yard', { clipPath: dir.file('pass.mp4') });
});

afterAll(async () => {
  await media[Symbol.asyncDispose]();
  await rtsp[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

interface Seen {
  readonly at: number;
  readonly isMoving: boolean;
  readonly decode: string | undefined;
}

/** Watches the clip once. */
async function watch(decode: StreamRequest['decode']): Promise<Seen[]> {
  await using source = media.openStream({
    name: 'yard',
    cameraId: decode,
    purpose: 'analysis',
    decode,
    protocol: 'rtsp',
    url: rtsp.url('/yard'),
    username: null,
    password: null,
    transport: 'tcp',
    masks: [],
    frameRate: 5,
    motion: { sensitivity: 'medium', zones: [] },
    pacing: 'realtime',
    isLooping: false,
  });
  const seen: Seen[] = [];
  for await (const { sample, mediaTimeMs } of source.open(AbortSignal.timeout(30_000))) {
    const isMoving = sample?.isMotion === true;
    seen.push({ at: mediaTimeMs / 1000, isMoving, decode: source.decode?.mode });
    if (mediaTimeMs > (totalSeconds - 0.4) * 1000) break;
  }
  return seen;
}

function within(seen: readonly Seen[], from: number, to: number): readonly Seen[] {
  return seen.filter(({ at }) => at >= from && at < to);
}

function firstMotion(seen: readonly Seen[]): number {
  return seen.find(({ isMoving }) => isMoving)?.at ?? Number.NaN;
}

test('a still scene is seen once a second, and what begins to move from its first frame on', async () => {
  const [gated, full] = await Promise.all([watch('keyframes'), watch('full')]);
  expect(within(full, 4, 9).length).toBeGreaterThan(20);
  expect(within(gated, 4, 9).length).toBeLessThan(8);
  expect(within(gated, 4, 9).map(({ decode }) => decode)).toEqual(within(gated, 4, 9).map(() => 'keyframes'));
  expect(firstMotion(gated)).toBeCloseTo(firstMotion(full), 0);
  const motion = within(gated, stillSeconds + 0.8, totalSeconds - 0.5);
  expect(motion.length).toBeGreaterThan(6);
  expect(motion.at(-1)?.decode).toBe('full');
});
