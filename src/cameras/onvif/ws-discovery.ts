import { randomUUID } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../../core/clock.ts';
import { isAbort } from '../../core/errors.ts';
import { serviceAtCamera } from './camera-address.ts';
import { devicePath } from './device-addresses.ts';
import { showable } from './soap-envelope.ts';
import {
  childrenOf,
  elementAt,
  parseXml,
  textAt,
  UnreadableXmlError,
  type XmlElement,
} from './xml-document.ts';

/** Of WS-Discovery 1.0, section 2.4. */
const multicast = { address: '239.255.255.250', port: 3702 } as const;
/** Probes get lost, and some cameras sleep: each is sent again. */
const sendAgainAfterMs = 400;
const maxDevices = 256;

export interface ProbeOptions {
  /** How long answers are waited for. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Where probes go; the multicast group unless given. */
  readonly target?: { readonly address: string; readonly port: number };
  /** Own IPv4 addresses from which they go; those of all networks unless given. */
  readonly localAddresses?: readonly string[];
}

/** A device that answered, as it says of itself. */
export interface ProbedDevice {
  /** IP address that the answer came from. */
  readonly address: string;
  readonly deviceUrl: string;
  /** Empty when it does not say. */
  readonly name: string;
  /** The model, mostly. */
  readonly hardware: string;
}

/** Asks all networks of this machine who has ONVIF. Each device once, however often and from wherever it answers. */
export async function probeDevices(options: ProbeOptions, signal: AbortSignal): Promise<ProbedDevice[]> {
  signal.throwIfAborted();
  const { clock, timeoutMs, target = multicast } = options;
  const devices = new Map<string, ProbedDevice>();
  const onAnswer = (answer: Buffer, { address }: RemoteInfo): void => {
    for (const [id, device] of readAnswer(answer, address))
      if (devices.size < maxDevices && !devices.has(id)) devices.set(id, device);
  };
  await using sockets = new AsyncDisposableStack();
  const opened = await Promise.all(
    (options.localAddresses ?? ownAddresses()).map((local) => openSocket(local, onAnswer, target.address)),
  );
  const open = opened.filter((socket) => socket !== undefined);
  for (const socket of open) sockets.defer(() => closeSocket(socket));
  const probes = ['dn:NetworkVideoTransmitter', 'tds:Device'].map(writeProbe);
  const sendAll = (): void => {
    // One network that is down must not keep the others from being asked.
    for (const socket of open)
      for (const probe of probes) socket.send(probe, target.port, target.address, () => undefined);
  };
  sendAll();
  try {
    await clock.sleep(Math.min(sendAgainAfterMs, timeoutMs), signal);
    sendAll();
    await clock.sleep(Math.max(0, timeoutMs - sendAgainAfterMs), signal);
  } catch (error) {
    if (!isAbort(error)) throw error;
    throw signal.reason;
  }
  return uniqueByUrl([...devices.values()]);
}

/** The same device can answer once for each of its two types under other ids. */
function uniqueByUrl(devices: readonly ProbedDevice[]): ProbedDevice[] {
  return [...new Map(devices.map((device) => [device.deviceUrl, device])).values()];
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}

/** `undefined` for a network that can't be used. */
async function openSocket(
  local: string,
  onAnswer: (answer: Buffer, from: RemoteInfo) => void,
  target: string,
): Promise<Socket | undefined> {
  const socket = createSocket('udp4');
  socket.on('message', onAnswer);
  const bound = Promise.withResolvers<boolean>();
  socket.once('listening', () => {
    bound.resolve(true);
  });
  // Also later: an unreachable network is no reason to end the process.
  socket.on('error', () => {
    bound.resolve(false);
  });
  socket.bind(0, local);
  if (!(await bound.promise)) {
    await closeSocket(socket);
    return undefined;
  }
  if (target === multicast.address) {
    socket.setMulticastInterface(local);
    // Cameras behind one router are reached where it forwards the group.
    socket.setMulticastTTL(2);
  }
  return socket;
}

async function closeSocket(socket: Socket): Promise<void> {
  const closed = Promise.withResolvers<void>();
  socket.close(() => {
    closed.resolve();
  });
  await closed.promise;
}

function writeProbe(type: string): string {
  return (
    '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl" xmlns:tds="http://www.onvif.org/ver10/device/wsdl">' +
    `<s:Header><a:Action s:mustUnderstand="1">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action><a:MessageID>uuid:${randomUUID()}</a:MessageID><a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo><a:To s:mustUnderstand="1">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>` +
    `<s:Body><d:Probe><d:Types>${type}</d:Types></d:Probe></s:Body></s:Envelope>`
  );
}

/** The devices of one answer by their ids; none for what is no answer. */
function readAnswer(answer: Buffer, address: string): [id: string, ProbedDevice][] {
  let body: XmlElement | undefined;
  try {
    body = elementAt(parseXml(answer.toString('utf8')), 'Body', 'ProbeMatches');
  } catch (error) {
    if (!(error instanceof UnreadableXmlError)) throw error;
  }
  const found: [string, ProbedDevice][] = [];
  for (const match of childrenOf(body, 'ProbeMatch')) {
    const deviceUrl = deviceUrlOf(textAt(match, 'XAddrs') ?? '', address);
    if (deviceUrl === undefined) continue;
    const scopes = (textAt(match, 'Scopes') ?? '').split(/\s+/);
    const id = textAt(match, 'EndpointReference', 'Address') ?? deviceUrl;
    found.push([
      id,
      { address, deviceUrl, name: scopeOf(scopes, 'name'), hardware: scopeOf(scopes, 'hardware') },
    ]);
  }
  return found;
}

/**
 * A device names all its addresses, some of networks that are not ours: that by which it answered is taken, or the first
 * one at the host that answered.
 */
function deviceUrlOf(addresses: string, answeredFrom: string): string | undefined {
  const all = addresses
    .split(/\s+/)
    .filter((address) => /^https?:\/\//i.test(address) && URL.canParse(address));
  const own = all.find((address) => new URL(address).hostname === answeredFrom);
  const [first] = all;
  if (own !== undefined || first === undefined) return own === undefined ? undefined : new URL(own).href;
  const { port, protocol } = new URL(first);
  const reached = new URL(devicePath, `${protocol}//${answeredFrom}${port === '' ? '' : `:${port}`}`);
  return serviceAtCamera(first, reached)?.href;
}

/** `onvif://www.onvif.org/name/My%20camera` says `My camera`. */
function scopeOf(scopes: readonly string[], kind: string): string {
  const prefix = `onvif://www.onvif.org/${kind}/`;
  const scope = scopes.find((each) => each.toLowerCase().startsWith(prefix)) ?? '';
  const value = scope.slice(prefix.length);
  try {
    return showable(decodeURIComponent(value), 100);
  } catch {
    return showable(value, 100);
  }
}
