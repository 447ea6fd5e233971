import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, rm, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { once } from 'node:events';

const run = promisify(execFile);

/** A small file system of its own, in the memory, that nobody outside of its mount namespace sees or has to clean up. */
export interface SmallDisk extends AsyncDisposable {
  /** Of the processes that are started by `prefix`. */
  readonly inside: string;
  /** The same folder as this process reaches it. */
  readonly outside: string;
  /** Stands before a command that is to run inside. */
  readonly prefix: readonly string[];
  /** Leaves so many bytes free. */
  fill(leaveBytes: number): Promise<void>;
  /** Takes away what `fill` has written. */
  empty(): Promise<void>;
}

/** Why a small disk can't be had here; `undefined` when it can. */
export async function smallDiskProblem(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'only Linux has mount namespaces';
  try {
    await run('unshare', [...namespaceFlags(), 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', '/mnt']);
    return undefined;
  } catch (error) {
    return `a file system can not be mounted here: ${String(error).slice(0, 200)}`;
  }
}

/** @param mountPoint an empty folder */
export async function mountSmallDisk(mountPoint: string, megabytes: number): Promise<SmallDisk> {
  await mkdir(mountPoint, { recursive: true });
  // It holds the namespace open until it is killed.
  const keeper: ChildProcess = spawn(
    'unshare',
    [
      ...namespaceFlags(),
      'sh',
      '-c',
      `mount -t tmpfs -o size=${megabytes}m none "$1" && echo mounted && exec sleep 3600`,
      'sh',
      mountPoint,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (keeper.stdout === null || keeper.pid === undefined) throw new Error('unshare did not start');
  const ended = once(keeper, 'exit');
  await Promise.race([
    once(keeper.stdout, 'data'),
    ended.then(() => Promise.reject(new Error('the disk could not be mounted'))),
  ]);
  const { pid } = keeper;
  const outside = `/proc/${pid}/root${mountPoint}`;
  const filler = `${outside}/filler`;
  return {
    inside: mountPoint,
    outside,
    prefix: [
      'nsenter',
      `--target=${pid}`,
      ...(isRoot() ? ['--mount'] : ['--user', '--preserve-credentials', '--mount']),
    ],
    async fill(leaveBytes) {
      const file = await open(filler, 'a');
      try {
        const piece = Buffer.alloc(256 * 1024, 1);
        for (;;) {
          const { bavail, bsize } = await statfs(outside);
          const wanted = Math.min(piece.length, bavail * bsize - leaveBytes);
          if (wanted <= 0) return;
          await file.write(piece, 0, wanted);
        }
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      } finally {
        await file.close();
      }
    },
    empty: () => rm(filler, { force: true }),
    async [Symbol.asyncDispose]() {
      if (existsSync(`/proc/${pid}`)) keeper.kill('SIGKILL');
      await ended;
    },
  };
}

function namespaceFlags(): string[] {
  return isRoot() ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
