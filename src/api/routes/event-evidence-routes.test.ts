import sharp from 'sharp';
import { expect, test } from 'vitest';
import { startApi } from '../../../test/fakes/api-services.ts';
import { exampleEvidence } from '../../../test/support/store-examples.ts';
import type { EventMotion } from '../../core/event.ts';
import type { EventPicture } from '../../store/media-files.ts';
import { eventWithAttemptsSchema } from '../event-provenance-wire.ts';

const noon = Date.UTC(2026, 2, 1, 12);
const motion: EventMotion = { score: 0.4, regions: [], zones: [], reason: 'motion' };

async function grayPicture(): Promise<EventPicture> {
  const [width, height] = [640, 360];
  const jpeg = await sharp({ create: { width, height, channels: 3, background: '#777' } })
    .jpeg()
    .toBuffer();
  return { jpeg, width, height, capturedAt: noon, regions: [] };
}

test('an event says why it fired, in words, in numbers and as a picture', async () => {
  await using api = await startApi();
  const cameraId = await api.addCamera();
  const ended = { cameraId, motion, endedAt: noon + 6_000, evidence: exampleEvidence() };
  const { id } = await api.addEvent(ended, [await grayPicture()]);
  const event = eventWithAttemptsSchema.strict().parse((await api.call('GET', `/api/v1/events/${id}`)).json);
  expect(event.why).toMatch(/^Something of 1\.2 % of the picture .*Nearest guard: size, 2\.0 times/);
  expect(event.evidence).toMatchObject({
    complete: true,
    frames: 28,
    path: { frames_found: 28, frames_followed: 30, length: 0.34 },
    samples: [{ at_ms: 0, areas: { low: 0.008, medium: 0.01, high: null } }, { at_ms: 6_000 }],
    guards: [{ name: 'small', margin: 2, text: 'size, 2.0 times the smallest subject' }, { name: 'brief' }],
  });
  expect(event.evidence?.heat.seconds).toHaveLength(32 * 18);
  const answer = await fetch(`${api.url}${event.heatmap_url ?? ''}`);
  expect(answer.headers.get('content-type')).toBe('image/jpeg');
  expect(answer.headers.get('cache-control')).toBe('private, max-age=86400, immutable');
  const picture = await sharp(Buffer.from(await answer.arrayBuffer())).metadata();
  expect([picture.width, picture.height]).toEqual([640, 360]);
  const etag = answer.headers.get('etag') ?? '';
  const again = await fetch(`${api.url}${event.heatmap_url ?? ''}`, { headers: { 'if-none-match': etag } });
  expect([again.status, await again.text()]).toEqual([304, '']);
});

test('while the motion goes on, the picture is asked for again', async () => {
  await using api = await startApi();
  const open = { cameraId: await api.addCamera(), motion, evidence: exampleEvidence({ isComplete: false }) };
  const { id } = await api.addEvent(open, [await grayPicture()]);
  const first = await fetch(`${api.url}/api/v1/events/${id}/heatmap`);
  expect(first.headers.get('cache-control')).toBe('private, no-cache');
  const evidence = exampleEvidence({ frames: 99 });
  await api.store.events.extend(id, { endedAt: noon + 9_000, evidence });
  const known = { 'if-none-match': first.headers.get('etag') ?? '' };
  const second = await fetch(`${api.url}/api/v1/events/${id}/heatmap`, { headers: known });
  expect(second.status).toBe(200);
  expect(second.headers.get('cache-control')).toContain('immutable');
});

test('an event without motion, or without a picture, says so and has no heat map', async () => {
  await using api = await startApi();
  const cameraId = await api.addCamera();
  const handedIn = await api.addEvent({ cameraId, source: 'api' }, [await grayPicture()]);
  const blind = await api.addEvent({ cameraId, motion, evidence: exampleEvidence() });
  const parsed = eventWithAttemptsSchema.parse((await api.call('GET', `/api/v1/events/${handedIn.id}`)).json);
  expect(parsed).toMatchObject({ evidence: null, heatmap_url: null });
  expect(parsed.why).toContain('handed in through the API');
  for (const [id, word] of [
    [handedIn.id, 'no motion was analysed'],
    [blind.id, 'it has no picture'],
    ['nope', 'There is no event'],
  ] as const) {
    const answer = await api.call('GET', `/api/v1/events/${id}/heatmap`);
    expect(`${answer.status} ${answer.text}`).toMatch(new RegExp(`^404 .*${word}`));
  }
});
