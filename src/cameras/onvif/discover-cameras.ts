import { CameraLostError } from '../../core/camera-source.ts';
import type { CameraCause } from '../../core/camera.ts';
import type { Clock } from '../../core/clock.ts';
import { redact } from '../../core/redact.ts';
import { connectDevice, type DeviceCredentials } from './connect-device.ts';
import { deviceAddressesAt } from './device-addresses.ts';
import { readDeviceInformation, readDeviceServices } from './device.ts';
import { pairStreams, readMediaStreams, type SourceStreams } from './media-profiles.ts';
import type { SoapClient } from './soap-client.ts';
import { probeDevices, type ProbedDevice, type ProbeOptions } from './ws-discovery.ts';

/** Devices asked at the same time. */
const concurrency = 8;
/** One slow device must not keep the answer of the others. */
const deviceTimeoutMs = 20_000;

export interface DiscoverOptions extends DeviceCredentials {
  /** How long answers of the network are waited for. */
  readonly timeoutMs: number;
  /** A host, or the address of a device service, that is asked instead of the whole network. */
  readonly host: string | null;
}

export interface DiscoveredDevice {
  /** As it calls itself, else its model. */
  readonly name: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly firmware: string;
  /** IP address or host. */
  readonly address: string;
  readonly deviceUrl: string;
  /** One for each picture: a recorder has several. Empty where it did not say. */
  readonly sources: readonly SourceStreams[];
  /** Why it did not say everything; `null` when it did. */
  readonly cause: CameraCause | null;
  readonly message: string | null;
}

/**
 * Finds ONVIF cameras and asks each what it is and, with credentials, where its streams are. Devices that do not answer what
 * they are asked are in the list all the same, with the cause.
 *
 * @param probe what tests set of it
 */
export async function discoverCameras(
  options: DiscoverOptions,
  clock: Clock,
  signal: AbortSignal,
  probe: Pick<ProbeOptions, 'target' | 'localAddresses'> = {},
): Promise<DiscoveredDevice[]> {
  const { host, timeoutMs } = options;
  if (host !== null) return [await askHost(host, options, clock, signal)];
  const devices: DiscoveredDevice[] = [];
  const waiting = await probeDevices({ ...probe, timeoutMs, clock }, signal);
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
        devices.push(await askDevice(next, options, clock, signal));
    }),
  );
  return devices.toSorted((a, b) => a.address.localeCompare(b.address, 'en', { numeric: true }));
}

async function askHost(
  host: string,
  credentials: DeviceCredentials,
  clock: Clock,
  signal: AbortSignal,
): Promise<DiscoveredDevice> {
  const addresses = /^https?:\/\//i.test(host) ? [host] : deviceAddressesAt(host);
  const [likeliest = host] = addresses;
  const silent = { address: hostOf(likeliest), deviceUrl: likeliest, name: '', hardware: '' };
  try {
    const { deviceUrl } = await connectDevice(addresses, credentials, clock, signal);
    return await askDevice({ ...silent, deviceUrl: deviceUrl.href }, credentials, clock, signal);
  } catch (error) {
    if (!(error instanceof CameraLostError)) throw error;
    return { ...unknownDevice(silent), cause: error.cameraCause, message: redact(error.message) };
  }
}

function hostOf(url: string): string {
  return new URL(url).hostname;
}

/** What is known of a device before it is asked. */
function unknownDevice({ address, deviceUrl, name, hardware }: ProbedDevice): DiscoveredDevice {
  return {
    name: name === '' ? hardware : name,
    manufacturer: '',
    model: hardware,
    firmware: '',
    address,
    deviceUrl,
    sources: [],
    cause: null,
    message: null,
  };
}

async function askDevice(
  probed: ProbedDevice,
  credentials: DeviceCredentials,
  clock: Clock,
  signal: AbortSignal,
): Promise<DiscoveredDevice> {
  const { address, deviceUrl } = probed;
  const device = unknownDevice(probed);
  const timeout = AbortSignal.timeout(deviceTimeoutMs);
  const within = AbortSignal.any([signal, timeout]);
  try {
    const client = await connectDevice([deviceUrl], credentials, clock, within);
    const information = await readDeviceInformation(client, within);
    const sources = await sourcesOf(client, credentials, within);
    const { manufacturer, model } = information;
    const name = device.name === '' ? `${manufacturer} ${model}`.trim() : device.name;
    return { ...device, ...information, name, sources };
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) {
      const message = `${address} was found, but did not answer within ${deviceTimeoutMs / 1000} s.`;
      return { ...device, cause: 'timeout', message };
    }
    if (!(error instanceof CameraLostError)) throw error;
    return { ...device, cause: error.cameraCause, message: redact(error.message) };
  }
}

/** Without credentials nothing is asked that cameras keep for those who have some. */
async function sourcesOf(
  client: SoapClient,
  { username }: DeviceCredentials,
  signal: AbortSignal,
): Promise<readonly SourceStreams[]> {
  if (username === null) return [];
  const services = await readDeviceServices(client, signal);
  return pairStreams(await readMediaStreams(client, services, signal));
}
