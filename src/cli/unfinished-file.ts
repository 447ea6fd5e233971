import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { AppError, messageOf } from '../core/errors.ts';
import { flushToDisk } from '../store/file-flush.ts';

/** A file that is written beside its place and moved there when it is whole; disposed of before that, it is gone. */
export class UnfinishedFile implements AsyncDisposable {
  /** Absolute; what is there is replaced. */
  readonly target: string;
  readonly #path: string;
  readonly #handle: FileHandle;

  private constructor(target: string, path: string, handle: FileHandle) {
    this.target = target;
    this.#path = path;
    this.#handle = handle;
  }

  /** @throws AppError `BAD_REQUEST` when there can be no such file */
  static async create(name: string): Promise<UnfinishedFile> {
    const target = resolve(name);
    const path = `${target}.${randomUUID()}.unfinished`;
    try {
      const there = await stat(target).catch(() => undefined);
      // A device would be replaced by a file.
      if (there?.isFile() === false) throw new Error('it is there, and no file');
      return new UnfinishedFile(target, path, await open(path, 'wx'));
    } catch (error) {
      throw new AppError('BAD_REQUEST', `Nothing can be written to ${target}: ${messageOf(error)}.`, {
        cause: error,
      });
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#handle.writeFile(bytes);
  }

  /** When this resolves, the file is on the disk under its name. */
  async finish(): Promise<void> {
    await this.#handle.sync();
    await this.#handle.close();
    await rename(this.#path, this.target);
    flushToDisk(dirname(this.target));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
    await rm(this.#path, { force: true });
  }
}
