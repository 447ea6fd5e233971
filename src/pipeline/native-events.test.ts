import { expect, test } from 'vitest';
import { cameraInput, eventsOf, openCameraRig } from '../../test/support/camera-rig.ts';
import { makeMovingClip } from '../../test/support/moving-clip.ts';
import { startOnvifDevice } from '../../test/support/onvif-device.ts';
import { notification } from '../../test/support/onvif-messages.ts';
import { makeClip } from '../../test/support/render-clip.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { waitUntil } from '../../test/support/wait-until.ts';

const credentials = { username: 'admin', password: 'secret-word' };
const stillScene = { width: 640, height: 360, framesPerSecond: 10, seconds: 5, noise: 3 } as const;

test.concurrent(
  'with assist, what only the camera saw becomes an event with pictures, and one only',
  { timeout: 60_000 },
  async () => {
    await using dir = await makeTempDir();
    const clip = dir.file('still.mp4');
    await makeClip(clip, stillScene);
    await using device = await startOnvifDevice({ credentials });
    await using parts = await openCameraRig(dir.file('data'));
    const { rig, cameras } = parts;
    const onvif = { url: device.deviceUrl, nativeEvents: 'assist' } as const;
    const { camera: yard } = await cameras.create(cameraInput('Yard', clip, { ...credentials, onvif }));
    await waitUntil(
      'video and events',
      () => {
        const state = cameras.get(yard.id)?.state;
        return state?.status === 'streaming' && state.nativeEvents?.status === 'listening';
      },
      { timeoutMs: 30_000 },
    );

    device.say(notification({ data: { IsMotion: 'true' } }));
    const event = await waitUntil('an event', async () => (await eventsOf(rig, yard.id))[0]);
    device.say(notification({ data: { IsMotion: 'false' } }));
    await waitUntil('its end', async () => (await eventsOf(rig, yard.id))[0]?.endedAt);

    expect(event).toMatchObject({ source: 'motion', motion: { reason: 'camera' } });
    expect(event.frames[0]).toMatchObject({ width: 640, height: 360 });
    expect(await eventsOf(rig, yard.id)).toHaveLength(1);
    expect(JSON.stringify(rig.messages)).not.toContain('secret-word');
  },
);

test.concurrent(
  'with replace, nothing becomes an event while the camera is silent, or not heard at all',
  { timeout: 90_000 },
  async () => {
    await using dir = await makeTempDir();
    const clip = dir.file('moving.mp4');
    await makeMovingClip(clip, 1);
    await using device = await startOnvifDevice({ credentials });
    await using parts = await openCameraRig(dir.file('data'));
    const { rig, cameras } = parts;
    const onvif = { url: device.deviceUrl, nativeEvents: 'replace' } as const;
    const { camera: seen } = await cameras.create(cameraInput('Seen', clip));
    const { camera: silent } = await cameras.create(cameraInput('Silent', clip, { ...credentials, onvif }));
    const { camera: deaf } = await cameras.create(
      cameraInput('Deaf', clip, { username: 'admin', password: 'wrong', onvif }),
    );
    await waitUntil('motion that is seen', async () => (await eventsOf(rig, seen.id)).length >= 2, {
      timeoutMs: 50_000,
    });

    expect(await eventsOf(rig, silent.id)).toEqual([]);
    expect(await eventsOf(rig, deaf.id)).toEqual([]);
    expect(cameras.get(deaf.id)?.state).toMatchObject({
      status: 'streaming',
      cause: null,
      nativeEvents: { status: 'disconnected', cause: 'unauthorized' },
    });

    // Without being asked to, it would wait for half a minute at least.
    const { refused } = device.stats();
    cameras.reconnect(deaf.id);
    await waitUntil('another try', () => device.stats().refused > refused);

    device.say(notification({ data: { IsMotion: 'true' } }));
    await waitUntil('the word of the camera', async () => (await eventsOf(rig, silent.id)).length === 1);
  },
);
