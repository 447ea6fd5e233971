import { z } from 'zod';
import { cameraSchema } from '../api/camera-wire.ts';
import { AppError } from '../core/errors.ts';
import type { ServiceClient } from './service-client.ts';

const listSchema = z.object({ cameras: z.array(cameraSchema) });

export type NamedCamera = z.output<typeof cameraSchema>;

export async function camerasOf(client: ServiceClient, signal: AbortSignal): Promise<NamedCamera[]> {
  return (await client.call('GET', '/cameras', listSchema, signal)).cameras;
}

/**
 * @param wanted its name or id
 * @throws AppError `CAMERA_NOT_FOUND` with the names that there are
 */
export async function findCamera(
  client: ServiceClient,
  wanted: string,
  signal: AbortSignal,
): Promise<NamedCamera> {
  const cameras = await camerasOf(client, signal);
  const camera = cameras.find(({ id, name }) => id === wanted || name === wanted);
  if (camera !== undefined) return camera;
  const names = cameras.map(({ name }) => `"${name}"`).join(', ');
  throw new AppError('CAMERA_NOT_FOUND', `There is no camera "${wanted}"; there are ${names || 'none'}.`);
}
