import { expect, test } from 'vitest';
import { cameraInput, eventsOf, openCameraRig } from '../../test/support/camera-rig.ts';
import { makeMovingClip } from '../../test/support/moving-clip.ts';
import { makeClip } from '../../test/support/render-clip.ts';
import { startRtspServer } from '../../test/support/rtsp-server.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { waitUntil } from '../../test/support/wait-until.ts';

test.concurrent(
  'motion becomes an event with pictures in full resolution and the end of its episode',
  { timeout: 60_000 },
  async () => {
    await using dir = await makeTempDir();
    const clip = dir.file('moving.mp4');
    await makeMovingClip(clip, 1);
    await using parts = await openCameraRig(dir.file('data'));
    const { rig, cameras } = parts;
    const { camera: yard } = await cameras.create(cameraInput('Yard', clip));
    const event = await waitUntil(
      'an event whose episode has ended',
      async () => (await eventsOf(rig, yard.id)).find(({ endedAt }) => endedAt !== null),
      { timeoutMs: 40_000 },
    );
    expect(event).toMatchObject({ source: 'motion', cameraName: 'Yard' });
    expect(event.frames.length).toBeGreaterThan(1);
    for (const { width, height, path } of event.frames) {
      expect([width, height]).toEqual([640, 360]);
      expect((await rig.media.read(path)).length).toBeGreaterThan(1000);
    }
    // The block is in view for three seconds.
    expect((event.endedAt ?? 0) - event.startedAt).toBeGreaterThan(1500);
    expect((event.endedAt ?? 0) - event.startedAt).toBeLessThan(4500);
    expect(event.motion?.regions.length).toBeGreaterThan(0);
    expect(event.timings.captured).toBeGreaterThan(0);
  },
);

test.concurrent(
  'within the cooldown motion makes no event, is counted, and the scene is learnt all the same',
  { timeout: 60_000 },
  async () => {
    await using dir = await makeTempDir();
    const clip = dir.file('moving.mp4');
    await makeMovingClip(clip, 1);
    await using parts = await openCameraRig(dir.file('data'));
    const { rig, cameras } = parts;
    const { camera: yard } = await cameras.create(cameraInput('Yard', clip, { motionCooldown: 3600 }));
    await waitUntil(
      'a suppressed episode',
      async () => (await rig.metrics.snapshot()).episodesSuppressed.cooldown > 0,
      {
        timeoutMs: 50_000,
      },
    );
    expect(await eventsOf(rig, yard.id)).toHaveLength(1);
  },
);

test.concurrent(
  'a camera that is lost says why, comes back by itself, and disturbs no other',
  { timeout: 90_000 },
  async () => {
    await using dir = await makeTempDir();
    const clip = dir.file('moving.mp4');
    await makeMovingClip(clip, 1);
    await using lostServer = await startRtspServer();
    await using otherServer = await startRtspServer();
    await lostServer.addStream('/a', { clipPath: clip });
    await otherServer.addStream('/b', { clipPath: clip });
    await using parts = await openCameraRig(dir.file('data'));
    const { rig, cameras } = parts;
    const { camera: a } = await cameras.create(cameraInput('A', lostServer.url('/a')));
    const { camera: b } = await cameras.create(cameraInput('B', otherServer.url('/b')));
    const statusOf = (id: string) => cameras.get(id)?.state.status;
    await waitUntil(
      'both to stream',
      () => statusOf(a.id) === 'streaming' && statusOf(b.id) === 'streaming',
      {
        timeoutMs: 20_000,
      },
    );
    await lostServer.stop('reset');
    await waitUntil('the loss to be seen', () => statusOf(a.id) === 'disconnected', { timeoutMs: 20_000 });
    await waitUntil('the cause of the present', () => cameras.get(a.id)?.state.cause === 'refused', {
      timeoutMs: 20_000,
    });
    expect(cameras.get(a.id)?.state.message).not.toBeNull();
    expect(statusOf(b.id)).toBe('streaming');
    await lostServer.restart();
    await waitUntil('it to come back', () => statusOf(a.id) === 'streaming', { timeoutMs: 40_000 });
    const changes = rig.messages.filter(
      ({ message }) => message.type === 'CAMERA_STATUS_CHANGED' && message.cameraId === b.id,
    );
    expect(changes).toHaveLength(1);
    expect((await rig.metrics.snapshot()).cameraReconnects).toBeGreaterThan(0);
  },
);

test.concurrent(
  'a camera that is down at the start is taken up when it is there',
  { timeout: 60_000 },
  async () => {
    await using dir = await makeTempDir();
    const clip = dir.file('moving.mp4');
    await makeMovingClip(clip, 1);
    await using server = await startRtspServer();
    await server.addStream('/late', { clipPath: clip });
    await server.stop();
    await using parts = await openCameraRig(dir.file('data'));
    const { cameras } = parts;
    const { camera: late } = await cameras.create(cameraInput('Late', server.url('/late')));
    await waitUntil('the refusal', () => cameras.get(late.id)?.state.cause === 'refused', {
      timeoutMs: 20_000,
    });
    await server.restart();
    await waitUntil('it to stream', () => cameras.get(late.id)?.state.status === 'streaming', {
      timeoutMs: 40_000,
    });
  },
);

test.concurrent('a wrong password is said clearly, without the password', { timeout: 60_000 }, async () => {
  await using dir = await makeTempDir();
  const clip = dir.file('moving.mp4');
  await makeMovingClip(clip, 1);
  await using server = await startRtspServer();
  await server.addStream('/locked', {
    clipPath: clip,
    credentials: { username: 'eva', password: 'right-horse' },
  });
  await using parts = await openCameraRig(dir.file('data'));
  const { cameras } = parts;
  const { camera: locked } = await cameras.create(
    cameraInput('Locked', server.url('/locked'), { username: 'eva', password: 'wrong-horse' }),
  );
  const state = await waitUntil(
    'the cause',
    () => {
      const now = cameras.get(locked.id)?.state;
      return now?.cause === 'unauthorized' ? now : undefined;
    },
    { timeoutMs: 20_000 },
  );
  expect(JSON.stringify(state)).not.toContain('wrong-horse');
  await cameras.update(locked.id, { password: 'right-horse' });
  await waitUntil('it to stream', () => cameras.get(locked.id)?.state.status === 'streaming', {
    timeoutMs: 20_000,
  });
  await expect(cameras.test(cameraInput('Tried', server.url('/locked')))).rejects.toMatchObject({
    cameraCause: 'unauthorized',
  });
  const tried = await cameras.test(
    cameraInput('Tried', server.url('/locked'), { username: 'eva', password: 'right-horse' }),
  );
  expect(tried).toMatchObject({ info: { codec: 'h264', width: 640, height: 360 } });
  expect(tried.picture.jpeg.length).toBeGreaterThan(1000);
});

test.concurrent(
  'a decoder that is killed costs its camera a reconnect, and is counted',
  { timeout: 60_000 },
  async () => {
    await using dir = await makeTempDir();
    const clip = dir.file('moving.mp4');
    await makeMovingClip(clip, 1);
    await using parts = await openCameraRig(dir.file('data'));
    const { cameras, streams } = parts;
    const { camera: yard } = await cameras.create(cameraInput('Yard', clip));
    await waitUntil('it to stream', () => cameras.get(yard.id)?.state.status === 'streaming', {
      timeoutMs: 20_000,
    });
    const [pid] = streams.pids();
    process.kill(pid ?? 0, 'SIGKILL');
    await waitUntil('the loss to be seen', () => cameras.get(yard.id)?.state.cause === 'decoder_crashed');
    await waitUntil('it to stream again', () => cameras.get(yard.id)?.state.status === 'streaming', {
      timeoutMs: 20_000,
    });
    expect(streams.stats().hostRestarts).toBe(1);
  },
);

test.concurrent('analysing by hand captures what the camera sees now', { timeout: 60_000 }, async () => {
  await using dir = await makeTempDir();
  const clip = dir.file('moving.mp4');
  await makeMovingClip(clip, 1);
  await using parts = await openCameraRig(dir.file('data'));
  const { rig, cameras } = parts;
  const { camera: yard } = await cameras.create(cameraInput('Yard', clip));
  await waitUntil('it to stream', () => cameras.get(yard.id)?.state.status === 'streaming', {
    timeoutMs: 20_000,
  });
  const event = await cameras.analyze(yard.id);
  expect(event).toMatchObject({ source: 'manual', descriptionStatus: 'pending', cameraName: 'Yard' });
  expect(event.frames).toHaveLength(1);
  expect(rig.pipeline.queue.depth()).toBe(1);
  const preview = await cameras.preview(yard.id);
  expect([preview.width, preview.height]).toEqual([640, 360]);
});

test.concurrent(
  'a camera with two streams says both of them, and why one is away',
  { timeout: 60_000 },
  async () => {
    await using dir = await makeTempDir();
    const scene = { framesPerSecond: 10, seconds: 2 };
    await makeClip(dir.file('large.mp4'), { ...scene, width: 640, height: 360 }, { keyframeInterval: 10 });
    await makeClip(dir.file('small.mp4'), { ...scene, width: 320, height: 180 }, { keyframeInterval: 10 });
    await using server = await startRtspServer();
    await server.addStream('/large', { clipPath: dir.file('large.mp4') });
    await server.addStream('/small', { clipPath: dir.file('small.mp4') });
    await using parts = await openCameraRig(dir.file('data'));
    const { cameras } = parts;
    const input = cameraInput('Yard', server.url('/large'), { subUrl: server.url('/small') });
    const tested = await cameras.test(input);
    expect(tested).toMatchObject({
      info: { width: 640 },
      analysis: { width: 320 },
      picture: { width: 640, height: 360 },
    });

    const { camera: yard } = await cameras.create(input);
    const large = () => cameras.get(yard.id)?.state.streams?.pictures;
    const up = await waitUntil('the large stream', () => large(), { timeoutMs: 20_000 });
    expect(up).toMatchObject({ info: { codec: 'h264', width: 640, height: 360 }, loss: null });
    expect(cameras.get(yard.id)?.state.streams?.analysis).toMatchObject({ width: 320, height: 180 });

    server.setFault('/large', { kind: 'status', status: 404 });
    await expect(cameras.test(input)).rejects.toMatchObject({ cameraCause: 'not_found' });
    server.setFault('/large', { kind: 'reset' });
    await waitUntil('the loss', () => large()?.loss?.cause === 'reset', { timeoutMs: 20_000 });
    expect(cameras.get(yard.id)?.state).toMatchObject({ status: 'streaming', cause: null });
  },
);
