import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { AppError } from '../core/errors.ts';
import { leanAllocator } from '../core/lean-memory.ts';
import { siblingModule } from '../core/sibling-module.ts';

export type ClipCodec = 'h264' | 'hevc' | 'mjpeg';

/** `rgb24`: 3 bytes a pixel; `gray`: 1 byte, full range 0..255. Row by row without padding. */
export type ClipPixels = 'rgb24' | 'gray';

export interface ClipOptions {
  /** The container follows from the extension: `.mp4`, `.mkv`, `.avi`, or a bare stream in `.h264` / `.hevc`. */
  readonly path: string;
  /** Even, pixels. */
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly pixels?: ClipPixels;
  /** Default: `h264`, `hevc` for `.hevc`, `mjpeg` for `.avi`. */
  readonly codec?: ClipCodec;
  /** Frames from one key frame to the next, default two seconds' worth. Without effect on `mjpeg`. */
  readonly keyframeInterval?: number;
  /** Bits per second; when it is left out, `crf` rules. */
  readonly bitRate?: number;
  /** Constant quality: 0 (best) – 51, default 23; for `mjpeg` the quantiser 2–31, default 3. */
  readonly crf?: number;
}

/** What the encoding process is told on its command line. */
export interface ClipJob extends Required<Omit<ClipOptions, 'bitRate'>> {
  readonly bitRate: number | null;
  /** Where the process writes before it renames to `path`. */
  readonly partPath: string;
}

/** Stands before every frame on the pipe to the encoding process. */
export const frameFollows = 1;
/** Stands in place of a frame after the last one; a pipe that ends without it means that the writer has gone. */
export const clipEnds = 0;

const containers = new Set(['.mp4', '.mkv', '.avi', '.h264', '.hevc']);
const stderrLimitCharacters = 4_000;

/**
 * Encodes pictures into a clip without B-frames, in a child process. The clip appears under its name whole or not
 * at all; an existing one is replaced.
 *
 * @param frames each `width * height * 3` bytes (`gray`: `width * height`), at least one
 * @throws AppError `CLIP_NOT_WRITTEN`; what the source of the frames throws passes through
 */
export async function writeClip(
  options: ClipOptions,
  frames: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const job = jobOf(options);
  const child = spawn(
    process.execPath,
    [fileURLToPath(siblingModule(import.meta.url, 'clip-writer-process')), JSON.stringify(job)],
    { stdio: ['pipe', 'ignore', 'pipe'], env: { ...process.env, ...leanAllocator() } },
  );
  const ended = new Promise<string>((resolveEnded) => {
    child.once('error', (error) => {
      resolveEnded(error.message);
    });
    child.once('close', (code, endSignal) => {
      resolveEnded(code === 0 ? '' : `it ended with ${endSignal ?? `exit code ${code}`}`);
    });
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-stderrLimitCharacters);
  });
  // A broken pipe shows itself as the end of the process, which has the better message.
  child.stdin.on('error', () => undefined);
  const kill = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill, { once: true });
  try {
    await sendFrames(child.stdin, frames, job, signal);
    const failure = await ended;
    signal?.throwIfAborted();
    if (failure !== '') {
      const reason = [stderr.trim(), failure].filter((part) => part !== '').join('; ');
      throw new AppError(
        'CLIP_NOT_WRITTEN',
        `The clip ${job.path} was not written: ${reason}. Check that the folder can be written to and has room.`,
      );
    }
  } finally {
    signal?.removeEventListener('abort', kill);
    kill();
    await ended;
    await rm(job.partPath, { force: true });
  }
}

function jobOf(options: ClipOptions): ClipJob {
  const path = resolve(options.path);
  const extension = extname(path).toLowerCase();
  const { width, height, framesPerSecond } = options;
  const refuse = (message: string): never => {
    throw new AppError('CLIP_NOT_WRITTEN', `The clip ${path} can't be written: ${message}.`);
  };
  if (!containers.has(extension)) {
    refuse(`its extension is '${extension}', expected one of ${[...containers].join(', ')}`);
  }
  for (const [name, value] of Object.entries({ width, height })) {
    if (!Number.isInteger(value) || value < 16 || value % 2 !== 0) {
      refuse(`its ${name} is ${value}, expected an even number from 16`);
    }
  }
  if (!(framesPerSecond > 0 && framesPerSecond <= 240)) {
    refuse(`it has ${framesPerSecond} frames per second, expected more than 0 and at most 240`);
  }
  const byExtension = extension === '.avi' ? 'mjpeg' : extension === '.hevc' ? 'hevc' : 'h264';
  const codec = options.codec ?? byExtension;
  return {
    path,
    partPath: `${path}.${process.pid}.${Math.trunc(performance.now() * 1000)}.part${extension}`,
    width,
    height,
    framesPerSecond,
    pixels: options.pixels ?? 'rgb24',
    codec,
    keyframeInterval: options.keyframeInterval ?? Math.max(1, Math.round(framesPerSecond * 2)),
    bitRate: options.bitRate ?? null,
    crf: options.crf ?? (codec === 'mjpeg' ? 3 : 23),
  };
}

async function sendFrames(
  pipe: Writable,
  frames: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  job: ClipJob,
  signal: AbortSignal | undefined,
): Promise<void> {
  const sizeBytes = job.width * job.height * (job.pixels === 'gray' ? 1 : 3);
  let count = 0;
  for await (const frame of frames) {
    if (frame.byteLength !== sizeBytes) {
      throw new AppError(
        'CLIP_NOT_WRITTEN',
        `Frame ${count} of the clip ${job.path} has ${frame.byteLength} bytes, expected ${sizeBytes} for ${job.width} × ${job.height} ${job.pixels}.`,
      );
    }
    if (pipe.destroyed || signal?.aborted === true) return;
    count += 1;
    pipe.write(Uint8Array.of(frameFollows));
    // The producer may reuse its buffer, so it goes on only when this one has been taken over.
    await new Promise<void>((resolveWritten) => {
      pipe.write(frame, () => {
        resolveWritten();
      });
    });
  }
  if (count === 0) {
    throw new AppError('CLIP_NOT_WRITTEN', `The clip ${job.path} has no frames, expected at least one.`);
  }
  pipe.end(Uint8Array.of(clipEnds));
}
