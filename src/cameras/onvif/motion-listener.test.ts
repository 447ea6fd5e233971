import { describe, expect, test } from 'vitest';
import {
  startOnvifDevice,
  type OnvifDevice,
  type OnvifDeviceOptions,
} from '../../../test/support/onvif-device.ts';
import { notification, type ChannelOptions } from '../../../test/support/onvif-messages.ts';
import { waitUntil } from '../../../test/support/wait-until.ts';
import { defaultCameraSettings } from '../../core/camera-settings.ts';
import type { Camera, NativeEventsState } from '../../core/camera.ts';
import { systemClock, type Clock } from '../../core/clock.ts';
import { silentLog } from '../../core/log.ts';
import { MotionListener } from './motion-listener.ts';

const credentials = { username: 'admin', password: 'secret-word' };

function cameraAt(device: OnvifDevice, change: Partial<Camera> = {}): Camera {
  return {
    ...defaultCameraSettings,
    id: 'camera',
    name: 'Yard',
    type: 'rtsp',
    url: 'rtsp://127.0.0.1:554/ch1/main',
    ...credentials,
    frameRate: 5,
    isEnabled: true,
    motionSensitivity: 'medium',
    motionCooldown: 0,
    isLocalOnly: false,
    promptAddition: null,
    maxEventsPerHour: null,
    origin: 'api',
    createdAt: 0,
    updatedAt: 0,
    onvif: { url: device.deviceUrl, nativeEvents: 'assist' },
    ...change,
  };
}

interface Listening extends AsyncDisposable {
  readonly listener: MotionListener;
  readonly states: NativeEventsState[];
  /** What it said of motion when it told of it. */
  readonly told: boolean[];
}

function listen(camera: Camera, clock: Clock = systemClock): Listening {
  const states: NativeEventsState[] = [];
  const told: boolean[] = [];
  const listener: MotionListener = new MotionListener(camera, {
    clock,
    log: silentLog(),
    onStateChange: () => states.push(listener.state),
    onMotion: () => told.push(listener.isMoving()),
  });
  return { listener, states, told, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() };
}

async function untilListening({ listener }: Listening): Promise<void> {
  await waitUntil('the listener to listen', () => listener.state.status === 'listening');
}

describe.each<[string, OnvifDeviceOptions]>([
  ['by token', {}],
  ['of which each subscription has an address', { style: 'hikvision' }],
  ['by HTTP Digest, with subscriptions told apart by a number', { auth: 'digest', style: 'axis' }],
  ['whose clock is wrong', { clockSkewMs: 86_400_000 }],
  ['that answers from behind a router', { namedHost: '10.99.99.99' }],
])('a camera %s', (_how, options) => {
  test('is heard to say that something moves, and that it is over', async () => {
    await using device = await startOnvifDevice({ ...options, credentials });
    await using heard = listen(cameraAt(device));
    await untilListening(heard);
    expect(heard.listener.isMoving()).toBe(false);

    device.say(notification({ data: { IsMotion: 'true' } }));
    await waitUntil('motion', () => heard.listener.isMoving());
    device.say(notification({ data: { IsMotion: 'false' } }));
    await waitUntil('its end', () => !heard.listener.isMoving());
    expect(heard.told).toEqual([true]);

    expect(device.stats().received).not.toContain('secret-word');
  });
});

test('a camera that is no longer listened to is told so', async () => {
  await using device = await startOnvifDevice({ credentials });
  const heard = listen(cameraAt(device));
  await untilListening(heard);
  await heard[Symbol.asyncDispose]();

  expect(device.stats()).toMatchObject({ subscriptions: 0, requests: { Unsubscribe: 1 } });
});

test('a camera that has nothing to say is asked again, and not without a rest', async () => {
  await using device = await startOnvifDevice({ credentials });
  await using heard = listen(cameraAt(device));
  await untilListening(heard);
  await waitUntil('three pulls', () => (device.stats().requests['PullMessages'] ?? 0) >= 3);

  expect(heard.states.map(({ status }) => status)).toEqual(['listening']);
  expect(device.stats().requests['CreatePullPointSubscription']).toBe(1);
});

/** Its durations pass 20 times as fast. */
const fastClock: Clock = { ...systemClock, monotonic: () => performance.now() * 20 };

test('a subscription is renewed before it ends', async () => {
  await using device = await startOnvifDevice({ credentials, subscriptionMs: 10_000 });
  await using heard = listen(cameraAt(device), fastClock);
  await waitUntil('two renewals', () => (device.stats().requests['Renew'] ?? 0) >= 2);

  expect(heard.states.map(({ status }) => status)).toEqual(['listening']);
});

test('a camera that knows no renewal is heard nevertheless', async () => {
  await using device = await startOnvifDevice({ credentials, subscriptionMs: 10_000, knowsRenewal: false });
  await using heard = listen(cameraAt(device), fastClock);
  await waitUntil('two renewals', () => (device.stats().requests['Renew'] ?? 0) >= 2);
  device.say(notification({}));

  await waitUntil('motion', () => heard.listener.isMoving());
  expect(heard.states.map(({ status }) => status)).toEqual(['listening']);
});

test('a camera that forgets the subscription is subscribed to anew, and its motion forgotten', async () => {
  await using device = await startOnvifDevice({ credentials });
  await using heard = listen(cameraAt(device));
  await untilListening(heard);
  device.say(notification({}));
  await waitUntil('motion', () => heard.listener.isMoving());
  device.restart();
  await waitUntil('the loss', () => heard.states.some(({ status }) => status === 'disconnected'));
  expect(heard.listener.isMoving()).toBe(false);
  await untilListening(heard);
  device.say(notification({}));

  await waitUntil('motion again', () => heard.listener.isMoving());
});

test('a refused password is said, and not tried in a row', async () => {
  await using device = await startOnvifDevice({ credentials });
  await using heard = listen(cameraAt(device, { password: 'wrong' }));
  const lost = await waitUntil('the loss', () =>
    heard.states.find(({ status }) => status === 'disconnected'),
  );

  expect(lost).toMatchObject({ cause: 'unauthorized', message: expect.stringContaining('did not accept') });
  expect(lost.message).not.toContain('wrong');
  expect(device.stats().refused).toBe(1);
});

test.each(['<not xml', '<a/>', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])(
  'a camera that suddenly answers %s is lost, and heard again when it has come to itself',
  async (body) => {
    await using device = await startOnvifDevice({ credentials });
    await using heard = listen(cameraAt(device));
    await untilListening(heard);
    device.setFault({ kind: 'body', body });
    await waitUntil('the loss', () => heard.listener.state.cause === 'invalid_data');
    device.setFault(null);

    await untilListening(heard);
  },
);

function moves(source: string): string {
  return notification({ source: { VideoSourceConfigurationToken: `${source}_conf` } });
}

describe('a recorder with two channels', () => {
  const channels: readonly ChannelOptions[] = [1, 2].map((number) => ({
    source: `src${number}`,
    profiles: [
      { token: `m${number}`, path: `/ch${number}/main`, encoding: 'H264', width: 1920, height: 1080 },
    ],
  }));
  test('is heard of the channel that is watched only', async () => {
    await using device = await startOnvifDevice({ credentials, channels });
    await using heard = listen(cameraAt(device, { url: 'rtsp://127.0.0.1:554/ch2/main' }));
    await untilListening(heard);
    device.say(moves('src1'));
    device.say(notification({ topic: 'tns1:Device/Trigger/Relay' }));
    const pulls = device.stats().requests['PullMessages'] ?? 0;
    await waitUntil('the next pull', () => (device.stats().requests['PullMessages'] ?? 0) > pulls);
    expect(heard.listener.isMoving()).toBe(false);

    device.say(moves('src2'));
    await waitUntil('motion', () => heard.listener.isMoving());
  });

  test('says that none of them has the address of the camera', async () => {
    await using device = await startOnvifDevice({ credentials, channels });
    await using heard = listen(cameraAt(device, { url: 'rtsp://127.0.0.1:554/elsewhere' }));

    await waitUntil('the cause', () => heard.listener.state.cause === 'not_found');
  });
});

test('a camera that hangs is left at once when nobody listens any more', async () => {
  await using device = await startOnvifDevice();
  device.setFault({ kind: 'hang' });
  const heard = listen(cameraAt(device));
  await heard[Symbol.asyncDispose]();

  expect(heard.listener.state.status).toBe('connecting');
});

test('a listener that waits for its next try tries at once when it is woken', async () => {
  await using device = await startOnvifDevice({ credentials });
  device.setFault({ kind: 'body', body: '<not xml' });
  // In its waits no time passes: without being woken it would never try again.
  const clock: Clock = {
    ...systemClock,
    sleep: (_ms, signal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          reject(new DOMException('woken', 'AbortError'));
        });
      }),
  };
  await using heard = listen(cameraAt(device), clock);
  await waitUntil('the loss', () => heard.listener.state.status === 'disconnected');
  device.setFault(null);

  heard.listener.wake();
  await untilListening(heard);
});
