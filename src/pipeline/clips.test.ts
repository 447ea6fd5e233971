import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cameraInput, eventsOf, openCameraRig, type CameraRig } from '../../test/support/camera-rig.ts';
import { makeMovingClip } from '../../test/support/moving-clip.ts';
import { probeStream } from '../../test/support/probe-stream.ts';
import { startRtspServer } from '../../test/support/rtsp-server.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { EventClip, VedetteEvent } from '../core/event.ts';

const clip = { isEnabled: true, beforeMs: 4000, afterMs: 1500 };

async function eventWithClip(
  { rig }: CameraRig,
  cameraId: string,
): Promise<VedetteEvent & { readonly clip: EventClip }> {
  return waitUntil(
    'an event with a clip',
    async () => {
      const event = (await eventsOf(rig, cameraId)).find((each) => each.clip?.status === 'ready');
      return event?.clip == null ? undefined : { ...event, clip: event.clip };
    },
    { timeoutMs: 60_000 },
  );
}

/** Of the scene of `makeMovingClip`: the block is by far the brightest thing in it. */
async function brightestByTime(dir: TempDir, path: string): Promise<{ ms: number; brightest: number }[]> {
  const { frames } = await probeStream(dir.file(`data/${path}`), { frames: 1000 });
  return frames.map(({ ptsMs, lumaRange }) => ({ ms: ptsMs ?? Number.NaN, brightest: lumaRange[1] }));
}

function isMoving({ brightest }: { readonly brightest: number }): boolean {
  return brightest > 170;
}

test.concurrent(
  'the clip of an event begins before the motion and goes on after it',
  { timeout: 90_000 },
  async () => {
    await using dir = await makeTempDir();
    await makeMovingClip(dir.file('moving.mp4'), 1);
    await using server = await startRtspServer();
    await server.addStream('/yard', { clipPath: dir.file('moving.mp4') });
    await using parts = await openCameraRig(dir.file('data'));
    const { camera } = await parts.cameras.create(cameraInput('Yard', server.url('/yard'), { clip }));
    const event = await eventWithClip(parts, camera.id);
    const { startedAt, endedAt } = event.clip;
    if (startedAt === null || endedAt === null || event.endedAt === null) throw new Error('It has no times.');
    expect(startedAt).toBeLessThanOrEqual(event.startedAt - clip.beforeMs);
    // The end of an episode is known only after a while; what was written by then stays.
    expect(endedAt).toBeGreaterThan(event.endedAt + clip.afterMs - 150);
    expect(endedAt).toBeLessThan(event.endedAt + clip.afterMs + 3000);

    const shown = await brightestByTime(dir, event.clip.path);
    // A still scene, then the block for three seconds, and a still scene again when it has gone.
    const firstMs = shown.find(isMoving)?.ms ?? 0;
    expect(firstMs).toBeGreaterThan(1500);
    expect(firstMs).toBeLessThanOrEqual(event.startedAt - startedAt);
    expect(shown.filter(isMoving).length).toBeGreaterThan(20);
    expect(shown.slice(-8).filter(isMoving)).toEqual([]);
    expect(parts.rig.messages.map(({ message }) => message)).toContainEqual({
      type: 'EVENT_UPDATED',
      event: expect.objectContaining({ id: event.id, clip: event.clip }),
    });
  },
);

test.concurrent(
  'an event made by hand has a clip, and one whose camera is deleted in the middle keeps what there is',
  { timeout: 90_000 },
  async () => {
    await using dir = await makeTempDir();
    await makeMovingClip(dir.file('moving.mp4'), 1);
    await using server = await startRtspServer();
    await server.addStream('/yard', { clipPath: dir.file('moving.mp4') });
    await using parts = await openCameraRig(dir.file('data'));
    const long = { ...clip, afterMs: 30_000 };
    const { camera } = await parts.cameras.create(
      cameraInput('Yard', server.url('/yard'), { clip: long, motionCooldown: 3600 }),
    );
    await waitUntil('the camera', () => parts.cameras.get(camera.id)?.state.status === 'streaming', {
      timeoutMs: 20_000,
    });
    const event = await parts.cameras.analyze(camera.id);
    await waitUntil('the clip', async () => (await parts.rig.store.events.get(event.id))?.clip != null);
    await waitUntil(
      'a second of it',
      () => (parts.cameras.get(camera.id)?.state.lastFrameAt ?? 0) > event.startedAt + 1000,
    );
    await parts.cameras.delete(camera.id);
    // Whoever deletes a camera waits for its clips.
    const stored = await parts.rig.store.events.get(event.id);
    expect(stored?.clip?.status).toBe('ready');
    expect(existsSync(dir.file(`data/${stored?.clip?.path}`))).toBe(true);
    expect((await brightestByTime(dir, stored?.clip?.path ?? '')).length).toBeGreaterThan(8);
  },
);
