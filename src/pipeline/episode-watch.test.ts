import { expect, test } from 'vitest';
import { createScriptedChain } from '../../test/fakes/scripted-chain.ts';
import { createScriptedSource } from '../../test/fakes/scripted-camera.ts';
import { openPipelineRig } from '../../test/support/pipeline-rig.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { systemClock } from '../core/clock.ts';
import { silentLog } from '../core/log.ts';
import { EpisodeWatch } from './episode-watch.ts';

test.each([
  { how: 'a little early', frameMs: 199, lastMs: 995 },
  { how: 'a little late', frameMs: 201, lastMs: 1005 },
])(
  'the pictures are chosen at the frame nearest to the end of the window: $how',
  async ({ frameMs, lastMs }) => {
    await using dir = await makeTempDir();
    await using rig = await openPipelineRig({ dataDir: dir.path, chain: createScriptedChain(() => 'x.') });
    const startedAt = Date.parse('2026-06-01T10:00:00Z');
    {
      await using episodes = new EpisodeWatch({
        camera: { ...rig.camera, frameRate: 5 },
        source: createScriptedSource(systemClock, () => ({ seconds: 0, end: 'silence' })),
        capture: rig.pipeline.capture,
        events: rig.store.events,
        live: rig.live,
        metrics: rig.metrics,
        log: silentLog(),
        captureWindowMs: 1000,
        picturesPerEvent: 1,
        abort: rig.stop.abort,
        isLossless: true,
      });
      for (let index = 0; index < 20; index += 1) {
        const sample = {
          capturedAt: startedAt + index * frameMs,
          mediaTimeMs: index * frameMs,
          isMotion: true,
          score: 0.5,
          regions: [],
          zones: [],
          reason: 'motion' as const,
          // The later, the better: the last frame of the window is chosen.
          quality: 0.3 + index * 0.03,
        };
        await episodes.push(
          { ...sample, sequence: index, width: 64, height: 36, gray: new Uint8Array(64 * 36) },
          sample,
        );
      }
    }
    const { events } = await rig.store.events.list({ limit: 10, offset: 0, sortOrder: 'asc' });
    expect(events[0]?.frames.map(({ capturedAt }) => capturedAt - startedAt)).toEqual([lastMs]);
  },
);
