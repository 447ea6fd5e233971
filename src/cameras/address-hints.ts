import { connect } from 'node:net';
import type { Camera, CameraCause } from '../core/camera.ts';
import type { Clock } from '../core/clock.ts';
import { cameraTemplates, fillTemplate, templateOfMaker, wantsStreamName } from './camera-templates.ts';
import { discoverCameras, type DiscoveredDevice } from './onvif/discover-cameras.ts';

/** What may be the right address instead of one that did not work. */
export interface AddressHint {
  /** Why, and what to do; one sentence. */
  readonly text: string;
  readonly url: string | null;
  readonly subUrl: string | null;
}

/** Hints are help, not work: what takes longer is left out. */
const timeLimitMs = 6000;
const portTryMs = 1000;
const maxHints = 12;

/** Ports of video streams that are worth a look when another one is closed. */
const streamPorts = [...new Set(cameraTemplates.map(({ port }) => port))];

/**
 * What to try instead of an address at which something answers that is no stream: first what the camera itself names over
 * ONVIF, then the makers' usual addresses. For a closed port, which other ones are open. Never throws but for the signal.
 */
export async function findAddressHints(
  { url, username, password }: Pick<Camera, 'url' | 'username' | 'password'>,
  cause: CameraCause,
  clock: Clock,
  signal: AbortSignal,
): Promise<AddressHint[]> {
  if (!URL.canParse(url) || !/^(?:rtsps?|https?):$/.test(new URL(url).protocol)) return [];
  const { hostname, port } = new URL(url);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeLimitMs)]);
  if (cause === 'refused') return openPortHints(hostname, Number(port), limit);
  if (cause !== 'not_found' && cause !== 'invalid_data') return [];
  const device = await askCamera(hostname, { username, password }, clock, limit);
  signal.throwIfAborted();
  const named = (device?.sources ?? []).map(({ main, sub }) => ({
    text: `The camera itself names this stream (ONVIF, ${main.width} × ${main.height}).`,
    url: main.url,
    subUrl: sub?.url ?? null,
  }));
  return [...named, ...templateHints(hostname, usualPort(url), device)]
    .filter((hint) => hint.url !== url)
    .slice(0, maxHints);
}

async function askCamera(
  host: string,
  credentials: Pick<Camera, 'username' | 'password'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<DiscoveredDevice | undefined> {
  try {
    const [device] = await discoverCameras({ ...credentials, host, timeoutMs: timeLimitMs }, clock, signal);
    return device;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** Of the maker where that is known, else of all whose streams are at this port; of all where it is nobody's usual one. */
function templateHints(host: string, port: number, device: DiscoveredDevice | undefined): AddressHint[] {
  const maker = templateOfMaker(device?.manufacturer ?? '');
  const atPort = cameraTemplates.filter((each) => each.port === port);
  const fitting = maker !== undefined ? [maker] : atPort.length > 0 ? atPort : cameraTemplates;
  const named = atPort.filter(wantsStreamName).map(({ title }) => title);
  return [
    ...fitting.flatMap((template) => {
      const filled = fillTemplate(template, { host, port });
      if (filled === undefined) return [];
      return [{ text: `The usual address of ${template.title}.`, url: filled.url, subUrl: filled.subUrl }];
    }),
    ...(named.length === 0 || maker !== undefined ? [] : [nameHint(named)]),
  ];
}

function nameHint(titles: readonly string[]): AddressHint {
  const text = `Behind this port stands the name of a stream, as its server calls it (${titles.join(', ')}).`;
  return { text, url: null, subUrl: null };
}

function usualPort(url: string): number {
  const { port, protocol } = new URL(url);
  if (port !== '') return Number(port);
  return protocol === 'rtsps:' ? 322 : 554;
}

async function openPortHints(host: string, closed: number, signal: AbortSignal): Promise<AddressHint[]> {
  const others = streamPorts.filter((port) => port !== closed);
  const open = await Promise.all(others.map((port) => isOpen(host, port, signal)));
  return others
    .filter((_, index) => open[index])
    .map((port) => {
      const makers = cameraTemplates.filter((each) => each.port === port).map(({ title }) => title);
      const text = `Port ${port} is open there: the usual one of ${makers.join(', ')}.`;
      return { text, url: null, subUrl: null };
    });
}

async function isOpen(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  const socket = connect({ host: host.replace(/^\[(.*)\]$/, '$1'), port });
  const settled = Promise.withResolvers<boolean>();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(portTryMs)]);
  limit.addEventListener('abort', () => {
    settled.resolve(false);
  });
  socket.once('connect', () => {
    settled.resolve(true);
  });
  socket.on('error', () => {
    settled.resolve(false);
  });
  const isConnected = await settled.promise;
  socket.destroy();
  return isConnected;
}
