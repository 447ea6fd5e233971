import { fileCamera } from '../../src/cameras/file-camera.ts';
import type { Camera } from '../../src/core/camera.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { VedetteEvent } from '../../src/core/event.ts';
import { silentLog } from '../../src/core/log.ts';
import { createMediaService } from '../../src/media/media-service.ts';
import { EpisodeWatch } from '../../src/pipeline/episode-watch.ts';
import type { PipelineRig } from './pipeline-rig.ts';

export interface WatchedEvent {
  /** From the start of the clip to the first moving frame. */
  readonly seconds: number;
  readonly event: VedetteEvent;
}

/** Plays the camera's recording once, as fast as it goes, under its settings; answers the events of this run in order. */
export async function watchClip(rig: PipelineRig, cameraId: string): Promise<WatchedEvent[]> {
  const camera = await cameraOf(rig, cameraId);
  const before = new Set((await eventsOf(rig, cameraId)).map(({ id }) => id));
  const [clock, log] = [systemClock, silentLog()];
  await using streams = createMediaService({ clock, log });
  await using source = fileCamera.create({ camera, streams, clock, pacing: 'fastest' });
  let base = 0;
  {
    await using watch = new EpisodeWatch({
      camera,
      source,
      capture: rig.pipeline.capture,
      events: rig.store.events,
      live: rig.live,
      metrics: rig.metrics,
      log,
      captureWindowMs: 1200,
      picturesPerEvent: 1,
      abort: rig.stop.abort,
      isLossless: true,
    });
    for await (const frame of source.open(rig.stop.abort)) {
      if (frame.sequence === 0) base = frame.capturedAt - frame.mediaTimeMs;
      if (frame.sample === undefined) throw new Error(`motion analysis failed: ${frame.failure}`);
      await watch.push(frame, frame.sample);
    }
  }
  return (await eventsOf(rig, cameraId))
    .filter(({ id }) => !before.has(id))
    .map((event) => ({ seconds: (event.startedAt - base) / 1000, event }));
}

async function cameraOf(rig: PipelineRig, id: string): Promise<Camera> {
  const camera = await rig.store.cameras.get(id);
  if (camera === undefined) throw new Error(`there is no camera ${id}`);
  return camera;
}

function eventsOf(rig: PipelineRig, cameraId: string): Promise<VedetteEvent[]> {
  return rig.store.events.walk({ cameraIds: [cameraId], limit: 500, sortOrder: 'asc' });
}
