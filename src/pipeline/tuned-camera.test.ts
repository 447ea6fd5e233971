import { expect, test } from 'vitest';
import { createScriptedChain } from '../../test/fakes/scripted-chain.ts';
import { openPipelineRig } from '../../test/support/pipeline-rig.ts';
import { makeClip, type SceneObject } from '../../test/support/render-clip.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { watchClip, type WatchedEvent } from '../../test/support/watch-clip.ts';
import { systemClock } from '../core/clock.ts';
import { createTuningDesk } from './tuning-desk.ts';

const [width, height] = [320, 180];
/** Seconds from one motion to the next: the episode before it has closed. */
const every = 8;

/** Somebody crosses the lower half, or a branch bends in the upper right corner. */
const turns = ['person', 'branch', 'branch', 'person', 'branch'];
const objects = turns.map((turn, index): SceneObject => {
  const from = 7 + index * every;
  const lift = index * 3;
  return turn === 'person'
    ? {
        from,
        to: from + 3.5,
        size: [16, 44],
        path: [
          [10, 120 + lift],
          [310, 120 + lift],
        ],
      }
    : {
        from,
        to: from + 3,
        size: [26, 20],
        path: [
          [235, 24 + lift],
          [295, 30 + lift],
        ],
        colour: [230, 220, 60],
      };
});

/** Which of the objects it was. */
function turnOf({ seconds }: WatchedEvent): number {
  return objects.findIndex(({ from, to }) => seconds >= from - 0.5 && seconds <= to + 0.5);
}

test('what is marked as false motion leads to a zone, with which it is gone and people still make events', async () => {
  await using dir = await makeTempDir();
  const url = dir.file('yard.mp4');
  await makeClip(url, {
    width,
    height,
    framesPerSecond: 5,
    seconds: 7 + turns.length * every,
    noise: 3,
    objects,
  });
  await using rig = await openPipelineRig({ dataDir: dir.path, chain: createScriptedChain(() => 'x') });
  const camera = await rig.store.cameras.update(rig.camera.id, { url, motionCooldown: 0 });
  const first = await watchClip(rig, rig.camera.id);
  expect(first.map(turnOf)).toEqual([0, 1, 2, 3, 4]);

  // Two of three branches are marked, and one of the people.
  for (const { event } of [first[1], first[2]].filter((watched) => watched !== undefined))
    await rig.store.events.annotate(event.id, { userFeedback: 'false_motion' });
  await rig.store.events.annotate(first[0]?.event.id ?? '', { userFeedback: 'correct' });
  const desk = createTuningDesk({ events: rig.store.events, clock: systemClock });
  if (camera === undefined) throw new Error('the camera is gone');
  const { proposals, counts } = await desk.propose(camera);
  expect(counts).toMatchObject({ total: 5, falseMotion: 2, true: 1, withoutEvidence: 0 });
  const [zone] = proposals;
  expect(zone).toMatchObject({
    kind: 'zone',
    removedFalse: [first[2]?.event.id, first[1]?.event.id],
    lost: [],
    unknown: 0,
  });
  // The third branch is to go, too; that is what it says of it.
  expect(zone?.removedUnmarked).toEqual([first[4]?.event.id]);

  await rig.store.cameras.update(camera.id, zone?.change ?? {});
  const second = await watchClip(rig, camera.id);
  expect(second.map(turnOf)).toEqual([0, 3]);
});
