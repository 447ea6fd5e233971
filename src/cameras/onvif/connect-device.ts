import { CameraLostError } from '../../core/camera-source.ts';
import type { Clock } from '../../core/clock.ts';
import { SoapClient } from './soap-client.ts';

export interface DeviceCredentials {
  readonly username: string | null;
  readonly password: string | null;
}

/** Of a port that may not be the right one. */
const tryMs = 3000;

/**
 * The first of the addresses that speaks ONVIF.
 *
 * @throws CameraLostError what the most telling of them answered; an `AbortError`
 */
export async function connectDevice(
  addresses: readonly string[],
  { username, password }: DeviceCredentials,
  clock: Clock,
  signal: AbortSignal,
): Promise<SoapClient> {
  let telling: CameraLostError | undefined;
  for (const deviceUrl of addresses) {
    const client = new SoapClient({ deviceUrl, username, password, clock });
    try {
      await client.readClock(signal, addresses.length > 1 ? tryMs : undefined);
      return client;
    } catch (error) {
      if (!(error instanceof CameraLostError)) throw error;
      telling = telling === undefined || telling.cameraCause === 'refused' ? error : telling;
      // The other ports are at the same place.
      if (error.cameraCause === 'no_such_host' || error.cameraCause === 'unreachable') break;
    }
  }
  if (telling === undefined)
    throw new CameraLostError('not_found', 'This camera has no host that could be asked over ONVIF.');
  throw addresses.length > 1 ? nowhere(telling, addresses) : telling;
}

/** None of several ports was the right one: that is what there is to know, not how the last one failed. */
function nowhere(error: CameraLostError, addresses: readonly string[]): CameraLostError {
  const { cameraCause } = error;
  if (cameraCause !== 'refused' && cameraCause !== 'timeout') return error;
  const ports = addresses.map((address) => new URL(address).port || '80').join(', ');
  return new CameraLostError(
    cameraCause,
    `No ONVIF service answers on the usual ports (${ports}). Switch ONVIF on in the camera, or name the address of its device service (onvif.url).`,
    { cause: error },
  );
}
