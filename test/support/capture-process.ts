import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { openStore } from '../../src/store/open-store.ts';
import { exampleCamera, exampleCapture, exampleDescription } from './store-examples.ts';

/**
 * Captures events into the folder of its first argument until it is killed, and finishes every third one. Says each
 * step on a line of its own, but only once the store has promised it: `captured <id>`, `finished <id>`.
 */
const [, , dataDir = ''] = process.argv;
const store = await openStore({ dataDir, log: silentLog(), clock: systemClock });
const [known] = await store.cameras.list();
const camera = known ?? (await store.cameras.create(exampleCamera()));

async function captureForEver(): Promise<never> {
  for (let count = 0; ; count += 1) {
    const event = exampleCapture(camera.id, { timestamp: systemClock.now() });
    await store.events.capture(event);
    process.stdout.write(`captured ${event.id}\n`);
    if (count % 3 !== 0) continue;
    const outcome = { status: 'done', description: exampleDescription('A person walks by.') } as const;
    await store.events.finish({ eventId: event.id, outcome, timings: {}, deliverTo: ['door bell'] });
    process.stdout.write(`finished ${event.id}\n`);
  }
}

await Promise.all([captureForEver(), captureForEver()]);
