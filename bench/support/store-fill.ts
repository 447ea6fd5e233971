import type { EventAnnotation, Store } from '../../src/store/event-store.ts';
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

/**
 * Through the store as the service uses it, with what people do to events afterwards. A fill that was cut off goes on
 * where it was: the same seed makes the same events, and those that are stored are passed by.
 *
 * @param stored how many events the store holds already
 */
export async function fillStore(
  store: Store,
  random: () => number,
  { count, stored, onProgress }: { count: number; stored: number; onProgress: (done: number) => void },
): Promise<void> {
  const cameraIds = await makeCameras(store);
  let batch: FilledEvent[] = [];
  let done = 0;
  for (const time of eventTimes(random, count)) {
    batch.push({ ...makeEvent(random, cameraIds, time), annotation: makeAnnotation(random) });
    done += 1;
    if (batch.length < inFlight && done < count) continue;
    // The batch that was cut off is stored again: what is there already stays as it is.
    if (done >= stored) await storeBatch(store, batch);
    batch = [];
    onProgress(done);
  }
}

interface FilledEvent extends MadeEvent {
  readonly annotation: EventAnnotation | undefined;
}

function makeAnnotation(random: () => number): EventAnnotation | undefined {
  if (random() >= 0.005) return undefined;
  return {
    userFeedback: random() < 0.6 ? 'correct' : random() < 0.5 ? 'wrong' : 'false_motion',
    isStarred: random() < 0.3,
    ...(random() < 0.3 && { note: 'Told the neighbours of the parcel' }),
  };
}

async function storeBatch(store: Store, batch: readonly FilledEvent[]): Promise<void> {
  await Promise.all(batch.map(({ captured }) => store.events.capture(captured)));
  const later: Promise<unknown>[] = [];
  for (const { captured, ends, annotation } of batch) {
    if (ends === 'failed' || ends === 'skipped') {
      const outcome = { status: ends, reason: ends === 'failed' ? 'DESCRIBE_TIMEOUT' : 'overload' } as const;
      later.push(store.events.finish({ eventId: captured.id, outcome, timings: {}, deliverTo: [] }));
    }
    if (annotation !== undefined) later.push(store.events.annotate(captured.id, annotation));
  }
  await Promise.all(later);
}
