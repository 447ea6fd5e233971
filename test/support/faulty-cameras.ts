import { copyFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import type { CameraInput } from '../../src/store/event-store.ts';
import { startCameraFleet, type FleetCamera } from './camera-fleet.ts';
import { startFaultProxy, type WireFault } from './fault-proxy.ts';
import { startHlsServer, type HlsFault } from './hls-server.ts';
import type { AuthScheme, Credentials } from './http-auth.ts';
import { startMjpegServer, type MjpegFault } from './mjpeg-server.ts';
import { makeMovingClip } from './moving-clip.ts';
import { createRandom } from './render-clip.ts';
import { startRtspServer, type RtspFault } from './rtsp-server.ts';
import { startSnapshotServer, type SnapshotFault } from './snapshot-server.ts';
import type { TempDir } from './temp-dir.ts';

export const cameraKinds = ['rtsp', 'rtsp over UDP', 'http_mjpeg', 'http_snapshot', 'hls', 'file'] as const;
export type CameraKind = (typeof cameraKinds)[number];
type NetworkKind = Exclude<CameraKind, 'file'>;

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

/** What a fault is in the server itself, and whether the connection that runs has to end for it to be seen. */
type Own<F> = ReadonlyMap<FaultName, readonly [fault: F, dropsConnections: boolean]>;

/** One kind of server, as far as the faults need it. */
interface Origin {
  readonly port: number;
  readonly scheme: 'rtsp' | 'http';
  /** Of the clips that it shows. */
  readonly extension: '.mp4' | '.avi';
  /** What it shows when it is well; default `usual`. */
  readonly clip?: string;
  readonly addStream: (path: string, options: StreamOptions) => Promise<void>;
  readonly switchClip: (path: string, clipPath: string) => Promise<void>;
  /** `undefined` when the server can't have this fault. */
  readonly ownFault: (path: string, name: FaultName) => OwnFault | undefined;
  /** Behind the stream's path. */
  readonly suffix?: string;
}

interface StreamOptions {
  readonly clipPath: string;
  readonly credentials?: Credentials;
  readonly auth?: AuthScheme;
}

interface OwnFault {
  readonly dropsConnections: boolean;
  readonly set: (isOn: boolean) => void;
}

const inTheCamera: Own<RtspFault & MjpegFault> = new Map([
  ['answers, then sends nothing', [{ kind: 'stall' }, true]],
  ['ends in good order', [{ kind: 'close' }, false]],
  ['no such path', [{ kind: 'status', status: 404 }, true]],
]);

const inThePictures: Own<SnapshotFault> = new Map([
  ['answers, then sends nothing', [{ kind: 'black_hole' }, false]],
  ['no such path', [{ kind: 'status', status: 404 }, false]],
]);

const inThePlaylist: Own<HlsFault> = new Map([
  ['answers, then sends nothing', [{ kind: 'stall' }, false]],
  ['no such path', [{ kind: 'status', status: 404 }, false]],
]);

/** Over UDP the video does not pass the proxy. */
const inTheDatagrams: Own<RtspFault> = new Map([
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
  const coding = { width: 320, keyframeInterval: 10 };
  await Promise.all([
    makeMovingClip(dir.file('usual.mp4'), 4, { ...coding, isVaried: true }),
    makeMovingClip(dir.file('usual.avi'), 4, { width: 320, isVaried: true }),
    makeMovingClip(dir.file('large.mp4'), 1, { ...coding, width: 480 }),
    makeMovingClip(dir.file('large.avi'), 1, { width: 480 }),
    makeMovingClip(dir.file('other.mp4'), 1, { ...coding, codec: 'hevc' }),
    makeMovingClip(dir.file('recording.mp4'), 1, coding),
  ]);
  await using opening = new AsyncDisposableStack();
  const rtsp = opening.use(await startRtspServer());
  const mjpeg = opening.use(await startMjpegServer());
  const snapshots = opening.use(await startSnapshotServer());
  const hls = opening.use(await startHlsServer());
  const servers = opening.move();
  const origins: Record<NetworkKind, Origin> = {
    rtsp: { ...originOf(rtsp, inTheCamera), scheme: 'rtsp', extension: '.mp4' },
    'rtsp over UDP': {
      ...originOf(rtsp, inTheDatagrams),
      scheme: 'rtsp',
      extension: '.mp4',
      suffix: '#transport=udp',
    },
    http_mjpeg: { ...originOf(mjpeg, inTheCamera), scheme: 'http', extension: '.avi' },
    http_snapshot: {
      ...originOf(
        {
          ...snapshots,
          addStream: (path, options) => snapshots.addCamera(path, options),
          switchClip: (path, clipPath) => snapshots.addCamera(path, { clipPath }),
        },
        inThePictures,
      ),
      scheme: 'http',
      extension: '.avi',
    },
    // Segments of clips of one length follow each other without a jump of their times.
    hls: {
      ...originOf(hls, inThePlaylist),
      scheme: 'http',
      extension: '.mp4',
      clip: 'recording',
      suffix: '/index.m3u8',
    },
  };
  let count = 0;
  return {
    async add(kind, fault) {
      count += 1;
      if (kind === 'file') return addRecording(dir, dir.file(`recording${count}.mp4`), fault);
      if (fault === 'its process killed') return addKillable(dir, kind, origins[kind]);
      return addNetworkCamera(dir, origins[kind], kind, `/camera${count}`, fault);
    },
    [Symbol.asyncDispose]: () => servers.disposeAsync(),
  };
}

/** False for faults that this kind of camera can't have. */
export function canHave(kind: CameraKind, name: FaultName): boolean {
  if (kind === 'file') return onTheDisk.has(name);
  // Passwords are asked for over TCP all the same.
  if (kind === 'rtsp over UDP') return !demanding.has(name);
  // Who asks for one piece after the other knows no end; the test's server for HLS asks nobody for a password.
  if (kind === 'http_snapshot') return name !== 'another codec' && name !== 'ends in good order';
  if (kind === 'hls') return name !== 'ends in good order' && !demanding.has(name);
  // Its parts are pictures, whatever they are called.
  return kind === 'rtsp' || name !== 'another codec';
}

/** What the servers have in common. */
interface Server<F> {
  readonly port: number;
  addStream(path: string, options: StreamOptions): Promise<void>;
  switchClip(path: string, clipPath: string): Promise<void>;
  setFault(path: string, fault: F | null): void;
}

function originOf<F>(
  server: Server<F>,
  own: Own<F>,
): Pick<Origin, 'port' | 'addStream' | 'switchClip' | 'ownFault'> {
  return {
    port: server.port,
    addStream: (path, options) => server.addStream(path, options),
    switchClip: (path, clipPath) => server.switchClip(path, clipPath),
    ownFault: (path, name) => {
      const found = own.get(name);
      if (found === undefined) return undefined;
      const [fault, dropsConnections] = found;
      return {
        dropsConnections,
        set: (isOn) => {
          server.setFault(path, isOn ? fault : null);
        },
      };
    },
  };
}

async function addNetworkCamera(
  dir: TempDir,
  origin: Origin,
  kind: NetworkKind,
  path: string,
  name: FaultName,
): Promise<FaultyCamera> {
  const { extension, suffix = '', clip: usual = 'usual' } = origin;
  const clipPath = dir.file(`${usual}${extension}`);
  const proxy = await startFaultProxy({ targetPort: origin.port });
  const scheme = demanding.get(name);
  const isGiven = scheme !== undefined && name !== 'no password given';
  const auth = scheme ?? 'digest';
  await origin.addStream(path, { clipPath, ...(isGiven ? { credentials, auth } : {}) });
  const url = `${origin.scheme}://127.0.0.1:${proxy.port}${path}${suffix}`;
  const own = origin.ownFault(path, name);
  const wire = onTheWire.get(name);
  const fault = ({ change }: CameraHandle): Fault => {
    if (own !== undefined) {
      return both(
        async () => {
          own.set(true);
          if (own.dropsConnections) proxy.resetAll();
          await Promise.resolve();
        },
        async () => {
          own.set(false);
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
          await origin.addStream(path, { clipPath, credentials: changedCredentials, auth });
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
      () => origin.switchClip(path, dir.file(`${clip}${extension}`)),
      () => origin.switchClip(path, clipPath),
    );
  };
  return {
    input: { url, type: typeOf(kind), ...(isGiven ? credentials : {}) },
    fault,
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

function typeOf(kind: NetworkKind): FleetCamera['type'] {
  return kind === 'rtsp over UDP' ? 'rtsp' : kind;
}

async function addKillable(
  dir: TempDir,
  kind: NetworkKind,
  { extension, suffix = '', clip = 'usual' }: Origin,
): Promise<FaultyCamera> {
  const clipPath = dir.file(`${clip}${extension}`);
  const type = typeOf(kind);
  const fleet = await startCameraFleet([{ type, path: '/camera', clipPath, port: 0 }]);
  return {
    input: { url: `${fleet.urls[0]}${suffix}`, type },
    fault: () =>
      both(
        () => fleet.kill(),
        () => fleet.restart(),
      ),
    [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose](),
  };
}

async function addRecording(dir: TempDir, path: string, name: FaultName): Promise<FaultyCamera> {
  const usual = dir.file('recording.mp4');
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
