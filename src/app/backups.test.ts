import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import type { Clock } from '../core/clock.ts';
import { silentLog } from '../core/log.ts';
import { createStop } from '../core/stop.ts';
import { openStore, type SqliteStore } from '../store/open-store.ts';
import { createBackups, type Backups } from './backups.ts';

function backupsOf(
  store: SqliteStore,
  {
    clock,
    dir,
    folder,
    keep,
  }: { readonly clock: Clock; readonly dir: TempDir; readonly folder: string; readonly keep: number },
): Promise<Backups> {
  return createBackups({
    config: { folder, keep, time: { hour: 4, minute: 30 }, withSecretKey: false },
    dataDir: dir.file('data'),
    databaseFile: store.file,
    version: '1.0.0',
    settings: store.settings,
    clock,
    log: silentLog(),
    stop: createStop(),
  });
}

test('the newest few are kept, and nothing that is not ours is touched', async () => {
  await using dir = await makeTempDir();
  const clock = new FakeClock();
  await using store = await openStore({ dataDir: dir.file('data'), log: silentLog(), clock });
  const folder = dir.file('backups');
  await mkdir(folder);
  const leftover = 'vedette-2020-01-01T000000Z.tar.unfinished';
  for (const name of ['notes.txt', 'vedette-mine.tar', leftover]) await writeFile(`${folder}/${name}`, 'x');
  const backups = await backupsOf(store, { clock, dir, folder, keep: 2 });
  for (let day = 0; day < 3; day += 1) {
    await backups.runOnce();
    clock.jumpWallClock(86_400_000);
  }
  expect((await readdir(folder)).toSorted()).toEqual(
    [
      'notes.txt',
      'vedette-2026-01-02T000000Z.tar',
      'vedette-2026-01-03T000000Z.tar',
      'vedette-mine.tar',
    ].toSorted(),
  );
  expect(backups.health()).toEqual({ status: 'healthy', cause: null });
});

test('a backup that fails is told by the health, leaves what is there, and is well again with the next', async () => {
  await using dir = await makeTempDir();
  const clock = new FakeClock();
  await using store = await openStore({ dataDir: dir.file('data'), log: silentLog(), clock });
  const folder = dir.file('backups');
  const backups = await backupsOf(store, { clock, dir, folder, keep: 1 });
  await backups.runOnce();
  clock.jumpWallClock(1_000);
  // Where the copy of the database should be written there is a folder.
  await mkdir(`${folder}/vedette-2026-01-01T000001Z.tar.sums.unfinished/x`, { recursive: true });
  await rm(`${folder}/vedette-2026-01-01T000001Z.tar.sums.unfinished/x`, { recursive: true });
  await backups.runOnce();
  expect(backups.health()).toMatchObject({
    status: 'degraded',
    cause: expect.stringContaining('last backup failed'),
  });
  expect((await readdir(folder)).filter((name) => name.endsWith('.tar'))).toEqual([
    'vedette-2026-01-01T000000Z.tar',
  ]);
  await rm(`${folder}/vedette-2026-01-01T000001Z.tar.sums.unfinished`, { recursive: true });
  await backups.runOnce();
  expect(backups.health()).toEqual({ status: 'healthy', cause: null });
});
