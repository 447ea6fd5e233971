import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { startService } from '../../test/support/service-process.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { leanProcess } from './lean-start.ts';

test('what the user has chosen for the allocator, the engine or the cache stays', () => {
  const ours = leanProcess(['--enable-source-maps'], { PATH: '/bin', XDG_CACHE_HOME: '/cache' });
  expect(ours).toEqual({
    flags: ['--max-semi-space-size=2', '--enable-source-maps'],
    environment: {
      PATH: '/bin',
      XDG_CACHE_HOME: '/cache',
      MALLOC_ARENA_MAX: '2',
      MALLOC_MMAP_THRESHOLD_: '131072',
      MALLOC_TRIM_THRESHOLD_: '262144',
      NODE_COMPILE_CACHE: '/cache/vedette/compiled',
    },
  });
  const flags = ['--max_semi_space_size=16'];
  expect(leanProcess(flags, {}).flags).toEqual(flags);
  expect(leanProcess([], { NODE_OPTIONS: '--max-semi-space-size=16' }).flags).toEqual([]);
  const chosen = { MALLOC_ARENA_MAX: '8', NODE_COMPILE_CACHE: '/other' };
  expect(leanProcess([], chosen).environment).toMatchObject(chosen);
  expect(leanProcess([], { NODE_DISABLE_COMPILE_CACHE: '1' }).environment).not.toHaveProperty(
    'NODE_COMPILE_CACHE',
  );
});

// Windows can't replace a process; /proc is Linux's.
test.runIf(process.platform === 'linux')('the service runs so, in the process that was started', async () => {
  await using dir = await makeTempDir();
  await using service = await startService({
    dataDir: dir.path,
    config: { cameras: [{ name: 'Yard', url: 'rtsp://127.0.0.1:1/', is_enabled: false }] },
    env: { MALLOC_ARENA_MAX: '3' },
  });
  const read = async (name: string): Promise<string[]> =>
    (await readFile(`/proc/${service.child.pid}/${name}`, 'utf8')).split('\0');
  expect(await read('cmdline')).toContain('--max-semi-space-size=2');
  const environment = await read('environ');
  expect(environment).toContain('MALLOC_ARENA_MAX=3');
  expect(environment).toContain('MALLOC_MMAP_THRESHOLD_=131072');
  expect(await service.end('SIGTERM')).toEqual({ code: 0, signal: null });
});
