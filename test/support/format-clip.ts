import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { siblingModule } from '../../src/core/sibling-module.ts';
import type { Colour } from './render-clip.ts';

/** What stands on the command line of the child process. */
export interface FormatClipJob {
  /** Its extension chooses the container. */
  readonly path: string;
  /** As FFmpeg names them. */
  readonly pixelFormat: string;
  readonly encoder: string;
  /** Whether 0 is black and 255 white in the coded picture, instead of 16 and 235. */
  readonly isFullRange: boolean;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** As wide as each other, from left to right. */
  readonly bands: readonly Colour[];
}

/** Writes a clip of five equal pictures in any pixel format, such as cameras on USB send them. */
export async function makeFormatClip(job: FormatClipJob): Promise<void> {
  await promisify(execFile)(process.execPath, [
    fileURLToPath(siblingModule(import.meta.url, 'format-clip-process')),
    JSON.stringify(job),
  ]);
}
