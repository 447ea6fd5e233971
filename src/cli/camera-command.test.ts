import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startApi, type RunningApi } from '../../test/fakes/api-services.ts';
import { makeClip } from '../../test/support/render-clip.ts';
import { startOnvifDevice } from '../../test/support/onvif-device.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { runCommand, type TerminalRun, type Typed } from '../../test/support/terminal-run.ts';
import { CameraLostError } from '../core/camera-source.ts';
import type { CameraInput } from '../store/event-store.ts';
import { addCameraCommand } from './camera-command.ts';

const password = 'secret-word';

beforeEach(() => {
  vi.stubEnv('CAMERA_PASSWORD', password);
});

afterEach(() => {
  vi.unstubAllEnvs();
  process.exitCode = 0;
});

/** @param args the words behind `vedette camera` */
function run(args: readonly string[], typed?: Typed): Promise<TerminalRun> {
  return runCommand(addCameraCommand, ['camera', ...args], typed);
}

function on(api: RunningApi, args: readonly string[], typed?: Typed): Promise<TerminalRun> {
  return run([...args, '--url', api.url], typed);
}

/** Lets in whoever knows the password, and keeps what it was asked with. */
async function answering(api: RunningApi): Promise<CameraInput[]> {
  const asked: CameraInput[] = [];
  const jpeg = await sharp({ create: { width: 64, height: 36, channels: 3, background: '#345' } })
    .jpeg()
    .toBuffer();
  api.cameras.onTest = (input) => {
    asked.push(input);
    if (input.password !== password) return Promise.reject(new CameraLostError('unauthorized', 'Not you.'));
    const large = { codec: 'hevc', width: 3840, height: 2160, framesPerSecond: 25, durationMs: null };
    return Promise.resolve({
      info: large,
      analysis: { ...large, codec: 'h264', width: 640, height: 360, framesPerSecond: null },
      picture: { jpeg, width: 64, height: 36, capturedAt: 0 },
      latencyMs: 123.4,
    });
  };
  return asked;
}

describe('add in a script', () => {
  const template = ['add', '--template', 'reolink', '--host', '192.168.1.20'];
  const credentials = ['--username', 'admin', '--password-env', 'CAMERA_PASSWORD'];

  test('tries the address of the maker, says what it sends, and adds both streams', async () => {
    await using api = await startApi();
    await answering(api);
    const { stdout, stderr, error, exitCode } = await on(api, [
      ...template,
      ...credentials,
      '--name',
      'Yard',
    ]);

    expect([error, exitCode, stderr]).toEqual([undefined, 0, '']);
    expect(stdout).toBe(
      [
        'Trying rtsp://192.168.1.20:554/Preview_01_main …',
        '  pictures: hevc 3840×2160 at 25 fps',
        '  analysis: h264 640×360',
        '  first picture after 123 ms',
        'Added "Yard".',
        '',
      ].join('\n'),
    );
    expect(api.cameras.list()[0]?.camera).toMatchObject({
      name: 'Yard',
      url: 'rtsp://192.168.1.20:554/Preview_01_main',
      subUrl: 'rtsp://192.168.1.20:554/Preview_01_sub',
      username: 'admin',
      password,
      onvif: { url: 'http://192.168.1.20:8000/onvif/device_service', nativeEvents: 'off' },
    });
  });

  test('adds nothing that does not answer, says why, what to do and what to try instead', async () => {
    await using api = await startApi();
    api.cameras.onTest = () =>
      Promise.reject(new CameraLostError('not_found', 'No stream here. Look it up.'));
    api.cameras.onHints = () => [
      { text: 'The usual address of X.', url: 'rtsp://u:pw@h/1', subUrl: 'rtsp://h/2' },
    ];
    const { stdout, exitCode } = await on(api, ['add', 'rtsp://192.168.1.20/wrong']);

    expect(exitCode).toBe(2);
    expect(stdout).toContain('not_found: No stream here. Look it up.');
    expect(stdout).toMatch(/The usual address of X\.\n\s+rtsp:\/\/\*\*\*@h\/1\n\s+rtsp:\/\/h\/2\n/);
    expect(stdout).toMatch(/Not added\.\n$/);
    expect(api.cameras.list()).toEqual([]);
  });

  test('adds it all the same with --force, by the name of its host', async () => {
    await using api = await startApi();
    api.cameras.onTest = () => Promise.reject(new CameraLostError('timeout', 'Silence.'));
    const { exitCode } = await on(api, [...template, '--no-sub', '--force', '--native-events', 'assist']);

    expect(exitCode).toBe(0);
    expect(api.cameras.list()[0]?.camera).toMatchObject({
      name: '192.168.1.20',
      subUrl: null,
      onvif: { nativeEvents: 'assist' },
    });
  });

  test.each([
    [['add'], 'Expected an address, or --template and --host'],
    [['add', '--template', 'go2rtc', '--host', 'h'], 'the name of the --stream'],
    [['add', '--template', 'reolink'], 'Expected --host'],
    [['add', 'rtsp://h/1', '--template', 'reolink', '--host', 'h'], 'not both'],
    [['add', '--template', 'nobody'], 'expected one of reolink'],
    [['add', 'rtsp://h/1', '--password-env', 'NO_SUCH_VARIABLE'], 'no variable NO_SUCH_VARIABLE'],
    [['add', 'rtsp://h/1', '--native-events', 'yes'], 'expected off, assist or replace'],
    [['add', 'nonsense://h'], 'received'],
  ])('says what is missing or wrong: %j', async (args, said) => {
    await using api = await startApi();
    const { error } = await on(api, args);

    expect(error).toContain(said);
    expect(api.cameras.list()).toEqual([]);
  });

  test('says that no service is there', async () => {
    const { error } = await run(['add', 'rtsp://h/1', '--url', 'http://127.0.0.1:9']);

    expect(error).toContain('vedette serve');
  });
});

describe('add on a terminal', () => {
  test('asks for what is missing, and shows no password', async () => {
    await using api = await startApi();
    const asked = await answering(api);
    const { stdout, stderr, error, exitCode } = await on(
      api,
      ['add'],
      [
        ['Address (rtsp://…), or maker', 'tapo'],
        ['Host or IP address: ', '192.168.1.21'],
        ['User name (nothing to give up): ', 'me'],
        ['Password of me: ', password],
        ['Name [192.168.1.21]: ', 'Garden'],
      ],
    );

    expect([error, exitCode]).toEqual([undefined, 0]);
    expect(`${stdout}${stderr}`).not.toContain(password);
    expect(asked.map(({ username }) => username)).toEqual([null, 'me']);
    expect(api.cameras.list()[0]?.camera).toMatchObject({
      name: 'Garden',
      url: 'rtsp://192.168.1.21:554/stream1',
      password,
    });
  });

  test('gives up after three refused passwords, and adds nothing unless told to', async () => {
    await using api = await startApi();
    const asked = await answering(api);
    const { exitCode } = await on(
      api,
      ['add', 'rtsp://h/1', '--username', 'me'],
      [
        ['Password of me: ', 'a'],
        ['User name (nothing to give up): ', 'me'],
        ['Password of me: ', 'b'],
        ['User name (nothing to give up): ', 'me'],
        ['Password of me: ', 'c'],
        ['Add it nevertheless? [y/N] ', 'n'],
      ],
    );

    expect(exitCode).toBe(2);
    expect(asked).toHaveLength(3);
    expect(api.cameras.list()).toEqual([]);
  });
});

describe('test without a service', () => {
  test('tries a recording for real and writes its picture', { timeout: 60_000 }, async () => {
    await using dir = await makeTempDir();
    const clip = dir.file('still.mp4');
    await makeClip(clip, { width: 320, height: 180, framesPerSecond: 10, seconds: 2 });
    const picture = dir.file('picture.jpg');
    const { stdout, error, exitCode } = await run(['test', clip, '--picture', picture]);

    expect([error, exitCode]).toEqual([undefined, 0]);
    expect(stdout).toMatch(/pictures: h264 320×180 at 10 fps/);
    expect(await sharp(await readFile(picture)).metadata()).toMatchObject({ format: 'jpeg', width: 320 });
  });

  test('says why a camera can not be used, for programs too', { timeout: 60_000 }, async () => {
    const { stdout, exitCode } = await run(['test', 'rtsp://127.0.0.1:9/x', '--json']);

    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, cause: 'refused' });
  });
});

describe('discover', () => {
  const ask = ['discover', '--username', 'admin', '--password-env', 'CAMERA_PASSWORD', '--timeout', '1'];

  test('lists what a camera says of itself and of its streams', async () => {
    await using device = await startOnvifDevice({
      credentials: { username: 'admin', password },
      manufacturer: 'Reolink',
    });
    const { stdout, stderr, exitCode } = await run([...ask, '--host', device.deviceUrl]);

    expect([stderr, exitCode]).toEqual(['', 0]);
    expect(stdout).toContain('127.0.0.1  Reolink IPC-4K, template reolink');
    expect(stdout).toContain('h265 3840×2160 at 25 fps');
    expect(stdout).toContain('h264 640×360 at 25 fps, small');
    expect(stdout).not.toContain(password);
  });

  test('asks the service where one is named, and says when nothing is found', async () => {
    await using api = await startApi();
    const { stderr, exitCode } = await on(api, ask);

    expect(exitCode).toBe(2);
    expect(stderr).toContain('No camera answered');
  });
});

test('the cameras of the service are listed and removed by name', async () => {
  await using api = await startApi();
  await api.addCamera();
  const name = api.cameras.list()[0]?.camera.name ?? '';
  expect((await on(api, ['list'])).stdout).toContain(`${name}  connecting  rtsp `);
  expect((await on(api, ['remove', name])).error).toContain('--yes');
  expect((await on(api, ['remove', name], [['stay. [y/N] ', 'n']])).stdout).toBe('Nothing was done.\n');
  expect((await on(api, ['remove', 'Nobody', '--yes'])).error).toContain(name);
  expect((await on(api, ['remove', name, '--yes'])).stdout).toBe(`Removed "${name}".\n`);
  expect(api.cameras.list()).toEqual([]);
});

test('the templates are printed, one or all', async () => {
  const all = await run(['templates']);
  expect(all.stdout).toContain('wyze-bridge: ');
  const one = await run(['templates', 'tapo']);
  expect(one.stdout).toContain('rtsp://{host}:554/stream2');
  expect(one.stdout).not.toContain('wyze');
  expect((await run(['templates', 'nobody'])).error).toContain('expected one of');
});
