import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { siblingModule } from '../../src/core/sibling-module.ts';

export interface ProbeRequest {
  /** With credentials, if it needs some. */
  readonly url: string;
  readonly transport: 'tcp' | 'udp';
  /** Ends after so many pictures. */
  readonly frames: number;
  /** FFmpeg's own timeout for opening and for every read. */
  readonly timeoutMs: number;
}

export interface ProbedFrame {
  readonly codec: string;
  readonly ptsMs: number | null;
  readonly width: number;
  readonly height: number;
  /** The number that `renderScene` painted with `counter: true`. */
  readonly counter: number | null;
  /** Darkest and brightest value of the luma plane as it is coded. */
  readonly lumaRange: readonly [darkest: number, brightest: number];
}

export interface ProbeResult {
  readonly frames: readonly ProbedFrame[];
  /** What FFmpeg says; `null` when all wanted pictures came. */
  readonly error: string | null;
}

/** Plays an address with FFmpeg in a child process: the witness that a server speaks what real clients understand. */
export async function probeStream(
  url: string,
  options: Partial<Omit<ProbeRequest, 'url'>> = {},
): Promise<ProbeResult> {
  const request: ProbeRequest = { url, transport: 'tcp', frames: 5, timeoutMs: 3_000, ...options };
  const output = await new Promise<string>((resolve) => {
    execFile(
      process.execPath,
      [fileURLToPath(siblingModule(import.meta.url, 'probe-stream-process')), JSON.stringify(request)],
      { timeout: 25_000, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        const hasEnded = error === null || error.code === 1;
        resolve(hasEnded ? stdout : `${stdout}${JSON.stringify({ error: stderr || error.message })}\n`);
      },
    );
  });
  const lines = output
    .split('\n')
    .filter((line) => line !== '')
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own child wrote it
    .map((line) => JSON.parse(line) as ProbedFrame | { readonly error: string });
  return {
    frames: lines.filter((line) => 'counter' in line),
    error: lines.find((line) => 'error' in line)?.error ?? null,
  };
}
