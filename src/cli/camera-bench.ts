import { z } from 'zod';
import { cameraAdapters } from '../app/builtins.ts';
import { discoveredSchema, discoverBodySchema, toDiscoveredWire } from '../api/camera-setup-wire.ts';
import { tryCamera, type CameraTrial } from '../api/camera-trial.ts';
import { cameraTestBodySchema, toCameraInput } from '../api/camera-input.ts';
import { cameraTestResultSchema } from '../api/camera-wire.ts';
import { findAddressHints } from '../cameras/address-hints.ts';
import { discoverCameras } from '../cameras/onvif/discover-cameras.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { silentLog } from '../core/log.ts';
import { createMediaService } from '../media/media-service.ts';
import { testCamera } from '../pipeline/camera-test.ts';
import { createServiceClient } from './service-client.ts';
import { defaultServiceUrl } from './service-option.ts';

/** A camera as it is sent to the API. */
export type CameraRequest = z.input<typeof cameraTestBodySchema>;
export type DiscoverRequest = z.input<typeof discoverBodySchema>;
export type Discovered = z.output<typeof discoveredSchema>;

/** Where cameras are tried out and looked for: by a running service, or by this process where there is none. */
export interface CameraBench {
  test(camera: CameraRequest, signal: AbortSignal): Promise<CameraTrial>;
  discover(request: DiscoverRequest, signal: AbortSignal): Promise<Discovered>;
}

/** @param url of the service; without it the usual one is looked for, and this process does it where none answers */
export async function openCameraBench(url: string | undefined, signal: AbortSignal): Promise<CameraBench> {
  const client = createServiceClient(url ?? defaultServiceUrl);
  if (url === undefined && !(await hasService(client, signal))) return localBench;
  return {
    test: (camera, stop) => client.call('POST', '/cameras/test', cameraTestResultSchema, stop, camera),
    discover: (request, stop) => client.call('POST', '/cameras/discover', discoveredSchema, stop, request),
  };
}

const clock = systemClock;

const localBench: CameraBench = {
  async test(camera, signal) {
    const input = toCameraInput(checked(cameraTestBodySchema, camera), cameraAdapters);
    await using streams = createMediaService({ clock, log: silentLog() });
    return await tryCamera(
      {
        test: () => testCamera(input, { adapters: cameraAdapters, streams, clock }),
        hints: (tried, cause) => findAddressHints(tried, cause, clock, signal),
      },
      input,
    );
  },
  async discover(request, signal) {
    const {
      timeout_ms: timeoutMs,
      host = null,
      username = null,
      password = null,
    } = checked(discoverBodySchema, request);
    return toDiscoveredWire(await discoverCameras({ timeoutMs, host, username, password }, clock, signal));
  },
};

/** The checks that the API makes where there is one. */
function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError('VALIDATION_FAILED', z.prettifyError(parsed.error));
}

async function hasService(
  client: ReturnType<typeof createServiceClient>,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await client.call('GET', '/health', z.unknown(), signal);
    return true;
  } catch (error) {
    // Whatever else listens there is not what tries cameras.
    if (error instanceof AppError && error.code === 'ADDRESS_UNAVAILABLE') return false;
    throw error;
  }
}
