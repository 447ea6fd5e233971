import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import type { KeepKillsOptions, KeepKillsResult } from './keep-kills.ts';
import { lookAtData } from './kept-data.ts';
import { databaseVersions, makeOldDatabase } from './old-database.ts';
import { startService, type ServiceProcess } from './service-process.ts';

/** So many that the service reads them in ten steps. */
const eventCount = 2_000;

/**
 * Kills the service with SIGKILL while a client receives an export, after a random part of it, again and again. The client must have seen that it was cut; the data must be as before, and an export of the
 * next start whole.
 */
export async function runExportKills({
  folder,
  kills,
  random,
  onKill,
}: Pick<KeepKillsOptions, 'folder' | 'kills' | 'random' | 'onKill'>): Promise<KeepKillsResult> {
  const dataDir = join(folder, 'data');
  const ids = await fill(dataDir);
  const faults: string[] = [];
  let midway = 0;
  for (let count = 0; ; count += 1) {
    await using service = await startService({
      dataDir,
      configDir: folder,
      config: { retention: { days: 0 } },
    });
    const { text: whole, isCut } = await receiveExport(service);
    if (isCut || idsOf(whole).join() !== ids.join()) faults.push(`${count}: ${idsOf(whole).length} exported`);
    if (count === kills) return { midway, ended: kills - midway, faults };

    // The service is ahead of the client: at the end nothing is left that could be cut.
    const killed = await receiveExport(service, 0.75 * random() * whole.length);
    if (killed.isCut ? !whole.startsWith(killed.text) : killed.text !== whole)
      faults.push(`${count}: ${killed.text.length} bytes of ${whole.length}, cut: ${killed.isCut}`);
    if (killed.isCut) midway += 1;
    await service.end('SIGKILL');
    const stored = await lookAtData(dataDir, { hasPictures: false }, faults);
    if (stored.join() !== ids.join()) faults.push(`${count}: ${stored.length} stored`);
    onKill?.(count + 1);
  }
}

interface ReceivedExport {
  readonly text: string;
  /** The client was told that there is more. */
  readonly isCut: boolean;
}

/** @param killAfterLength of the text that came */
async function receiveExport(
  { url, child }: ServiceProcess,
  killAfterLength = Number.POSITIVE_INFINITY,
): Promise<ReceivedExport> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    const answer = await fetch(`${url}/api/v1/events/export?format=ndjson&sort_order=asc`);
    for await (const piece of answer.body ?? []) {
      text += decoder.decode(piece, { stream: true });
      if (text.length > killAfterLength) child.kill('SIGKILL');
    }
    return { text, isCut: false };
  } catch {
    // What `fetch` throws when the end of a chunked answer is missing.
    return { text, isCut: true };
  }
}

function idsOf(lines: string): string[] {
  return [...lines.matchAll(/^\{"id":"([^"]+)"/gm)].map(([, id = '']) => id);
}

/** Events that wait for nothing, of a camera that is off. @returns their ids, oldest first */
async function fill(dataDir: string): Promise<string[]> {
  await mkdir(dataDir, { recursive: true });
  const file = join(dataDir, 'vedette.db');
  await makeOldDatabase(file, databaseVersions.at(-1) ?? '', { events: eventCount });
  const connection = new SqliteDatabase(file);
  connection.exec(`update cameras set is_enabled = 0;
    update events set description_status = 'done', description_reason = null, description = 'A dog.'
      where description_status = 'failed'`);
  const ids = connection.prepare<[], string>('select id from events order by position').pluck().all();
  connection.close();
  return ids;
}
