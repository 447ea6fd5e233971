import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { databaseVersions, makeOldDatabase } from '../../test/support/old-database.ts';
import {
  exampleEvidence,
  exampleKeyring,
  exampleQuery,
  exampleTime,
} from '../../test/support/store-examples.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { migrations } from './migrations.ts';
import { openDatabase } from './open-database.ts';
import { createOperations } from './store-operations.ts';

const latest = databaseVersions.at(-1);

test.each(databaseVersions)(
  'a database of the version %s comes through with everything that it holds',
  async (version) => {
    await using dir = await makeTempDir();
    const file = dir.file('vedette.db');
    await makeOldDatabase(file, version, { events: 90 });
    const database = await openDatabase({ file, busyTimeoutMs: 100, migrations, keyring: exampleKeyring() });
    const operations = createOperations(database, () => exampleTime);
    const page = await operations['events.list'](exampleQuery({ limit: 500, sortOrder: 'asc' }));
    expect(page.totalCount).toBe(90);
    expect(page.events.map(({ id }) => id)).toEqual(
      Array.from({ length: 90 }, (_, index) => `event-${String(index).padStart(3, '0')}`),
    );
    expect(page.events[1]).toMatchObject({
      description: 'A dog number 1 runs.',
      descriptionStatus: 'done',
      objectsDetected: ['dog'],
      thumbnailPath: 'media/2026-05-17/event_event-001.jpg',
      frames: [{ number: 1, sizeBytes: 1_000 }],
    });
    const found = await operations['events.list'](exampleQuery({ searchQuery: 'running 7' }));
    expect(found.events.map(({ id }) => id)).toEqual(['event-007']);
    const dogs = await operations['events.list'](exampleQuery({ objectTypes: ['dog'], limit: 1 }));
    expect(dogs.totalCount).toBe(90);
    // What earlier versions could not know of is at its default; what they did is as it was.
    const isNoted = databaseVersions.indexOf(version) >= databaseVersions.indexOf('0006_search');
    const starred = await operations['events.get']('event-001');
    expect([starred?.isStarred, starred?.note]).toEqual(isNoted ? [true, 'zebra'] : [false, null]);
    const isExplained = databaseVersions.indexOf(version) >= databaseVersions.indexOf('0010_event_evidence');
    const evidence = await operations['events.evidence'](['event-001']);
    expect(evidence.get('event-001')).toEqual(isExplained ? exampleEvidence() : undefined);
    expect(await operations['cameras.list']()).toMatchObject([
      { name: 'Gate', password: null, labels: [], retentionDays: null },
    ]);
    const deleted = await operations['events.delete']('event-002');
    expect(deleted?.paths).toEqual([
      'media/2026-05-17/event_event-002.jpg',
      'media/2026-05-17/event_event-002_1.jpg',
    ]);
    database.connection
      .prepare(`insert into event_search (event_search, rank) values ('integrity-check', 1)`)
      .run();
    expect(database.connection.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(database.connection.pragma('foreign_key_check')).toEqual([]);
    await database.close();
    const copies = (await readdir(dir.path)).filter((name) => name.includes('.before-'));
    expect(copies).toHaveLength(version === latest ? 0 : 1);
  },
);
