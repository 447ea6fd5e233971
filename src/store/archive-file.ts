import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { tarEnd, tarHeader, tarPadding } from '../core/tar-writer.ts';
import { sumLine } from './backup-format.ts';

const pieceBytes = 1024 * 1024;

/** A tar archive that is being written, with a file beside it that holds the sum of every entry. */
export class ArchiveFile implements AsyncDisposable {
  readonly #archive: FileHandle;
  readonly #sums: FileHandle;
  readonly #sumsPath: string;
  #bytes = 0;
  #files = 0;

  private constructor(archive: FileHandle, sums: FileHandle, sumsPath: string) {
    this.#archive = archive;
    this.#sums = sums;
    this.#sumsPath = sumsPath;
  }

  /** Both for their owner only; made anew. */
  static async create(archivePath: string, sumsPath: string): Promise<ArchiveFile> {
    const archive = await open(archivePath, 'w', 0o600);
    try {
      return new ArchiveFile(archive, await open(sumsPath, 'w', 0o600), sumsPath);
    } catch (error) {
      await archive.close();
      throw error;
    }
  }

  /** Of all entries so far. */
  get bytes(): number {
    return this.#bytes;
  }

  get files(): number {
    return this.#files;
  }

  /** Answers false, with nothing written, when there is no such file. Throws when it changes while it is read. */
  async addFile(path: string, source: string): Promise<boolean> {
    let file: FileHandle;
    try {
      file = await open(source, 'r');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
      throw error;
    }
    try {
      const { size, mtimeMs } = await file.stat();
      const hash = createHash('sha256');
      await this.#archive.writeFile(tarHeader({ path, size, modifiedAt: mtimeMs }));
      await this.#copy(file, size, hash, source);
      await this.#archive.writeFile(tarPadding(size));
      await this.#sums.writeFile(sumLine(hash.digest('hex'), path));
      this.#bytes += size;
      this.#files += 1;
      return true;
    } finally {
      await file.close();
    }
  }

  async addText(path: string, text: string): Promise<void> {
    const content = Buffer.from(text);
    await this.#archive.writeFile(tarHeader({ path, size: content.length, modifiedAt: 0 }));
    await this.#archive.writeFile(content);
    await this.#archive.writeFile(tarPadding(content.length));
  }

  /** Adds the sums of everything before as an entry of their own. */
  async addSums(path: string): Promise<void> {
    await this.#sums.sync();
    const file = await open(this.#sumsPath, 'r');
    try {
      const { size } = await file.stat();
      await this.#archive.writeFile(tarHeader({ path, size, modifiedAt: 0 }));
      await this.#copy(file, size, undefined, this.#sumsPath);
      await this.#archive.writeFile(tarPadding(size));
    } finally {
      await file.close();
    }
  }

  /** The archive is whole, and on the disk. */
  async finish(): Promise<void> {
    await this.#archive.writeFile(tarEnd);
    await this.#archive.sync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#archive.close();
    await this.#sums.close();
  }

  async #copy(file: FileHandle, size: number, hash: Hash | undefined, name: string): Promise<void> {
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, Math.max(1, size)));
    for (let left = size; left > 0;) {
      const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, left));
      if (bytesRead === 0) throw new Error(`${name} became shorter while it was read`);
      const read = piece.subarray(0, bytesRead);
      hash?.update(read);
      await this.#archive.writeFile(read);
      left -= bytesRead;
    }
  }
}
