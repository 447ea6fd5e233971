/**
 * What asking for the proposals of a camera costs: a week of events with as much stored motion as there can be.
 *
 *   node bench/tuning.ts [--events 3000] [--samples 110]
 *
 * Says how long the answer takes, how late the event loop of the asking thread comes meanwhile, and how much memory it takes.
 */
import { parseArgs } from 'node:util';
import type { Box } from '../src/core/geometry.ts';
import { systemClock } from '../src/core/clock.ts';
import { silentLog } from '../src/core/log.ts';
import { createTuningDesk } from '../src/pipeline/tuning-desk.ts';
import { openStore } from '../src/store/open-store.ts';
import { motionEvidence } from '../test/support/recorded-motion.ts';
import { createRandom } from '../test/support/render-clip.ts';
import { exampleCamera, exampleCapture, exampleDescription } from '../test/support/store-examples.ts';
import { makeTempDir } from '../test/support/temp-dir.ts';
import { watchLoop } from './support/loop-delay.ts';

const { values } = parseArgs({
  options: { events: { type: 'string', default: '3000' }, samples: { type: 'string', default: '110' } },
});
const [eventCount, sampleCount] = [Number(values.events), Number(values.samples)];
const random = createRandom(7);

/** Every third event is a flag that sways in the upper right corner, the others cross the lower half. */
function boxesOf(index: number): Box[] {
  const [x, y] = [random() * 0.1, random() * 0.1];
  return Array.from({ length: sampleCount }, (_, sample): Box =>
    index % 3 === 0
      ? [0.7 + x + (sample % 2) * 0.02, 0.1 + y, 0.08, 0.12]
      : [0.05 + (sample * 0.85) / sampleCount, 0.55 + y, 0.06, 0.2],
  );
}

await using dir = await makeTempDir();
await using store = await openStore({ dataDir: dir.path, log: silentLog(), clock: systemClock });
const camera = await store.cameras.create(exampleCamera());
const now = Date.now();
for (let start = 0; start < eventCount; start += 200) {
  await Promise.all(
    Array.from({ length: Math.min(200, eventCount - start) }, async (_, offset) => {
      const index = start + offset;
      const { id } = exampleCapture(camera.id);
      await store.events.capture({
        ...exampleCapture(camera.id, { id, timestamp: now - index * 150_000 }),
        evidence: motionEvidence({ boxes: boxesOf(index) }),
        description: exampleDescription('x', { objects: index % 3 === 0 ? [] : ['person'] }),
      });
      if (index % 30 === 0) await store.events.annotate(id, { userFeedback: 'false_motion' });
    }),
  );
}
const desk = createTuningDesk({ events: store.events, clock: systemClock });
for (const round of [1, 2, 3]) {
  const [before, loop, start] = [process.memoryUsage.rss(), watchLoop(), performance.now()];
  let peak = before;
  const look = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 20);
  const { counts, proposals } = await desk.propose(camera);
  clearInterval(look);
  const { late, busy } = loop.stop();
  const seconds = (performance.now() - start) / 1000;
  console.log(
    `${round}: ${counts.total} events, ${proposals.length} proposals in ${seconds.toFixed(1)} s; event loop late by ${Math.max(...late).toFixed(0)} ms at most, busy for ${Math.max(...busy).toFixed(0)} ms at most; ${((peak - before) / 1e6).toFixed(0)} MB more at the peak`,
  );
}
