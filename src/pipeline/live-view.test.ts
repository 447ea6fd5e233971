import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { initChunk, mediaChunk, ScriptedVideo } from '../../test/fakes/scripted-video.ts';
import { exampleCamera } from '../../test/support/store-examples.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import { CameraLostError, type CameraSource } from '../core/camera-source.ts';
import { defaultCameraSettings } from '../core/camera-settings.ts';
import type { LiveChunk } from '../core/camera-video.ts';
import type { Camera } from '../core/camera.ts';
import { AppError } from '../core/errors.ts';
import { LiveView, type LiveViewer } from './live-view.ts';

const camera: Camera = {
  ...defaultCameraSettings,
  isLocalOnly: false,
  promptAddition: null,
  maxEventsPerHour: null,
  ...exampleCamera({ name: 'Yard' }),
  id: 'yard',
  createdAt: 0,
  updatedAt: 0,
};

class Viewer implements LiveViewer {
  readonly chunks: LiveChunk[] = [];
  readonly ends: (string | undefined)[] = [];

  onChunk(chunk: LiveChunk): void {
    this.chunks.push(chunk);
  }

  onEnd(error?: AppError): void {
    this.ends.push(error?.code);
  }

  /** `i` for an init, `K` for a key frame, `p` for any other picture. */
  get seen(): string {
    return this.chunks.map((chunk) => (chunk.kind === 'init' ? 'i' : chunk.isKeyframe ? 'K' : 'p')).join('');
  }

  async sees(what: string): Promise<void> {
    await waitUntil(what, () => this.seen === what);
  }
}

interface Rig {
  readonly view: LiveView;
  readonly clock: FakeClock;
  source: CameraSource | undefined;
}

function openRig(source?: CameraSource, change: Partial<Camera> = {}): Rig {
  const clock = new FakeClock();
  const rig: Rig = {
    clock,
    source,
    view: new LiveView({ ...camera, ...change }, () => rig.source, clock),
  };
  return rig;
}

const [key, other] = [mediaChunk(true), mediaChunk(false)];

test('the video is read once for all who watch, and only while somebody does', async () => {
  const video = new ScriptedVideo();
  const { view } = openRig(video);
  const [first, second] = [new Viewer(), new Viewer()];
  expect(video.readings).toBe(0);
  const leaveFirst = view.watch(first);
  const leaveSecond = view.watch(second);
  video.show(initChunk(), key, other);
  await first.sees('iKp');
  await second.sees('iKp');
  expect(video.readings).toBe(1);
  leaveFirst();
  video.show(other);
  await second.sees('iKpp');
  expect(first.seen).toBe('iKp');
  leaveSecond();
  await waitUntil('the reading to end', () => !video.isRead);
  view.watch(first);
  await waitUntil('another one', () => video.readings === 2);
});

test('who comes later begins with the last key frame, at once', async () => {
  const video = new ScriptedVideo();
  const { view } = openRig(video);
  const early = new Viewer();
  view.watch(early);
  video.show(initChunk(), key, other, other, key, other);
  await early.sees('iKppKp');
  const late = new Viewer();
  view.watch(late);
  expect(late.seen).toBe('iKp');
  video.show(other, key);
  await late.sees('iKppK');
});

test('who comes when too much would have to be kept waits for the next key frame', async () => {
  const video = new ScriptedVideo();
  const { view } = openRig(video);
  const early = new Viewer();
  view.watch(early);
  video.show(initChunk(), mediaChunk(true, 5 << 20), mediaChunk(false, 5 << 20));
  await early.sees('iKp');
  const late = new Viewer();
  view.watch(late);
  video.show(other, key, other);
  await early.sees('iKppKp');
  expect(late.seen).toBe('iKp');
});

test('a camera that was lost is shown anew when it is back', async () => {
  const video = new ScriptedVideo();
  const rig = openRig(video);
  const viewer = new Viewer();
  rig.view.watch(viewer);
  video.show(initChunk(), key);
  await viewer.sees('iK');
  rig.source = undefined;
  video.end(new CameraLostError('reset', 'gone'));
  await rig.clock.waitForSleepers(1);
  await rig.clock.advance(5000);
  // Who comes meanwhile is not shown what is over.
  const late = new Viewer();
  rig.view.watch(late);
  expect(late.seen).toBe('');
  const back = new ScriptedVideo();
  rig.source = back;
  await rig.clock.advance(1000);
  back.show(initChunk(), key);
  await viewer.sees('iKiK');
  await late.sees('iK');
  expect(viewer.ends).toEqual([]);
});

test('video that browsers can not play ends with the reason, once', async () => {
  const video = new ScriptedVideo();
  const { view } = openRig(video);
  const viewer = new Viewer();
  view.watch(viewer);
  video.end(new AppError('LIVE_NOT_PLAYABLE', 'it is MJPEG'));
  await waitUntil('the end', () => viewer.ends.length > 0);
  expect(viewer.ends).toEqual(['LIVE_NOT_PLAYABLE']);
  expect(video.readings).toBe(1);
});

test('a camera with privacy masks shows no video of its own', () => {
  const video = new ScriptedVideo();
  const mask = [
    [0, 0],
    [1, 0],
    [1, 1],
  ] as const;
  const { view } = openRig(video, { privacyMasks: [mask] });
  expect(() => view.watch(new Viewer())).toThrow(/privacy masks.*\/api\/v1\/cameras\/yard\/stream/);
  expect(video.readings).toBe(0);
});

test('who watches is told when the camera is changed or removed', async () => {
  const video = new ScriptedVideo();
  const { view } = openRig(video);
  const viewer = new Viewer();
  view.watch(viewer);
  await waitUntil('the reading', () => video.isRead);
  await view.close();
  expect(viewer.ends).toEqual([undefined]);
  expect(video.isRead).toBe(false);
});
