import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { adapters, failureOf, parse, problemsOf } from '../../test/support/parsed-config.ts';
import { messageOf } from '../core/errors.ts';
import { loadConfig } from './load-config.ts';

test('environment variables stand in text values only where they are named', () => {
  const { config } = parse(
    `
data_dir: "\${HOME}/data/\${SUB}"
cameras:
  - name: $\${HOME} $HOME \${
    url: rtsp://h/\${SUB}
    password: \${PASSWORD}
`,
    { env: { HOME: '/home/me', SUB: 'x', PASSWORD: 'a${HOME}$${b' } },
  );
  expect(config.dataDir).toBe(resolve('/home/me/data/x'));
  expect(config.cameras[0]).toMatchObject({
    name: '${HOME} $HOME ${',
    url: 'rtsp://h/x',
    password: 'a${HOME}$${b',
  });
});

test('a variable that is missing or is none is said with its place', () => {
  expect(problemsOf('log:\n  level: ${NOPE}\ndata_dir: ${NO NAME}\n', { env: {} })).toEqual([
    'log.level: the environment variable NOPE is not set; set it, or write $${ if a plain ${ is meant',
    expect.stringMatching(/^data_dir: received \$\{…\} without the name of an environment variable/),
  ]);
});

test.each([
  '0.0.0.0',
  '::',
  '192.168.1.5',
  'example.org',
  '128.0.0.1',
  '127.0.0.1.example.org',
  'localhost.example',
])('the host %s is refused, with the reason', (host) => {
  const error = failureOf('', { overrides: { host } });
  expect(error.code).toBe('ADDRESS_REFUSED');
  expect(error.message).toContain('there is no sign-in yet');
});

test('the command line wins over the file, and its cameras are added', () => {
  const { config } = parse('server: { port: 1, host: "::1" }\ncameras: [ { name: a, url: "rtsp://h" } ]', {
    overrides: {
      dataDir: '/d',
      host: '127.0.0.1',
      port: '2',
      cameras: ['Front door = rtsp://u:p@h/?a=b', 'c=clip.mp4'],
    },
  });
  expect(config.dataDir).toBe(resolve('/d'));
  expect(config.server).toEqual({ host: '127.0.0.1', port: 2 });
  expect(config.cameras.map(({ name, type, url, username }) => [name, type, url, username])).toEqual([
    ['a', 'rtsp', 'rtsp://h', null],
    ['Front door', 'rtsp', 'rtsp://h/?a=b', 'u'],
    ['c', 'file', 'clip.mp4', null],
  ]);
});

test('a problem of the command line is named by its flag', () => {
  expect(
    problemsOf('cameras: [ { name: a, url: "rtsp://h" } ]', {
      overrides: { port: 'http', cameras: ['a=rtsp://h', 'b=gopher://h', '=x', 'rtsp://h/?a=b', 'c='] },
    }),
  ).toEqual([
    '--port: received "http" (text), expected a whole number from 0 to 65535',
    '--camera b (url): received "gopher://h", expected an address for one of rtsp, http_mjpeg, file',
    '--camera a (name): received "a", which is the name of number 1 already; expected a name of its own',
    expect.stringMatching(/^--camera: received an empty name, expected NAME=URL/),
    expect.stringMatching(/^--camera: received no name, expected NAME=URL/),
    expect.stringMatching(/^--camera: received no address, expected NAME=URL/),
  ]);
});

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vedette-config-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('a file is read; without one everything is at its default', async () => {
  const file = join(folder, 'vedette.yaml');
  await writeFile(file, '\uFEFFserver: { port: 1234 }\n');
  expect((await loadConfig({ adapters, env: {}, file })).config.server.port).toBe(1234);
  expect((await loadConfig({ adapters, env: {} })).config.server.port).toBe(8470);
});

async function messageFor(file: string): Promise<string> {
  const error: unknown = await loadConfig({ adapters, env: {}, file }).catch((error: unknown) => error);
  expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
  return messageOf(error);
}

test('a file that is missing, a folder, unreadable, binary or huge is said in clear words', async () => {
  expect(await messageFor(join(folder, 'none.yaml'))).toMatch(/none\.yaml: there is no such file/);
  await mkdir(join(folder, 'dir'));
  expect(await messageFor(join(folder, 'dir'))).toMatch(/this is a folder/);
  await writeFile(join(folder, 'binary'), Buffer.from([0xff, 0xfe, 0x00, 0xd8]));
  expect(await messageFor(join(folder, 'binary'))).toMatch(/not UTF-8 text/);
  await writeFile(join(folder, 'huge'), 'x'.repeat(1024 * 1024 + 1));
  expect(await messageFor(join(folder, 'huge'))).toMatch(/received 1048577 bytes, expected 1048576 at most/);
  await writeFile(join(folder, 'not-a-dir'), '');
  expect(await messageFor(join(folder, 'not-a-dir', 'x'))).toMatch(/can't be read: ENOTDIR/);
});

// The superuser may read everything.
test.skipIf(process.getuid?.() === 0)(
  'a file without permission to read is said in clear words',
  async () => {
    const file = join(folder, 'private.yaml');
    await writeFile(file, '');
    await chmod(file, 0);
    await expect(loadConfig({ adapters, env: {}, file })).rejects.toThrow(/no permission to read it/);
  },
);
