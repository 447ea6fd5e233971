import sharp from 'sharp';
import { expect, test } from 'vitest';
import { makeMovingClip } from '../support/moving-clip.ts';
import { descendantsOf } from '../support/processes.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { startProviderServer } from '../support/vision/provider-server.ts';
import { waitUntil } from '../support/wait-until.ts';
import { createWireClient } from '../support/wire-client.ts';

async function submit(service: ServiceProcess, count: number): Promise<string[]> {
  const client = createWireClient(service.url);
  const cameraId = await client.firstCameraId();
  const picture = await sharp({ create: { width: 640, height: 360, channels: 3, background: '#385' } })
    .jpeg()
    .toBuffer();
  const events = await Promise.all(Array.from({ length: count }, () => client.submit(cameraId, picture)));
  return events.map(({ id }) => id);
}

test('SIGTERM under load: the queue is worked off, the count is right, nothing is left behind', async () => {
  await using dir = await makeTempDir();
  const clip = dir.file('moving.mp4');
  await makeMovingClip(clip, 1);
  await using service = await startService({ dataDir: dir.file('data'), args: ['--camera', `Yard=${clip}`] });
  const submitted = await submit(service, 8);
  const processes = await descendantsOf(service.child.pid);
  const doneBefore = service.lines.filter(({ msg }) => msg === 'event stored').length;
  const { code } = await service.end('SIGTERM');
  expect(code).toBe(0);
  const last = service.lines.find(({ msg }) => msg.startsWith('stopped'));
  expect(last).toMatchObject({ left: 0, aborted: 0 });
  const stored = service.lines.filter(({ msg }) => msg === 'event stored');
  expect(submitted.every((id) => stored.some(({ eventId }) => eventId === id))).toBe(true);
  expect(Number(last?.['finished'])).toBeGreaterThan(0);
  expect(Number(last?.['finished'])).toBeLessThanOrEqual(stored.length - doneBefore + 2);
  await waitUntil('its decoders to be gone', () => processes.every(({ pid }) => !isRunning(pid)));
});

test('a second signal aborts at once; what was left is described after the next start', async () => {
  await using dir = await makeTempDir();
  const clip = dir.file('moving.mp4');
  await makeMovingClip(clip, 1);
  const args = ['--camera', `Yard=${clip}`];
  const submitted = [];
  {
    await using service = await startService({ dataDir: dir.file('data'), args });
    submitted.push(...(await submit(service, 20)));
    service.child.kill('SIGTERM');
    await waitUntil('the stop to begin', () => service.lines.some(({ msg }) => msg === 'stopping'));
    const { code } = await service.end('SIGINT');
    expect(code).toBe(0);
    const last = service.lines.find(({ msg }) => msg.startsWith('stopped'));
    expect(Number(last?.['left']) + Number(last?.['aborted'])).toBeGreaterThan(0);
  }
  await using service = await startService({ dataDir: dir.file('data'), args });
  for (const id of submitted) {
    await waitUntil(`the description of ${id}`, async () => {
      const event = await createWireClient(service.url).event(id);
      return event.description_status === 'done';
    });
  }
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test(
  'a provider that hangs does not hold up the end: the events are described locally',
  { timeout: 60_000 },
  async () => {
    await using dir = await makeTempDir();
    await using openai = await startProviderServer('openai');
    await openai.setFault({ kind: 'hang' });
    const clip = dir.file('moving.mp4');
    await makeMovingClip(clip, 1);
    await using service = await startService({
      dataDir: dir.file('data'),
      config: {
        cameras: [{ name: 'Yard', url: clip }],
        vision: {
          deadline_ms: 2000,
          providers: [{ type: 'openai', base_url: openai.url, api_key: openai.apiKey }, { type: 'local' }],
        },
      },
    });
    const submitted = await submit(service, 2);
    await waitUntil('the provider to be asked', () => openai.open > 0, { timeoutMs: 20_000 });
    const { code } = await service.end('SIGTERM');
    expect(code).toBe(0);
    // Without this line the process was cut off by its own deadline of 30 s.
    expect(service.lines.some(({ msg }) => msg.startsWith('stopped'))).toBe(true);
    const described = service.lines.filter(({ msg }) => msg === 'event described');
    expect(described.filter(({ eventId }) => submitted.includes(String(eventId)))).toMatchObject([
      { provider: 'local' },
      { provider: 'local' },
    ]);
  },
);
