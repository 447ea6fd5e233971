import { copyFile, readdir } from 'node:fs/promises';
import sharp from 'sharp';
import SqliteDatabase from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { EventWire } from '../../src/core/event-wire.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { mountSmallDisk, smallDiskProblem, type SmallDisk } from '../support/small-disk.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { waitUntil } from '../support/wait-until.ts';
import { createWireClient } from '../support/wire-client.ts';

const problem = await smallDiskProblem();
const megabyte = 1024 * 1024;

interface Health {
  readonly status: string;
  readonly components: Readonly<Record<string, { readonly status: string; readonly cause: string | null }>>;
}

/** Noise, which JPEG can't make small: about two megabytes. */
async function largePicture(): Promise<Buffer> {
  return sharp({
    create: {
      width: 1_920,
      height: 1_080,
      channels: 3,
      background: '#888',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  })
    .jpeg({ quality: 90 })
    .toBuffer();
}

async function start(disk: SmallDisk, configDir: string, retention: object): Promise<ServiceProcess> {
  return startService({
    dataDir: `${disk.inside}/data`,
    configDir,
    prefix: disk.prefix,
    config: {
      retention,
      cameras: [{ name: 'Yard', url: 'rtsp://127.0.0.1:1/none', is_enabled: false }],
      vision: { providers: [] },
    },
  });
}

async function health(service: ServiceProcess): Promise<Health> {
  return (await (await fetch(`${service.url}/api/v1/health`)).json()) as Health;
}

/** @param status of the answer that is waited for */
async function submitUntil(service: ServiceProcess, picture: Uint8Array, status: 201 | 503): Promise<string> {
  const client = createWireClient(service.url);
  const cameraId = await client.firstCameraId();
  let text = '';
  await waitUntil(
    `a submitted event to be answered with ${status}`,
    async () => {
      const answer = await fetch(`${service.url}/api/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          camera_id: cameraId,
          timestamp: new Date().toISOString(),
          description: 'A box.',
          objects_detected: [],
          thumbnail_base64: Buffer.from(picture).toString('base64'),
        }),
      });
      text = await answer.text();
      return answer.status === status;
    },
    { timeoutMs: 60_000, everyMs: 500 },
  );
  return text;
}

/** Every event has its pictures, every picture its event, and SQLite finds nothing wrong. */
async function expectSound(
  dataDir: string,
  events: readonly EventWire[],
  dir: { file(name: string): string },
): Promise<void> {
  // SQLite finds no way through another process's root.
  for (const name of (await readdir(dataDir)).filter((each) => each.startsWith('vedette.db'))) {
    await copyFile(`${dataDir}/${name}`, dir.file(name));
  }
  const connection = new SqliteDatabase(dir.file('vedette.db'));
  expect(connection.pragma('integrity_check', { simple: true })).toBe('ok');
  const named = connection.prepare<[], string>('select path from event_files').pluck().all();
  connection.close();
  const there: string[] = [];
  for (const day of await readdir(`${dataDir}/media`))
    there.push(...(await readdir(`${dataDir}/media/${day}`)).map((name) => `media/${day}/${name}`));
  expect(there.toSorted()).toEqual(named.toSorted());
  expect(named.length).toBe(events.length * 2);
}

test.skipIf(problem !== undefined)(
  `a full disk: nothing half is stored, reading goes on, and everything resumes by itself${problem === undefined ? '' : ` (${problem})`}`,
  { timeout: 180_000 },
  async () => {
    await using dir = await makeTempDir();
    await using disk = await mountSmallDisk(dir.file('disk'), 160);
    const picture = await largePicture();
    await using service = await start(disk, dir.file('config'), { max_gb: 0, days: 0 });
    const client = createWireClient(service.url);
    await submitUntil(service, picture, 201);
    // Not a byte is left, and the service has not looked yet: the first event meets the disk itself.
    await disk.fill(0);
    const refused = await submitUntil(service, picture, 503);
    expect(refused).toContain('DISK_FULL');
    expect(refused).toMatch(/disk.*is full/);
    const before = await client.events();
    await waitUntil('the health to tell it', async () => (await health(service)).status === 'degraded');
    expect((await health(service)).components['disk']?.cause).toMatch(/full \(\d+ MB free\).*Make room/);
    expect((await client.events()).length).toBe(before.length);
    expect((await fetch(`${service.url}/api/v1/events/${before[0]?.id}/thumbnail`)).status).toBe(200);
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
    // Deleting needs room too, which is kept in reserve for it.
    expect((await fetch(`${service.url}/api/v1/events/${before[0]?.id}`, { method: 'DELETE' })).status).toBe(
      204,
    );

    await disk.empty();
    await submitUntil(service, picture, 201);
    await waitUntil(
      'the health to be well',
      async () => (await health(service)).components['disk']?.status === 'healthy',
    );
    const after = await client.events();
    expect(after.length).toBeGreaterThanOrEqual(before.length);
    expect((await service.end('SIGTERM')).code).toBe(0);
    await expectSound(`${disk.outside}/data`, after, dir);
  },
);

test.skipIf(problem !== undefined)(
  'a full disk with a cap on the size: the oldest events give way to the new ones, starred ones stay',
  { timeout: 180_000 },
  async () => {
    await using dir = await makeTempDir();
    await using disk = await mountSmallDisk(dir.file('disk'), 260);
    const picture = await largePicture();
    await using service = await start(disk, dir.file('config'), { max_gb: 100 });
    const client = createWireClient(service.url);
    for (let index = 0; index < 70; index += 1) await submitUntil(service, picture, 201);
    const stored = await client.events();
    const [oldest] = stored;
    const star = await fetch(`${service.url}/api/v1/events/${oldest?.id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ starred: true }),
    });
    expect(star.status).toBe(200);
    await disk.fill(2 * megabyte);
    await waitUntil('events to give way', async () => (await client.events()).length < stored.length, {
      timeoutMs: 60_000,
      everyMs: 500,
    });
    await submitUntil(service, picture, 201);
    const left = await client.events();
    expect(left.length).toBeLessThan(stored.length);
    expect(left[0]?.id).toBe(oldest?.id);
    expect(left.map(({ id }) => id)).toContain(stored.at(-1)?.id);
    expect((await service.end('SIGTERM')).code).toBe(0);
    await expectSound(`${disk.outside}/data`, left, dir);
  },
);

test.skipIf(problem !== undefined)(
  'a start on a full disk is possible: what is stored can be read',
  { timeout: 120_000 },
  async () => {
    await using dir = await makeTempDir();
    await using disk = await mountSmallDisk(dir.file('disk'), 160);
    const picture = await largePicture();
    {
      await using service = await start(disk, dir.file('config'), { max_gb: 0 });
      await submitUntil(service, picture, 201);
      await waitUntil('the reserve to be laid', async () =>
        (await readdir(`${disk.outside}/data`)).includes('reserve.bin'),
      );
      await service.end('SIGKILL');
    }
    await disk.fill(0);
    await using service = await start(disk, dir.file('config'), { max_gb: 0 });
    expect(await createWireClient(service.url).events()).toHaveLength(1);
    await submitUntil(service, picture, 503);
    await disk.empty();
    await submitUntil(service, picture, 201);
  },
);
