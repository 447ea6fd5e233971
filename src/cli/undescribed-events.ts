import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import type { ServiceClient } from './service-client.ts';

const pageSize = 500;

const pageSchema = z.object({
  events: z.array(z.object({ id: z.string(), timestamp: z.string(), thumbnail_url: z.string().nullable() })),
  next_offset: z.int().nullable(),
});

const camerasSchema = z.object({ cameras: z.array(z.object({ id: z.string(), name: z.string() })) });

export type ChosenStatus = 'failed' | 'skipped' | 'done';

export interface EventChoice {
  readonly statuses: readonly ChosenStatus[];
  /** Epoch ms; all that there are unless given. */
  readonly since?: number;
  /** Name of a camera. */
  readonly camera?: string;
  /** At most so many, the newest. */
  readonly limit?: number;
}

/**
 * Ids of the events that are to be described, newest first; those without a picture can't be.
 *
 * @throws AppError `CAMERA_NOT_FOUND` with the names that there are
 */
export async function findEvents(
  client: ServiceClient,
  { statuses, since, camera, limit = Number.POSITIVE_INFINITY }: EventChoice,
  signal: AbortSignal,
): Promise<string[]> {
  const cameraId = camera === undefined ? undefined : await cameraNamed(client, camera, signal);
  /** By id: while new events come in, one may stand on two pages. */
  const found = new Map<string, string>();
  for (const status of new Set(statuses)) {
    let taken = 0;
    for (let offset: number | null = 0; offset !== null && taken < limit;) {
      const query = new URLSearchParams({
        description_status: status,
        limit: String(pageSize),
        offset: String(offset),
        ...(since === undefined ? {} : { start_time: new Date(since).toISOString() }),
        ...(cameraId === undefined ? {} : { camera_id: cameraId }),
      });
      const page: z.output<typeof pageSchema> = await client.call(
        'GET',
        `/events?${query.toString()}`,
        pageSchema,
        signal,
      );
      for (const { id, timestamp, thumbnail_url: picture } of page.events) {
        if (picture === null) continue;
        found.set(id, timestamp);
        taken += 1;
      }
      offset = page.next_offset;
    }
  }
  // Times of one form and one zone sort as texts.
  const newestFirst = [...found].toSorted(([, a], [, b]) => (a < b ? 1 : a > b ? -1 : 0));
  return newestFirst.slice(0, limit).map(([id]) => id);
}

export async function cameraNamed(client: ServiceClient, name: string, signal: AbortSignal): Promise<string> {
  const { cameras } = await client.call('GET', '/cameras', camerasSchema, signal);
  const camera = cameras.find((candidate) => candidate.name === name);
  if (camera !== undefined) return camera.id;
  const names = cameras.map((candidate) => `"${candidate.name}"`).join(', ');
  throw new AppError(
    'CAMERA_NOT_FOUND',
    `There is no camera "${name}"; there ${names === '' ? 'is none' : `are ${names}`}.`,
  );
}
