import { copyFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import type { CameraInput } from '../../src/store/event-store.ts';
import { startCameraFleet } from './camera-fleet.ts';
import { startFaultProxy, type WireFault } from './fault-proxy.ts';
import type { AuthScheme } from './http-auth.ts';
import { startMjpegServer, type MjpegFault, type MjpegServer } from './mjpeg-server.ts';
import { makeMovingClip } from './moving-clip.ts';
import { createRandom } from './render-clip.ts';
import { startRtspServer, type RtspFault, type RtspServer } from './rtsp-server.ts';
import type { TempDir } from './temp-dir.ts';

export const cameraKinds = ['rtsp', 'rtsp over UDP', 'http_mjpeg', 'file'] as const;
export type CameraKind = (typeof cameraKinds)[number];

export const faultNames = [
  'nothing listens',
  'accepts, never answers',
  'answers, then sends nothing',
  'goes silent',
  'resets the connection',
  'ends in good order',
  'answers byte by byte',
  'wrong password (Basic)',
  'wrong password (Digest)',
  'no password given',
  'no such host',
  'no such path',
  'a web page instead of video',
  'cut short',
  'few bits flipped',
  'many bits flipped',
  'another size',
  'another codec',
  'its process killed',
] as const;
export type FaultName = (typeof faultNames)[number];

/** Begins and ends one fault. */
export interface Fault {
  readonly start: () => Promise<void>;
  readonly end: () => Promise<void>;
}

/** What a fault may do to the camera as Vedette knows it. */
export interface CameraHandle {
  readonly change: (change: Partial<CameraInput>) => Promise<void>;
}

/** A real camera on the loopback interface that is well until its fault starts. */
export interface FaultyCamera extends AsyncDisposable {
  readonly input: Pick<CameraInput, 'url'> & Partial<CameraInput>;
  readonly fault: (handle: CameraHandle) => Fault;
}

/** Cameras of every kind, each of them with one fault of its own. */
export interface CameraYard extends AsyncDisposable {
  add(kind: CameraKind, fault: FaultName): Promise<FaultyCamera>;
}

const credentials = { username: 'eva', password: 'right-horse' };
const changedCredentials = { username: 'eva', password: 'other-horse' };

const onTheWire = new Map<FaultName, WireFault>([
  ['nothing listens', { kind: 'refuse' }],
  ['accepts, never answers', { kind: 'black_hole' }],
  ['goes silent', { kind: 'silence', afterBytes: 2000 }],
  ['resets the connection', { kind: 'reset', afterBytes: 3000 }],
  ['answers byte by byte', { kind: 'slow_loris', msPerByte: 150 }],
  ['a web page instead of video', { kind: 'web_page' }],
  ['cut short', { kind: 'truncate', afterBytes: 20_000 }],
  ['few bits flipped', { kind: 'flip_bits', everyBytes: 50_000 }],
  ['many bits flipped', { kind: 'flip_bits', everyBytes: 60 }],
]);

type OwnFault = RtspFault & MjpegFault;

/** Shown by the server behind the proxy, on the next connection (`true`) or on the one that runs, too. */
const inTheCamera = new Map<FaultName, readonly [fault: OwnFault, dropsConnections: boolean]>([
  ['answers, then sends nothing', [{ kind: 'stall' }, true]],
  ['ends in good order', [{ kind: 'close' }, false]],
  ['no such path', [{ kind: 'status', status: 404 }, true]],
]);

/** Over UDP the video does not pass the proxy. */
const inTheDatagrams = new Map<FaultName, readonly [fault: OwnFault, dropsConnections: boolean]>([
  ...inTheCamera,
  ['resets the connection', [{ kind: 'reset' }, false]],
  ['goes silent', [{ kind: 'stall' }, false]],
  ['few bits flipped', [{ kind: 'damage', how: 'flip_bits', share: 0.02 }, false]],
  ['many bits flipped', [{ kind: 'damage', how: 'flip_bits', share: 1, everyBytes: 8 }, false]],
  ['cut short', [{ kind: 'damage', how: 'truncate', share: 1 }, false]],
]);

const demanding = new Map<FaultName, AuthScheme>([
  ['wrong password (Basic)', 'basic'],
  ['wrong password (Digest)', 'digest'],
  ['no password given', 'digest'],
]);

type Spoil = (path: string, dir: TempDir) => Promise<void>;

/** The reader notices at once or when it begins anew. */
const onTheDisk = new Map<FaultName, Spoil>([
  ['no such path', (path) => rm(path)],
  [
    'a web page instead of video',
    (path) => writeFile(path, '<html><body>Not found</body></html>'.repeat(100)),
  ],
  ['cut short', async (path) => truncate(path, Math.floor((await readFile(path)).length / 2))],
  ['few bits flipped', async (path) => writeFile(path, flipped(await readFile(path), 20_000))],
  ['many bits flipped', async (path) => writeFile(path, flipped(await readFile(path), 20))],
  ['another size', (path, dir) => copyFile(dir.file('large.mp4'), path)],
  ['another codec', (path, dir) => copyFile(dir.file('other.mp4'), path)],
]);

/** Clips with motion every eight seconds. */
export async function openCameraYard(dir: TempDir): Promise<CameraYard> {
  await Promise.all([
    makeMovingClip(dir.file('usual.mp4'), 1, { width: 320, keyframeInterval: 10 }),
    makeMovingClip(dir.file('large.mp4'), 1, { width: 480, keyframeInterval: 10 }),
    makeMovingClip(dir.file('other.mp4'), 1, { width: 320, keyframeInterval: 10, codec: 'hevc' }),
    makeMovingClip(dir.file('usual.avi'), 1, { width: 320 }),
    makeMovingClip(dir.file('large.avi'), 1, { width: 480 }),
  ]);
  await using opening = new AsyncDisposableStack();
  const rtsp = opening.use(await startRtspServer());
  const mjpeg = opening.use(await startMjpegServer());
  const servers = opening.move();
  let count = 0;
  return {
    async add(kind, fault) {
      count += 1;
      if (kind === 'file') return addRecording(dir, dir.file(`recording${count}.mp4`), fault);
      if (fault === 'its process killed') return addKillable(dir, kind);
      return addNetworkCamera(dir, kind === 'http_mjpeg' ? mjpeg : rtsp, kind, `/camera${count}`, fault);
    },
    [Symbol.asyncDispose]: () => servers.disposeAsync(),
  };
}

/** False for faults that this kind of camera can't have. */
export function canHave(kind: CameraKind, name: FaultName): boolean {
  if (kind === 'file') return onTheDisk.has(name);
  // Passwords are asked for over TCP all the same.
  if (kind === 'rtsp over UDP') return !demanding.has(name);
  // Its parts are pictures, whatever they are called.
  return kind === 'rtsp' || name !== 'another codec';
}

async function addNetworkCamera(
  dir: TempDir,
  server: RtspServer | MjpegServer,
  kind: CameraKind,
  path: string,
  name: FaultName,
): Promise<FaultyCamera> {
  const extension = kind === 'http_mjpeg' ? '.avi' : '.mp4';
  const clipPath = dir.file(`usual${extension}`);
  const proxy = await startFaultProxy({ targetPort: server.port });
  const scheme = demanding.get(name);
  const isGiven = scheme !== undefined && name !== 'no password given';
  const auth = scheme ?? 'digest';
  const open = { clipPath, ...(isGiven ? { credentials, auth } : {}) };
  await server.addStream(path, open);
  const url = `${kind === 'http_mjpeg' ? 'http' : 'rtsp'}://127.0.0.1:${proxy.port}${path}${kind === 'rtsp over UDP' ? '#transport=udp' : ''}`;
  const own = (kind === 'rtsp over UDP' ? inTheDatagrams : inTheCamera).get(name);
  const wire = onTheWire.get(name);
  const fault = ({ change }: CameraHandle): Fault => {
    if (own !== undefined) {
      const [ownFault, dropsConnections] = own;
      return both(
        async () => {
          server.setFault(path, ownFault);
          if (dropsConnections) proxy.resetAll();
          await Promise.resolve();
        },
        async () => {
          server.setFault(path, null);
          await Promise.resolve();
        },
      );
    }
    if (wire !== undefined) {
      return both(
        () => proxy.setFault(wire),
        () => proxy.setFault(null),
      );
    }
    if (scheme !== undefined) {
      return both(
        async () => {
          await server.addStream(path, { clipPath, credentials: changedCredentials, auth });
          proxy.resetAll();
        },
        // Asked again at once: by itself it would be half a minute and more, so as not to lock the account.
        () => change(changedCredentials),
      );
    }
    if (name === 'no such host') {
      return both(
        () => change({ url: url.replace('127.0.0.1', 'camera.invalid') }),
        () => change({ url }),
      );
    }
    const clip = name === 'another codec' ? 'other' : 'large';
    return both(
      () => server.switchClip(path, dir.file(`${clip}${extension}`)),
      () => server.switchClip(path, clipPath),
    );
  };
  return {
    input: { url, ...(isGiven ? credentials : {}) },
    fault,
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

async function addKillable(dir: TempDir, kind: CameraKind): Promise<FaultyCamera> {
  const isMjpeg = kind === 'http_mjpeg';
  const fleet = await startCameraFleet([
    {
      type: isMjpeg ? 'http_mjpeg' : 'rtsp',
      path: '/camera',
      clipPath: dir.file(`usual${isMjpeg ? '.avi' : '.mp4'}`),
      port: 0,
    },
  ]);
  return {
    input: { url: `${fleet.urls[0]}${kind === 'rtsp over UDP' ? '#transport=udp' : ''}` },
    fault: () =>
      both(
        () => fleet.kill(),
        () => fleet.restart(),
      ),
    [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose](),
  };
}

async function addRecording(dir: TempDir, path: string, name: FaultName): Promise<FaultyCamera> {
  const usual = dir.file('usual.mp4');
  await copyFile(usual, path);
  return {
    input: { url: path },
    fault: () =>
      both(
        async () => onTheDisk.get(name)?.(path, dir),
        () => copyFile(usual, path),
      ),
    [Symbol.asyncDispose]: () => rm(path, { force: true }),
  };
}

function flipped(bytes: Buffer, everyBytes: number): Buffer {
  const random = createRandom(3);
  const spoilt = Buffer.from(bytes);
  for (let count = Math.ceil(spoilt.length / everyBytes); count > 0; count -= 1) {
    const at = Math.floor(random() * spoilt.length);
    spoilt[at] = (spoilt[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  }
  return spoilt;
}

function both(start: () => Promise<void>, end: () => Promise<void>): Fault {
  return { start, end };
}
