import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface MotionDaemon extends AsyncDisposable {
  readonly pid: number;
}

/**
 * Debian's `motion` on the same cameras: its defaults at 5 pictures a second, with nothing written but the pictures of its
 * events. `undefined` when the program is not there.
 */
export async function startMotionDaemon(
  folder: string,
  urls: readonly string[],
): Promise<MotionDaemon | undefined> {
  await mkdir(folder, { recursive: true });
  const common = [
    'daemon off',
    'setup_mode off',
    'webcontrol_port 0',
    'stream_port 0',
    'movie_output off',
    'picture_output best',
    `target_dir ${folder}`,
  ];
  const cameras = await Promise.all(
    urls.map(async (url, index) => {
      const file = join(folder, `camera-${index}.conf`);
      const lines = [
        `camera_id ${index + 1}`,
        `netcam_url ${url}`,
        'width 1920',
        'height 1080',
        'framerate 5',
      ];
      await writeFile(file, `${lines.join('\n')}\n`);
      return `camera ${file}`;
    }),
  );
  const file = join(folder, 'motion.conf');
  await writeFile(file, `${[...common, ...cameras].join('\n')}\n`);
  const child = spawn('motion', ['-c', file, '-n'], { stdio: 'ignore' });
  const ended = once(child, 'close');
  const started = await Promise.race([
    once(child, 'spawn').then(() => true),
    once(child, 'error').then(() => false),
  ]).catch(() => false);
  if (!started || child.pid === undefined) return undefined;
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
