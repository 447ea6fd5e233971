import { expect, test } from 'vitest';
import { createScriptedChain, scriptedDescription } from '../../test/fakes/scripted-chain.ts';
import { openPipelineRig } from '../../test/support/pipeline-rig.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { Notifier } from '../notify/notifier.ts';
import type { LateAnswer } from '../vision/describe-chain.ts';

const target: Notifier = { name: 'hook', notify: () => Promise.resolve() };

/** Answers what the text says is seen: `dog, car`; nothing for an empty one. */
function seen(labels: string) {
  const objects = labels === '' ? [] : labels.split(', ');
  return { ...scriptedDescription(`Seen: ${labels}.`), objects };
}

test('nobody is told of a motion event without a wanted label; it is kept, described and counted', async () => {
  await using dir = await makeTempDir();
  const shown = new Map<number, string>();
  const chain = createScriptedChain(({ startedAt }) => ({
    first: seen(shown.get(startedAt) ?? ''),
    attempts: [],
    sameAs: null,
  }));
  await using rig = await openPipelineRig({ dataDir: dir.path, chain, notifiers: [target] });
  await rig.store.cameras.update(rig.camera.id, { labels: ['person', 'animal'] });
  const workers = rig.pipeline.runWorkers(rig.stop);
  const told: string[] = [];
  for (const [index, [labels, isTold]] of (
    [
      ['', false],
      ['car', false],
      ['car, person', true],
      ['dog', true],
    ] as const
  ).entries()) {
    const startedAt = Date.now() + index;
    shown.set(startedAt, labels);
    const { id } = await rig.capture({ startedAt });
    const event = await waitUntil('the description', async () => {
      const now = await rig.store.events.get(id);
      return now?.descriptionStatus === 'done' ? now : undefined;
    });
    expect(event).toMatchObject({
      description: `Seen: ${labels}.`,
      descriptionReason: isTold ? null : 'labels',
    });
    if (isTold) told.push(id);
  }
  // What is asked for by hand is told whatever it shows.
  const byHand = await rig.capture({ source: 'manual', motion: null });
  await waitUntil(
    'the last one',
    async () => (await rig.store.events.get(byHand.id))?.descriptionStatus === 'done',
  );
  const { deliveries } = await rig.store.deliveries.list({ limit: 50, offset: 0 });
  expect(deliveries).toHaveLength(3);
  expect(new Set(deliveries.map(({ eventId }) => eventId))).toEqual(new Set([...told, byHand.id]));
  expect(await rig.store.events.undescribed({ limit: 10, newestFirst: true })).toEqual([]);
  expect((await rig.metrics.snapshot()).eventsDropped).toMatchObject([
    { camera: 'Yard', reason: 'labels', count: 2 },
  ]);
  rig.stop.requestDrain();
  await workers;
});

test('a better description that shows what is wanted is told', async () => {
  await using dir = await makeTempDir();
  const late = Promise.withResolvers<LateAnswer>();
  const chain = createScriptedChain(() => ({
    first: seen(''),
    attempts: [],
    sameAs: null,
    better: late.promise,
  }));
  await using rig = await openPipelineRig({ dataDir: dir.path, chain, notifiers: [target] });
  await rig.store.cameras.update(rig.camera.id, { labels: ['person'] });
  const workers = rig.pipeline.runWorkers(rig.stop);
  const { id } = await rig.capture();
  await waitUntil(
    'the first one',
    async () => (await rig.store.events.get(id))?.descriptionReason === 'labels',
  );
  late.resolve({ description: seen('person'), attempts: [] });
  await waitUntil(
    'the better one',
    async () => (await rig.store.events.get(id))?.description === 'Seen: person.',
  );
  expect(await rig.store.events.get(id)).toMatchObject({
    descriptionStatus: 'done',
    descriptionReason: null,
  });
  expect(await rig.store.deliveries.list({ limit: 5, offset: 0 })).toMatchObject({ totalCount: 1 });
  rig.stop.requestDrain();
  await workers;
});
