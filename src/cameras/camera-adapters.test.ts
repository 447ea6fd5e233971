import { noVideo } from '../../test/fakes/no-video.ts';
import { defaultCameraSettings } from '../core/camera-settings.ts';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CameraSource, StreamOpener, StreamRequest } from '../core/camera-source.ts';
import type { Camera } from '../core/camera.ts';
import { systemClock } from '../core/clock.ts';
import type { CameraAdapter } from './camera-adapter.ts';
import { fileCamera } from './file-camera.ts';
import { hlsCamera } from './hls-camera.ts';
import { httpMjpegCamera } from './http-mjpeg-camera.ts';
import { httpSnapshotCamera } from './http-snapshot-camera.ts';
import { rtspCamera } from './rtsp-camera.ts';
import { syntheticCamera } from './synthetic-camera.ts';
import { usbCamera } from './usb-camera.ts';

/** In the order of the built-in ones: the first that accepts an address is taken. */
const adapters = [
  rtspCamera,
  hlsCamera,
  httpSnapshotCamera,
  httpMjpegCamera,
  usbCamera,
  syntheticCamera,
  fileCamera,
];

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
      ...noVideo,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
}

function requestOf(
  adapter: CameraAdapter,
  url: string,
  pacing: 'realtime' | 'fastest' = 'realtime',
): StreamRequest | undefined {
  const streams = new RecordingOpener();
  adapter.create({ camera: cameraOf(adapter, url), streams, clock: systemClock, pacing });
  return streams.requests[0];
}

function cameraOf(adapter: CameraAdapter, url: string): Camera {
  return {
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
}

describe('which adapter an address means', () => {
  test.each([
    ['rtsp://cam.local/stream', 'rtsp'],
    ['RTSPS://cam.local:322/stream', 'rtsp'],
    ['http://10.0.0.3/video.mjpg', 'http_mjpeg'],
    ['https://cam.local/mjpeg', 'http_mjpeg'],
    ['http://10.0.0.3/axis-cgi/mjpg/video.cgi', 'http_mjpeg'],
    ['http://10.0.0.3/image-quality/stream', 'http_mjpeg'],
    ['http://10.0.0.3:1984/api/stream.mjpeg?src=yard', 'http_mjpeg'],
    ['http://10.0.0.3/live/index.m3u8?token=a.jpg', 'hls'],
    ['HTTPS://cam.local/a.M3U8', 'hls'],
    ['http://10.0.0.3/snapshot.cgi?user=a', 'http_snapshot'],
    ['http://10.0.0.3/axis-cgi/jpg/image.cgi', 'http_snapshot'],
    ['http://10.0.0.3/ISAPI/Streaming/channels/101/picture', 'http_snapshot'],
    ['http://10.0.0.3/cgi-bin/api.cgi?cmd=Snap&channel=0', 'http_snapshot'],
    ['http://10.0.0.3/api/frame.jpeg?src=yard', 'http_snapshot'],
    ['http://10.0.0.3/tmpfs/auto.JPG', 'http_snapshot'],
    ['/dev/video0', 'usb'],
    ['/dev/v4l/by-id/usb-046d_C920-video-index0', 'usb'],
    ['usb:1?size=1280x720', 'usb'],
    ['synthetic:street', 'synthetic'],
    ['/videos/yard.mp4', 'file'],
    ['yard.mp4', 'file'],
    ['../a: strange name.mkv', 'file'],
    ['file:///videos/yard.mp4', 'file'],
    ['ftp://cam.local/yard.mp4', undefined],
    ['', undefined],
  ])('%s', (url, type) => {
    expect(adapters.find((adapter) => adapter.accepts(url))?.type).toBe(type);
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

test('of two streams of a camera the small one is analysed and the large one kept, with one password', () => {
  const camera = cameraOf(rtspCamera, 'rtsp://cam/1#transport=udp');
  const streams = new RecordingOpener();
  rtspCamera.create({
    camera: { ...camera, subUrl: 'rtsp://cam/2' },
    streams,
    clock: systemClock,
    pacing: 'realtime',
  });
  expect(streams.requests).toMatchObject([
    { url: 'rtsp://cam/2', purpose: 'analysis', transport: 'tcp', password: 'secret', cameraId: camera.id },
    { url: 'rtsp://cam/1', purpose: 'pictures', transport: 'udp', password: 'secret', cameraId: camera.id },
  ]);
});

test('a playlist is seen in its largest variant, and in its smallest where there is a second address', () => {
  const camera = cameraOf(hlsCamera, 'http://cam/a.m3u8');
  const streams = new RecordingOpener();
  const context = { streams, clock: systemClock, pacing: 'realtime' } as const;
  hlsCamera.create({ ...context, camera });
  hlsCamera.create({ ...context, camera: { ...camera, subUrl: camera.url } });
  expect(streams.requests.map(({ purpose, variant }) => [purpose, variant])).toEqual([
    ['analysis', 'largest'],
    ['analysis', 'smallest'],
    ['pictures', 'largest'],
  ]);
});

describe('a USB camera', () => {
  test.each([
    ['usb:0', '/dev/video0', { size: null, framesPerSecond: null, format: null }],
    ['/dev/v4l/by-id/usb-a:1-index0', '/dev/v4l/by-id/usb-a:1-index0', { size: null }],
    [
      '/dev/video2?size=1280x720&fps=15&format=mjpeg',
      '/dev/video2',
      { size: { width: 1280, height: 720 }, framesPerSecond: 15, format: 'mjpeg' },
    ],
  ])('%s', (url, path, capture) => {
    expect(usbCamera.url.safeParse(url).success).toBe(true);
    expect(requestOf(usbCamera, url)).toMatchObject({ protocol: 'usb', url: path, capture });
  });

  test.each([
    'usb:',
    'usb:cam',
    '/dev/../etc/passwd?x',
    '/dev/video0?size=big',
    '/dev/video0?fps=0',
    '/dev/video0?zoom=2',
    'video0',
  ])('refuses %s and says what is expected', (url) => {
    expect(usbCamera.url.safeParse(url).error?.issues[0]?.message).toMatch(/^expected .*\/dev\/video0/);
  });
});

test.each([
  [httpSnapshotCamera, 'rtsp://cam/1'],
  [hlsCamera, 'a.m3u8'],
  [syntheticCamera, 'synthetic:sea'],
  [fileCamera, 'synthetic:street'],
])('$type refuses $1', ({ url: schema }, url) => {
  expect(schema.safeParse(url).error?.issues[0]?.message).toMatch(/^expected /);
});
