import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { AppError } from '../core/errors.ts';
import { dayOf, flushFolder, locate, makeFolder } from './media-files.ts';
import { isSystemError, toFileError } from './store-errors.ts';

/** A clip that can be read. */
export interface StoredClip {
  readonly sizeBytes: number;
  /** @param range both inclusive */
  read(range: { readonly first: number; readonly last: number }): Readable;
}

/**
 * The clips of events: `media/YYYY-MM-DD/event_<id>.mp4`, beside their pictures. While a clip is being recorded its file
 * stands in `media/recording/`, since the event may not be there yet; it is moved only once it is whole.
 */
export interface ClipFiles {
  /** Deletes what an earlier run left half-written. To be called before anything is recorded. */
  clear(): Promise<void>;
  /** An absolute path, on the same disk, for a file that is being recorded. */
  newRecording(): string;
  /** Where the clip of this event will stand, relative to the data folder. */
  pathOf(eventId: string, timestamp: number): string;
  /**
   * Moves a recording, whose bytes are on the disk, to its place.
   *
   * @throws AppError `STORE_UNAVAILABLE` when the disk refuses
   */
  keep(recording: string, path: string): Promise<void>;
  /** One that is gone already is fine. */
  discard(recording: string): Promise<void>;
  /** Deletes a clip from its place. One that is gone already is fine. */
  remove(path: string): Promise<void>;
  /** @throws AppError `CLIP_NOT_FOUND` when there is none, or the path is not one of a clip */
  open(path: string): Promise<StoredClip>;
}

export async function createClipFiles(options: { readonly dataDir: string }): Promise<ClipFiles> {
  const dataDir = resolve(options.dataDir);
  const mediaDir = join(dataDir, 'media');
  const recordingDir = join(mediaDir, 'recording');
  await mkdir(recordingDir, { recursive: true });

  return {
    async clear() {
      for (const name of await readdir(recordingDir)) await rm(join(recordingDir, name), { force: true });
    },
    newRecording: () => join(recordingDir, `${randomUUID()}.mp4`),
    pathOf: (eventId, timestamp) => `media/${dayOf(timestamp)}/event_${eventId}.mp4`,
    async keep(recording, path) {
      const file = fileOf(dataDir, path);
      try {
        await makeFolder(mediaDir, dirname(file));
        await rename(recording, file);
        await flushFolder(dirname(file));
      } catch (error) {
        throw toFileError(error, 'The clips');
      }
    },
    discard: (recording) => rm(recording, { force: true }),
    remove: (path) => rm(fileOf(dataDir, path), { force: true }),
    async open(path) {
      const file = fileOf(dataDir, path);
      try {
        const { size } = await stat(file);
        return {
          sizeBytes: size,
          read: ({ first, last }) => createReadStream(file, { start: first, end: last }),
        };
      } catch (error) {
        if (!isSystemError(error) || error.code !== 'ENOENT') throw toFileError(error, 'The clips');
        throw new AppError('CLIP_NOT_FOUND', `There is no clip "${path}".`, { cause: error });
      }
    },
  };
}

function fileOf(dataDir: string, path: string): string {
  const file = path.endsWith('.mp4') ? locate(dataDir, path) : undefined;
  if (file !== undefined) return file;
  throw new AppError('CLIP_NOT_FOUND', `"${path}" is not the path of an event's clip.`);
}
