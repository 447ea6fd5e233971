import { expect, test } from 'vitest';
import { makeDescription, startApi, type RunningApi } from '../../../test/fakes/api-services.ts';
import { crossing, motionEvidence, swaying, type MovedShape } from '../../../test/support/recorded-motion.ts';
import type { UserFeedback, VedetteEvent } from '../../core/event.ts';

const flag: MovedShape = { boxes: swaying(0.7, 0.1) };
const walker: MovedShape = { boxes: crossing(0.55) };
const dayMs = 86_400_000;

interface Made {
  readonly shape?: MovedShape;
  readonly feedback?: UserFeedback;
  readonly objects?: readonly string[];
  readonly ageMs?: number;
  readonly isComplete?: boolean;
}

/** An event that motion made, described. */
async function make(api: RunningApi, cameraId: string, made: Made): Promise<VedetteEvent> {
  const { shape, feedback, objects = [], ageMs = 60_000, isComplete } = made;
  const event = await api.addEvent({
    cameraId,
    timestamp: Date.now() - ageMs,
    motion: { score: 0.5, regions: [], zones: [], reason: 'motion' },
    description: makeDescription('Something.', { objects }),
    ...(shape === undefined ? {} : { evidence: motionEvidence(shape, isComplete) }),
  });
  if (feedback !== undefined) await api.store.events.annotate(event.id, { userFeedback: feedback });
  return event;
}

interface Tuning {
  readonly events: unknown;
  readonly proposals: readonly { readonly kind: string; readonly change: object }[];
  readonly reason: string | null;
}

async function ask(api: RunningApi, cameraId: string): Promise<Tuning> {
  const answer = await api.call('GET', `/api/v1/cameras/${cameraId}/proposals`);
  expect(`${answer.status} ${answer.text}`).toMatch(/^200 /);
  return answer.json as Tuning;
}

test('a marked event leads to proposals; one that is applied as it stands leaves nothing to propose', async () => {
  await using api = await startApi();
  const cameraId = await api.addCamera('Yard');
  const other = await api.addCamera('Gate');
  // More than are read at once, and one of another week, of another camera, of no camera.
  for (let count = 0; count < 105; count += 1)
    await make(api, cameraId, { shape: walker, objects: ['person'], ageMs: count * 1000 });
  const unlooked = await make(api, cameraId, { shape: flag });
  await make(api, cameraId, { shape: flag, feedback: 'false_motion', ageMs: 8 * dayMs });
  await make(api, other, { shape: flag, feedback: 'false_motion' });
  await make(api, cameraId, { shape: flag, isComplete: false });
  await api.addEvent({ cameraId, source: 'api', timestamp: Date.now() });
  expect(await ask(api, cameraId)).toMatchObject({ proposals: [], reason: 'no_false_motion' });

  const marked = await make(api, cameraId, { shape: flag, ageMs: 6 * dayMs });
  const path = `/api/v1/events/${marked.id}`;
  expect((await api.call('PATCH', path, { user_feedback: 'false_motion' })).json).toMatchObject({
    id: marked.id,
    proposals_url: `/api/v1/cameras/${cameraId}/proposals`,
  });
  const tuning = await ask(api, cameraId);
  expect(tuning).toMatchObject({
    camera_id: cameraId,
    is_changeable: true,
    events: { total: 108, false_motion: 1, true: 105, unmarked: 2, without_evidence: 1 },
    reason: null,
    message: null,
  });
  const [zone] = tuning.proposals;
  expect(zone).toMatchObject({
    kind: 'zone',
    summary: 'Motion in the top right of the picture no longer counts (zone "No motion 1")',
    removes: {
      false_motion: { count: 1, event_ids: [marked.id] },
      unmarked: { count: 1, event_ids: [unlooked.id] },
    },
    costs: { count: 0, event_ids: [] },
    unknown: 1,
  });
  const applied = await api.call('PATCH', `/api/v1/cameras/${cameraId}`, zone?.change);
  expect([applied.status, applied.json]).toMatchObject([200, zone?.change ?? {}]);
  expect(await ask(api, cameraId)).toMatchObject({ proposals: [], reason: 'prevented' });
  expect((await api.call('PATCH', path, { user_feedback: null })).json).toMatchObject({
    proposals_url: null,
  });
});

test('a proposal that would cost true events names them', async () => {
  await using api = await startApi();
  const cameraId = await api.addCamera('Yard', 'config');
  for (let count = 0; count < 3; count += 1)
    await make(api, cameraId, { shape: walker, feedback: 'false_motion', objects: ['person'] });
  const right = await make(api, cameraId, { shape: walker, feedback: 'correct' });
  expect(await ask(api, cameraId)).toMatchObject({
    is_changeable: false,
    proposals: [
      { kind: 'zone', removes: { false_motion: { count: 3 } }, costs: { count: 1, event_ids: [right.id] } },
      { kind: 'labels' },
    ],
  });
});

test('a camera that is not there has no proposals, and those who ask at once are all answered', async () => {
  await using api = await startApi();
  expect((await api.call('GET', '/api/v1/cameras/nowhere/proposals')).status).toBe(404);
  const cameraId = await api.addCamera();
  await make(api, cameraId, { feedback: 'false_motion' });
  const answers = await Promise.all([1, 2, 3].map(() => ask(api, cameraId)));
  for (const answer of answers) expect(answer.proposals.map(({ kind }) => kind)).toEqual(['labels']);
});
