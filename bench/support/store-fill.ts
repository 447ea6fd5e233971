import type { Store } from '../../src/store/event-store.ts';
import { exampleCamera } from '../../test/support/store-examples.ts';
import { eventTimes, makeEvent, type MadeEvent } from './store-events.ts';

const cameraNames = [
  'Front door',
  'Street',
  'Drive',
  'Back garden',
  'Gate',
  'Garage',
  'Terrace',
  'Side path',
  'Workshop',
  'Stable',
  'Roof',
  'Cellar',
];
/** Captures in flight at once: those that wait behind each other share a transaction. */
const inFlight = 200;

export async function makeCameras(store: Store): Promise<string[]> {
  const known = await store.cameras.list();
  if (known.length > 0)
    return cameraNames.flatMap((name) => known.find((camera) => camera.name === name)?.id ?? []);
  const ids: string[] = [];
  for (const name of cameraNames) ids.push((await store.cameras.create(exampleCamera({ name }))).id);
  return ids;
}

/** Through the store as the service uses it, with what people do to events afterwards. */
export async function fillStore(
  store: Store,
  random: () => number,
  count: number,
  onProgress: (done: number) => void,
): Promise<void> {
  const cameraIds = await makeCameras(store);
  let batch: MadeEvent[] = [];
  let done = 0;
  for (const time of eventTimes(random, count)) {
    batch.push(makeEvent(random, cameraIds, time));
    if (batch.length < inFlight) continue;
    await storeBatch(store, random, batch);
    done += batch.length;
    batch = [];
    onProgress(done);
  }
  await storeBatch(store, random, batch);
}

async function storeBatch(store: Store, random: () => number, batch: readonly MadeEvent[]): Promise<void> {
  await Promise.all(batch.map(({ captured }) => store.events.capture(captured)));
  for (const { captured, ends } of batch) {
    if (ends === 'failed' || ends === 'skipped') {
      const outcome = { status: ends, reason: ends === 'failed' ? 'DESCRIBE_TIMEOUT' : 'overload' } as const;
      await store.events.finish({ eventId: captured.id, outcome, timings: {}, deliverTo: [] });
    }
    if (random() < 0.005) {
      await store.events.annotate(captured.id, {
        userFeedback: random() < 0.6 ? 'correct' : random() < 0.5 ? 'wrong' : 'false_motion',
        isStarred: random() < 0.3,
        ...(random() < 0.3 && { note: 'Told the neighbours of the parcel' }),
      });
    }
  }
}
