import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * What decoding alone costs: every picture of a clip, on one thread, thrown away.
 *
 * @returns CPU milliseconds, user and system, for one second of video
 * @throws Error when there is no `ffmpeg` program
 */
export async function bareDecodeCost(clip: string, seconds: number): Promise<number> {
  const { stderr } = await run(
    'ffmpeg',
    ['-hide_banner', '-benchmark', '-threads', '1', '-i', clip, '-f', 'null', '-'],
    { maxBuffer: 16 * 1024 * 1024 },
  ).catch((error: unknown) => {
    throw new Error('The bare decode is measured with the ffmpeg program: apt-get install ffmpeg', {
      cause: error,
    });
  });
  const [, user, system] = /bench: utime=([\d.]+)s stime=([\d.]+)s/.exec(stderr) ?? [];
  if (user === undefined || system === undefined)
    throw new Error('ffmpeg -benchmark said nothing of its time');
  return ((Number(user) + Number(system)) * 1000) / seconds;
}
