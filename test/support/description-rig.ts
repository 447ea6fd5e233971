import { afterEach, beforeEach } from 'vitest';
import type { Camera } from '../../src/core/camera.ts';
import type { VedetteEvent } from '../../src/core/event.ts';
import { silentLog } from '../../src/core/log.ts';
import type { CapturedEvent, FinishOutcome, FinishRequest } from '../../src/store/event-store.ts';
import { openStore, type SqliteStore } from '../../src/store/open-store.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { exampleCamera, exampleCapture, exampleDescription, exampleTime } from './store-examples.ts';
import { makeTempDir, type TempDir } from './temp-dir.ts';

export const done = (text: string, change = {}): FinishOutcome => ({
  status: 'done',
  description: exampleDescription(text, change),
});
export const failed: FinishOutcome = { status: 'failed', reason: 'DESCRIBE_TIMEOUT: too late' };

/** A store with one camera; new for every test. */
export interface DescriptionRig {
  readonly dir: TempDir;
  readonly clock: FakeClock;
  readonly store: SqliteStore;
  readonly camera: Camera;
  /** Resolves to the event's id. */
  capture: (change?: Partial<CapturedEvent>) => Promise<string>;
  finish: (
    eventId: string,
    outcome: FinishOutcome,
    change?: Partial<FinishRequest>,
  ) => Promise<VedetteEvent | undefined>;
}

/** To be called once, beside the tests of a file. */
export function descriptionRig(): DescriptionRig {
  let dir: TempDir;
  let clock: FakeClock;
  let store: SqliteStore;
  let camera: Camera;

  beforeEach(async () => {
    dir = await makeTempDir();
    clock = new FakeClock(exampleTime);
    store = await openStore({ dataDir: dir.path, log: silentLog(), clock });
    camera = await store.cameras.create(exampleCamera());
  });

  afterEach(async () => {
    await store[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  return {
    get dir() {
      return dir;
    },
    get clock() {
      return clock;
    },
    get store() {
      return store;
    },
    get camera() {
      return camera;
    },
    async capture(change = {}) {
      const event = exampleCapture(camera.id, change);
      await store.events.capture(event);
      return event.id;
    },
    finish: (eventId, outcome, change = {}) =>
      store.events.finish({ eventId, outcome, timings: {}, deliverTo: [], ...change }),
  };
}
