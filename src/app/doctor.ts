import { constants, existsSync } from 'node:fs';
import { access, mkdir, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Config } from '../config/config-schema.ts';
import { CameraLostError, type StreamOpener } from '../core/camera-source.ts';
import { systemClock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { ensurePackageFiles, packageFolder } from '../core/package-files.ts';
import { redact } from '../core/redact.ts';
import { runtimeFiles, weightsFiles } from '../detection/model-files.ts';
import { createMediaService } from '../media/media-service.ts';
import { describeReport } from '../store/database-check.ts';
import { runMaintenance } from '../store/maintenance.ts';
import { openStore } from '../store/open-store.ts';
import { testCamera } from '../pipeline/camera-test.ts';
import type { CameraInput } from '../store/event-store.ts';
import { cameraAdapters } from './builtins.ts';

const oldestNode = [24, 12] as const;
const leastFreeBytes = 1024 ** 3;
const decoderTimeoutMs = 15_000;

export interface Finding {
  /** What was looked at. */
  readonly name: string;
  readonly isWell: boolean;
  /** What was found, and what to do about it when it is not well. */
  readonly message: string;
}

type Check = () => Promise<string>;

/** Looks at everything that Vedette needs, one after the other; nothing that it finds ends the examination. */
export async function* examine(config: Config, log: Logger): AsyncGenerator<Finding> {
  await using streams = createMediaService({ clock: systemClock, log });
  const checks: readonly (readonly [name: string, check: Check])[] = [
    ['Node', checkNode],
    ['data folder', () => checkDataFolder(config.dataDir)],
    ['database', () => checkStore(config.dataDir, log)],
    ['database file', () => checkFile(config.dataDir)],
    ['decoder', () => checkDecoder(streams)],
    ['object detector', () => checkModels(log)],
    ['port', () => checkPort(config.server)],
    ...config.cameras.map(
      (camera) =>
        [`camera "${camera.name}"`, () => checkCamera({ ...camera, origin: 'config' }, streams)] as const,
    ),
  ];
  for (const [name, check] of checks) {
    try {
      yield { name, isWell: true, message: await check() };
    } catch (error) {
      yield { name, isWell: false, message: redact(messageOf(error)) };
    }
  }
}

async function checkNode(): Promise<string> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]))
    return `v${process.versions.node}`;
  throw new Error(
    `found v${process.versions.node}, expected v${oldestNode.join('.')} or newer: start it with \`npm start\``,
  );
}

async function checkDataFolder(dataDir: string): Promise<string> {
  await mkdir(dataDir, { recursive: true });
  await access(dataDir, constants.W_OK);
  const { bavail, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  if (free < leastFreeBytes) {
    throw new Error(
      `${dataDir} has ${gigabytes(free)} free, expected 1 GB at least: make room or choose another folder with --data`,
    );
  }
  return `${dataDir}, ${gigabytes(free)} free`;
}

/** Opens the real database, which also shows that FTS5 is there: its tables need it. */
async function checkStore(dataDir: string, log: Logger): Promise<string> {
  await using store = await openStore({ dataDir, log, clock: systemClock });
  const { schemaVersion, sizeBytes } = await store.checkHealth();
  await store.events.list({ searchQuery: 'anything', limit: 1, offset: 0, sortOrder: 'desc' });
  return `schema ${schemaVersion}, ${Math.round(sizeBytes / 1024)} KB, search works`;
}

/** From end to end, in a process of its own: also while a service uses it. */
async function checkFile(dataDir: string): Promise<string> {
  const file = join(dataDir, 'vedette.db');
  if (!existsSync(file)) return 'there is none yet';
  const problem = describeReport(await runMaintenance('check', file, { depth: 'full' }));
  if (problem !== null) throw new Error(problem);
  return 'sound from end to end';
}

/** A file that is not there is told apart from a decoder that can't be started. */
async function checkDecoder(streams: StreamOpener): Promise<string> {
  await using source = streams.openStream({
    name: 'doctor',
    cameraId: 'doctor',
    purpose: 'analysis',
    protocol: 'file',
    url: join(import.meta.dirname, 'no-such-recording.mp4'),
    username: null,
    password: null,
    transport: 'tcp',
    masks: [],
    frameRate: 5,
    pacing: 'fastest',
    decode: 'full',
    isLooping: false,
  });
  try {
    for await (const frame of source.open(AbortSignal.timeout(decoderTimeoutMs))) {
      throw new Error(`a file that is not there yielded the frame ${frame.sequence}`);
    }
  } catch (error) {
    if (error instanceof CameraLostError && error.cameraCause === 'not_found') return 'starts and answers';
    throw error;
  }
  throw new Error(`the decoder did not answer within ${decoderTimeoutMs / 1000} s`);
}

async function checkModels(log: Logger): Promise<string> {
  const folder = packageFolder();
  for (const wanted of [weightsFiles, runtimeFiles]) await ensurePackageFiles(wanted, { folder, log });
  return `files are there and are the pinned ones (${folder.directory})`;
}

async function checkPort({ host, port }: Config['server']): Promise<string> {
  const server = createServer();
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(port, host, listening.resolve);
  try {
    await listening.promise;
  } catch (error) {
    throw new Error(
      `${host}:${port} can't be listened on (${messageOf(error)}): end what uses it or choose another with --port`,
      {
        cause: error,
      },
    );
  } finally {
    server.close();
  }
  return `${host}:${port} is free`;
}

async function checkCamera(input: CameraInput, streams: StreamOpener): Promise<string> {
  const { info, latencyMs } = await testCamera(input, {
    adapters: cameraAdapters,
    streams,
    clock: systemClock,
  });
  const rate = info.framesPerSecond === null ? '' : ` at ${Math.round(info.framesPerSecond)} fps`;
  return `${info.codec} ${info.width}×${info.height}${rate}, first picture after ${latencyMs} ms`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GB`;
}
