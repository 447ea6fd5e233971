import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TempDir extends AsyncDisposable {
  readonly path: string;
  /** The path of a file in it. */
  file(...names: string[]): string;
}

/** An empty folder that is removed with all that is in it: `await using dir = await makeTempDir()`. */
export async function makeTempDir(): Promise<TempDir> {
  const path = await mkdtemp(join(tmpdir(), 'vedette-test-'));
  return {
    path,
    file: (...names) => join(path, ...names),
    // Windows and slow children may hold a file for a moment longer.
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  };
}
