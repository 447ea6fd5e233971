import { defaultCameraSettings } from '../core/camera-settings.ts';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CameraSource, StreamOpener, StreamRequest } from '../core/camera-source.ts';
import type { Camera } from '../core/camera.ts';
import { systemClock } from '../core/clock.ts';
import type { CameraAdapter } from './camera-adapter.ts';
import { fileCamera } from './file-camera.ts';
import { httpMjpegCamera } from './http-mjpeg-camera.ts';
import { rtspCamera } from './rtsp-camera.ts';

const adapters = [rtspCamera, httpMjpegCamera, fileCamera];

/** Stands in for the decoder behind its port: remembers what it was asked to open. */
class RecordingOpener implements StreamOpener {
  readonly requests: StreamRequest[] = [];

  openStream(request: StreamRequest): CameraSource {
    this.requests.push(request);
    return {
      // oxlint-disable-next-line require-yield -- a stream without frames
      async *open() {
        return;
      },
      masks: request.masks,
      info: undefined,
      pictureStream: undefined,
      pictures: () => Promise.resolve([]),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
}

function requestOf(
  adapter: CameraAdapter,
  url: string,
  pacing: 'realtime' | 'fastest' = 'realtime',
): StreamRequest | undefined {
  const camera: Camera = {
    id: '019a0000-0000-7000-8000-000000000000',
    name: 'yard',
    type: adapter.type,
    url,
    username: 'me',
    password: 'secret',
    frameRate: 7,
    isEnabled: true,
    motionSensitivity: 'medium',
    motionCooldown: 60,
    isLocalOnly: false,
    promptAddition: null,
    maxEventsPerHour: null,
    ...defaultCameraSettings,
    origin: 'api',
    createdAt: 0,
    updatedAt: 0,
  };
  const streams = new RecordingOpener();
  adapter.create({ camera, streams, clock: systemClock, pacing });
  return streams.requests[0];
}

describe('which adapter an address means', () => {
  test.each([
    ['rtsp://cam.local/stream', 'rtsp'],
    ['RTSPS://cam.local:322/stream', 'rtsp'],
    ['http://10.0.0.3/video.mjpg', 'http_mjpeg'],
    ['https://cam.local/mjpeg', 'http_mjpeg'],
    ['/videos/yard.mp4', 'file'],
    ['yard.mp4', 'file'],
    ['../a: strange name.mkv', 'file'],
    ['file:///videos/yard.mp4', 'file'],
    ['ftp://cam.local/yard.mp4', undefined],
    ['', undefined],
  ])('%s', (url, type) => {
    expect(adapters.filter((adapter) => adapter.accepts(url)).map((adapter) => adapter.type)).toEqual(
      type === undefined ? [] : [type],
    );
  });
});

describe('an RTSP camera', () => {
  test('comes over TCP unless the address ends in #transport=udp, which is not sent', () => {
    expect(requestOf(rtspCamera, 'rtsp://cam/1?a=b')).toMatchObject({
      transport: 'tcp',
      url: 'rtsp://cam/1?a=b',
    });
    expect(requestOf(rtspCamera, 'rtsp://cam/1#transport=tcp')).toMatchObject({
      transport: 'tcp',
      url: 'rtsp://cam/1',
    });
    expect(requestOf(rtspCamera, 'rtsp://cam/1?a=b#transport=udp')).toMatchObject({
      transport: 'udp',
      url: 'rtsp://cam/1?a=b',
    });
  });

  test('passes its credentials and its frame rate on', () => {
    expect(requestOf(rtspCamera, 'rtsp://cam/1')).toMatchObject({
      name: 'yard',
      username: 'me',
      password: 'secret',
      frameRate: 7,
    });
  });

  test.each(['http://cam/1', 'rtsp://', 'rtsp:cam', 'cam', 'rtsp://cam/1#transport=quic', 'rtsp://cam/1#x'])(
    'refuses %s and says what is expected',
    (url) => {
      const { error } = rtspCamera.url.safeParse(url);
      expect(error?.issues[0]?.message).toMatch(/^expected .*rtsp:\/\//);
    },
  );
});

describe('a recording', () => {
  test('is looked for from the working directory on, or where its URL says', () => {
    expect(requestOf(fileCamera, 'a/b.mp4')?.url).toBe(resolve('a/b.mp4'));
    expect(requestOf(fileCamera, '/a/b.mp4')?.url).toBe('/a/b.mp4');
    expect(requestOf(fileCamera, 'file:///a/b%20c.mp4')?.url).toBe('/a/b c.mp4');
  });

  test('plays in a loop as a camera, and once when it is scanned', () => {
    expect(requestOf(fileCamera, '/a.mp4', 'realtime')).toMatchObject({
      isLooping: true,
      pacing: 'realtime',
    });
    expect(requestOf(fileCamera, '/a.mp4', 'fastest')).toMatchObject({ isLooping: false, pacing: 'fastest' });
  });

  test.each(['file://host/share/a.mp4', 'rtsp://cam/1', ''])('refuses %s', (url) => {
    expect(fileCamera.url.safeParse(url).success).toBe(false);
  });
});

test('an MJPEG camera takes HTTP addresses only', () => {
  expect(httpMjpegCamera.url.safeParse('https://cam/video').success).toBe(true);
  expect(httpMjpegCamera.url.safeParse('rtsp://cam/video').success).toBe(false);
});
