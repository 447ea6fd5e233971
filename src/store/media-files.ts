import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { EventFrame } from '../core/event.ts';
import type { MotionRegion } from '../core/motion.ts';
import type { Picture } from '../core/frame.ts';
import type { SentPictureFile } from './event-store.ts';
import { inspectJpeg, reduceToLongestSide, toThumbnail, type CodedPicture } from './picture-coding.ts';
import { isSystemError, toFileError } from './store-errors.ts';

/** Files younger than this may belong to an event that is just being captured: files come first, then the row. */
const orphanAgeMs = 10 * 60 * 1_000;

export interface EventPicture extends Picture {
  /** What moves in it; empty when that is not known. */
  readonly regions: readonly MotionRegion[];
}

export interface WrittenPictures {
  /** `null` without a picture. */
  readonly thumbnailPath: string | null;
  readonly thumbnailBytes: number | null;
  readonly frames: readonly EventFrame[];
}

/** An event, or as much of it as names its files. */
export interface PicturePaths {
  readonly thumbnailPath: string | null;
  readonly frames: readonly { readonly path: string }[];
}

/** A picture that was made to be sent. */
export interface SentPictureBytes {
  readonly label: string;
  readonly jpeg: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A file below `media/` that belongs to no stored event. */
export interface OrphanFile {
  /** Relative to the data folder. */
  readonly path: string;
  readonly eventId: string;
  readonly sizeBytes: number;
  readonly modifiedAt: number;
}

/**
 * The pictures of events, as files under the data folder: `media/YYYY-MM-DD/event_<id>.jpg` is the thumbnail,
 * `event_<id>_<n>.jpg` its nth frame, `event_<id>_sent_<provider>-<time>_<n>.jpg` what a provider was sent,
 * `event_<id>.mp4` its clip (clip-files.ts), the day that of the event's timestamp in UTC. Paths are relative to the data
 * folder, with forward slashes. A file is whole or not there, whenever the power fails.
 */
export interface MediaFiles {
  /**
   * Writes the pictures and a thumbnail of the first.
   *
   * @param pictures best first; without one nothing is written
   * @throws AppError `PICTURE_INVALID` when one can't be read, `STORE_UNAVAILABLE` when the disk refuses
   */
  writeEventPictures(
    eventId: string,
    timestamp: number,
    pictures: readonly EventPicture[],
  ): Promise<WrittenPictures>;
  /**
   * Writes the pictures of one request, byte for byte. The same request again takes the place of the first.
   *
   * @param timestamp of the event
   * @param request whose it is: the name of the provider, and when it was sent
   * @throws AppError `STORE_UNAVAILABLE` when the disk refuses
   */
  writeSentPictures(
    eventId: string,
    timestamp: number,
    request: { readonly provider: string; readonly sentAt: number },
    pictures: readonly SentPictureBytes[],
  ): Promise<SentPictureFile[]>;
  /** @throws AppError `PICTURE_NOT_FOUND` when there is none, or the path is not one of a picture */
  read(path: string): Promise<Buffer>;
  /** Deletes an event's files, and the folder of its day when it is empty then. One that is gone already is fine. */
  remove(event: PicturePaths): Promise<void>;
  /** Likewise, whatever event each belongs to. @throws AppError `STORE_UNAVAILABLE` when the disk refuses */
  removePaths(paths: readonly string[]): Promise<void>;
  /**
   * Files older than ten minutes whose event is not stored: what a crash between the files and the row leaves.
   *
   * @param existing which of these ids are stored; a rejection ends the search
   */
  findOrphans(
    existing: (ids: readonly string[]) => Promise<readonly string[]>,
    now: number,
  ): Promise<OrphanFile[]>;
  removeOrphans(orphans: readonly OrphanFile[]): Promise<void>;
  /** See `inspectJpeg`. */
  inspectPicture(bytes: Uint8Array): Promise<CodedPicture>;
}

/** A night's run has hundreds of thousands of them: it leaves threads and disk to whoever stores pictures meanwhile. */
const removedAtOnce = 2;
const eventIdPattern = /^[A-Za-z0-9-]{1,64}$/;
const dayPattern = /^\d{4}-\d{2}-\d{2}$/;
const fileName =
  /^event_([A-Za-z0-9-]{1,64})(?:(?:_sent_[a-z0-9-]{1,64})?(?:_\d{1,4})?\.jpg(?:\.[0-9a-f-]{36}\.unfinished)?|\.mp4)$/;

export function createMediaFiles(options: { readonly dataDir: string }): MediaFiles {
  const dataDir = resolve(options.dataDir);
  const mediaDir = join(dataDir, 'media');

  /** All of them, or none: a disk that refuses one of them leaves no half event. */
  async function writeTogether(
    folder: string,
    files: readonly { readonly path: string; readonly bytes: Uint8Array }[],
  ): Promise<void> {
    await asStoreErrors(async () => {
      await makeFolder(mediaDir, join(dataDir, folder));
      const writes = await Promise.allSettled(
        files.map(({ path, bytes }) => writeWhole(join(dataDir, path), bytes)),
      );
      const failed = writes.find((write) => write.status === 'rejected');
      if (failed !== undefined) {
        await removeFiles(
          dataDir,
          files.map(({ path }) => path),
        );
        throw failed.reason;
      }
      await flushFolder(join(dataDir, folder));
    });
  }

  return {
    writeEventPictures: async (eventId, timestamp, pictures) => {
      const [best] = pictures;
      if (best === undefined) return { thumbnailPath: null, thumbnailBytes: null, frames: [] };
      checkEventId(eventId);
      const folder = `media/${dayOf(timestamp)}`;
      const [thumbnail, ...reduced] = await Promise.all([
        toThumbnail(best.jpeg),
        ...pictures.map(async (picture) => ({
          picture,
          coded: await reduceToLongestSide(picture.jpeg),
        })),
      ]);
      const frames = reduced.map(({ picture, coded }, index): EventFrame => ({
        number: index + 1,
        capturedAt: picture.capturedAt,
        path: `${folder}/event_${eventId}_${index + 1}.jpg`,
        width: coded.width,
        height: coded.height,
        sizeBytes: coded.jpeg.byteLength,
        regions: picture.regions,
      }));
      const thumbnailPath = `${folder}/event_${eventId}.jpg`;
      await writeTogether(folder, [
        { path: thumbnailPath, bytes: thumbnail.jpeg },
        ...reduced.map(({ coded }, index) => ({
          path: `${folder}/event_${eventId}_${index + 1}.jpg`,
          bytes: coded.jpeg,
        })),
      ]);
      return { thumbnailPath, thumbnailBytes: thumbnail.jpeg.byteLength, frames };
    },

    writeSentPictures: async (eventId, timestamp, { provider, sentAt }, pictures) => {
      checkEventId(eventId);
      const folder = `media/${dayOf(timestamp)}`;
      const stem = `event_${eventId}_sent_${nameForFile(provider)}-${Math.round(sentAt).toString(36)}`;
      const files = pictures.map(({ label, jpeg, width, height }, index): SentPictureFile => ({
        label,
        path: `${folder}/${stem}_${index + 1}.jpg`,
        width,
        height,
        sizeBytes: jpeg.byteLength,
      }));
      if (files.length === 0) return files;
      await writeTogether(
        folder,
        pictures.map(({ jpeg }, index) => ({ path: `${folder}/${stem}_${index + 1}.jpg`, bytes: jpeg })),
      );
      return files;
    },

    read: async (path) => {
      const file = locate(dataDir, path);
      try {
        if (file !== undefined) return await readFile(file);
      } catch (error) {
        if (!isMissing(error)) throw unavailable(error);
      }
      throw new AppError('PICTURE_NOT_FOUND', `There is no picture "${path}".`);
    },

    remove: async ({ thumbnailPath, frames }) => {
      const paths = frames.map(({ path }) => path);
      await removeFiles(dataDir, thumbnailPath === null ? paths : [thumbnailPath, ...paths]);
    },

    removePaths: (paths) => removeFiles(dataDir, paths),

    removeOrphans: async (orphans) => {
      await removeFiles(
        dataDir,
        orphans.map((orphan) => orphan.path),
      );
    },

    inspectPicture: inspectJpeg,

    findOrphans: async (existing, now) => {
      const orphans: OrphanFile[] = [];
      // One day at a time: what is held in memory is bounded by a day's files.
      for (const day of await namesIn(mediaDir)) {
        if (!dayPattern.test(day)) continue;
        const files = await oldFilesOf(dataDir, day, now - orphanAgeMs);
        const ids = new Set(files.map((file) => file.eventId));
        const stored = new Set(ids.size === 0 ? [] : await existing([...ids]));
        orphans.push(...files.filter((file) => isUnfinished(file.path) || !stored.has(file.eventId)));
      }
      return orphans;
    },
  };
}

function checkEventId(eventId: string): void {
  if (eventIdPattern.test(eventId)) return;
  throw new AppError('INTERNAL', `Got the event id "${eventId}"; expected letters, digits and dashes.`);
}

/** The name that a person gave, as far as a file can have it; two names never become one. */
function nameForFile(name: string): string {
  if (/^[a-z0-9]{1,24}$/.test(name)) return name;
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 24);
  return `${plain}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}

/** The UTC day of a time, as the folders are named. */
export function dayOf(timestamp: number): string {
  return new Date(timestamp).toISOString().slice(0, 10);
}

/** Where a path leads, if it is one that this module gives its files. */
export function locate(dataDir: string, path: string): string | undefined {
  const [media, day = '', name = '', ...rest] = path.split('/');
  const isOurs = media === 'media' && dayPattern.test(day) && fileName.test(name) && rest.length === 0;
  return isOurs ? join(dataDir, media, day, name) : undefined;
}

async function removeFiles(dataDir: string, paths: readonly string[]): Promise<void> {
  const files = paths.map((path) => locate(dataDir, path) ?? refuse(path));
  const left = files.values();
  const removeOneByOne = async (): Promise<void> => {
    for (const file of left) await removeIfThere(file);
  };
  await asStoreErrors(async () => {
    await Promise.all(Array.from({ length: removedAtOnce }, removeOneByOne));
    for (const folder of new Set(files.map(dirname))) await removeIfEmpty(folder);
  });
}

async function removeIfThere(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function isUnfinished(path: string): boolean {
  return path.endsWith('.unfinished');
}

async function oldFilesOf(dataDir: string, day: string, before: number): Promise<OrphanFile[]> {
  const files: OrphanFile[] = [];
  for (const name of await namesIn(join(dataDir, 'media', day))) {
    const eventId = fileName.exec(name)?.[1];
    if (eventId === undefined) continue;
    const path = `media/${day}/${name}`;
    const found = await statIfThere(join(dataDir, path));
    if (found !== undefined && found.mtimeMs < before) {
      files.push({ path, eventId, sizeBytes: found.size, modifiedAt: Math.round(found.mtimeMs) });
    }
  }
  return files;
}

/** Written beside its place, flushed, then moved there: it is whole or not there. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const unfinished = `${file}.${randomUUID()}.unfinished`;
  try {
    const handle = await open(unfinished, 'wx');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** A new folder is itself an entry that must reach the disk. */
export async function makeFolder(mediaDir: string, folder: string): Promise<void> {
  const firstMade = await mkdir(folder, { recursive: true });
  if (firstMade === undefined) return;
  await flushFolder(mediaDir);
  await flushFolder(dirname(mediaDir));
}

export async function flushFolder(folder: string): Promise<void> {
  // Windows can't open folders, and needs no flush of them.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    // ENOTEMPTY is the usual case; a folder that stays is no failure.
    if (!isSystemError(error)) throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).toSorted();
  } catch (error) {
    if (isMissing(error)) return [];
    throw unavailable(error);
  }
}

async function statIfThere(file: string): Promise<{ size: number; mtimeMs: number } | undefined> {
  try {
    return await stat(file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unavailable(error);
  }
}

function refuse(path: string): never {
  throw new AppError('PICTURE_NOT_FOUND', `"${path}" is not the path of an event's picture.`);
}

function isMissing(error: unknown): boolean {
  return isSystemError(error) && error.code === 'ENOENT';
}

function unavailable(error: unknown): AppError {
  return toFileError(error, 'The pictures');
}

async function asStoreErrors(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw unavailable(error);
  }
}
