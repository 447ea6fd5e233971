import { describe, expect, test } from 'vitest';
import { startOnvifDevice, type OnvifDeviceOptions } from '../../../test/support/onvif-device.ts';
import type { ChannelOptions } from '../../../test/support/onvif-messages.ts';
import { systemClock } from '../../core/clock.ts';
import { serviceAtCamera, streamAtCamera } from './camera-address.ts';
import { readDeviceServices } from './device.ts';
import { pairStreams, readMediaStreams, type SourceStreams } from './media-profiles.ts';
import { SoapClient } from './soap-client.ts';

async function pairsOf(options: OnvifDeviceOptions): Promise<readonly SourceStreams[]> {
  await using device = await startOnvifDevice(options);
  const { signal } = new AbortController();
  const client = new SoapClient({
    deviceUrl: device.deviceUrl,
    username: null,
    password: null,
    clock: systemClock,
  });
  return pairStreams(await readMediaStreams(client, await readDeviceServices(client, signal), signal));
}

describe.each<[string, OnvifDeviceOptions, string]>([
  ['Media 2', {}, 'H265'],
  ['Media 1', { hasMedia2: false, style: 'hikvision' }, 'H264'],
  ['GetCapabilities only', { knowsGetServices: false, style: 'axis' }, 'H264'],
])('a camera with %s', (_what, options, encoding) => {
  test('has a large and a small stream', async () => {
    expect(await pairsOf(options)).toMatchObject([
      {
        videoSource: 'VideoSource_1',
        main: { encoding, width: 3840, height: 2160, framesPerSecond: 25 },
        sub: { encoding: 'H264', width: 640, height: 360 },
      },
    ]);
  });

  test('is reached where it was asked, without the credentials of its answer', async () => {
    const [pair] = await pairsOf({ ...options, hasMedia2: options.hasMedia2 ?? true });

    expect(pair?.main.url).toBe(
      'rtsp://127.0.0.1:554/Streaming/Channels/101?transportmode=unicast&profile=Profile_1',
    );
  });
});

function channel(number: number): ChannelOptions {
  return {
    source: `channel${number}`,
    profiles: [
      { token: `main${number}`, path: `/ch${number}/main`, encoding: 'H264', width: 1920, height: 1080 },
      { token: `sub${number}`, path: `/ch${number}/sub`, encoding: 'H264', width: 352, height: 288 },
    ],
  };
}

test('a recorder has a pair of streams for each of its channels', async () => {
  const pairs = await pairsOf({ channels: [channel(1), channel(2), channel(3)] });

  expect(pairs.map(({ sub }) => sub?.url)).toEqual([1, 2, 3].map((n) => `rtsp://127.0.0.1:554/ch${n}/sub`));
});

test('a camera with one stream has no small one', async () => {
  const profiles = [{ token: 'a', path: '/a', encoding: 'H264', width: 1280, height: 720 }] as const;

  expect(await pairsOf({ channels: [{ source: 's', profiles }] })).toMatchObject([{ sub: null }]);
});

test('the small stream is the smallest that is not tiny', async () => {
  const sizes = [
    [1920, 1080],
    [704, 576],
    [176, 144],
  ] as const;
  const profiles = sizes.map(([width, height]) => ({
    token: `${width}`,
    path: `/${width}`,
    encoding: 'H264' as const,
    width,
    height,
  }));

  expect(await pairsOf({ channels: [{ source: 's', profiles }] })).toMatchObject([{ sub: { width: 704 } }]);
});

describe('a camera that names its inner address', () => {
  const reached = new URL('http://cam.example:8080/onvif/device_service');

  test('keeps the host and port by which it was reached', () => {
    expect(serviceAtCamera('http://192.168.1.64/onvif/Media?x=1', reached)?.href).toBe(
      'http://cam.example:8080/onvif/Media?x=1',
    );
    expect(streamAtCamera('rtsp://admin:x@192.168.1.64:10554/s?a=1&amp;b=2', reached)).toBe(
      'rtsp://cam.example:10554/s?a=1&b=2',
    );
  });

  test('may have its services at another port', () => {
    expect(serviceAtCamera('http://cam.example:8899/events', reached)?.href).toBe(
      'http://cam.example:8899/events',
    );
  });

  test.each(['file:///etc/passwd', 'ftp://cam.example/', 'nonsense', '', 'rtsp:x'])(
    'can not name %s',
    (address) => {
      expect(serviceAtCamera(address, reached)).toBeUndefined();
      expect(streamAtCamera(address, reached)).toBeUndefined();
    },
  );

  test('has its services there in all that follows', async () => {
    const [pair] = await pairsOf({ namedHost: '10.99.99.99' });

    expect(pair?.main.url).toMatch(/^rtsp:\/\/127\.0\.0\.1:554\//);
  });
});
