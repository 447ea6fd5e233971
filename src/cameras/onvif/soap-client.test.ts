import { describe, expect, test } from 'vitest';
import {
  startOnvifDevice,
  type OnvifDevice,
  type OnvifDeviceOptions,
} from '../../../test/support/onvif-device.ts';
import { CameraLostError } from '../../core/camera-source.ts';
import type { CameraCause } from '../../core/camera.ts';
import { systemClock } from '../../core/clock.ts';
import { readDeviceInformation } from './device.ts';
import { SoapClient } from './soap-client.ts';

const credentials = { username: 'admin', password: 'pa55&<word>' };

function clientOf(
  device: OnvifDevice,
  change: { username?: string | null; password?: string } = {},
): SoapClient {
  return new SoapClient({ deviceUrl: device.deviceUrl, ...credentials, ...change, clock: systemClock });
}

const { signal } = new AbortController();

async function causeOf(asked: Promise<unknown>): Promise<{ cause: CameraCause; message: string }> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof CameraLostError) return { cause: error.cameraCause, message: error.message };
    throw error;
  }
  throw new Error('expected a camera that is lost');
}

describe.each<[string, OnvifDeviceOptions]>([
  ['by token', { auth: 'token' }],
  ['by token, with other prefixes', { auth: 'token', style: 'hikvision' }],
  ['by HTTP Digest', { auth: 'digest', style: 'axis' }],
])('a camera that knows its users %s', (_how, options) => {
  test('is asked, and the password is not sent', async () => {
    await using device = await startOnvifDevice({ ...options, credentials });

    const information = await readDeviceInformation(clientOf(device), signal);

    expect(information).toEqual({
      manufacturer: 'Acme & Sons',
      model: 'IPC-4K',
      firmware: 'V5.7.3 build 220112',
    });
    expect(device.stats().received).not.toContain('pa55');
  });

  test('whose clock is years off is asked by its own time', async () => {
    await using device = await startOnvifDevice({
      ...options,
      credentials,
      clockSkewMs: -3 * 365 * 86_400_000,
    });

    await expect(readDeviceInformation(clientOf(device), signal)).resolves.toMatchObject({ model: 'IPC-4K' });
  });

  test('is not asked again and again with a wrong password', async () => {
    await using device = await startOnvifDevice({ ...options, credentials });

    const lost = await causeOf(readDeviceInformation(clientOf(device, { password: 'wrong' }), signal));

    expect(lost.cause).toBe('unauthorized');
    expect(lost.message).toContain('did not accept');
    expect(device.stats().refused).toBeLessThanOrEqual(2);
  });

  test('says that it wants a user name', async () => {
    await using device = await startOnvifDevice({ ...options, credentials });

    const lost = await causeOf(readDeviceInformation(clientOf(device, { username: null }), signal));

    expect(lost).toMatchObject({
      cause: 'unauthorized',
      message: expect.stringContaining('asks for a user name'),
    });
  });
});

test('a camera whose clock was set meanwhile is asked by its new time', async () => {
  await using device = await startOnvifDevice({ credentials });
  const client = clientOf(device);
  await readDeviceInformation(client, signal);
  device.setClockSkew(3_600_000);

  await expect(readDeviceInformation(client, signal)).resolves.toMatchObject({ model: 'IPC-4K' });
});

test('credentials in an address that somebody answered are not sent', async () => {
  await using device = await startOnvifDevice();
  const deviceUrl = device.deviceUrl.replace('//', '//admin:pa55@');
  const client = new SoapClient({ deviceUrl, username: null, password: null, clock: systemClock });
  await readDeviceInformation(client, signal);

  expect(device.stats().received).not.toMatch(/authorization/i);
});

test('a camera without users is asked without credentials', async () => {
  await using device = await startOnvifDevice();

  await readDeviceInformation(clientOf(device, { username: null }), signal);

  expect(device.stats().received).not.toContain('UsernameToken');
});

test.each<[string, Parameters<OnvifDevice['setFault']>[0], CameraCause]>([
  ['answers with a page', { kind: 'body', body: '<html><body>Login</body></html>' }, 'invalid_data'],
  ['answers with half a message', { kind: 'body', body: '<s:Envelope xmlns:s="x"><s:Body>' }, 'invalid_data'],
  [
    'answers with entities',
    { kind: 'body', body: '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>' },
    'invalid_data',
  ],
  ['never ends its answer', { kind: 'endless' }, 'invalid_data'],
  ['sends elsewhere', { kind: 'redirect', to: 'http://127.0.0.1:1/elsewhere' }, 'invalid_data'],
  ['has no such page', { kind: 'body', body: 'no', status: 404 }, 'not_found'],
])('a camera that %s has a typed cause', async (_what, fault, cause) => {
  await using device = await startOnvifDevice({ credentials });
  device.setFault(fault);

  expect(await causeOf(clientOf(device).readClock(signal))).toMatchObject({ cause });
});

test('a camera that hangs is given up in time', async () => {
  await using device = await startOnvifDevice();
  device.setFault({ kind: 'hang' });

  expect(await causeOf(clientOf(device).readClock(signal, 100))).toMatchObject({ cause: 'timeout' });
});

test('an abort ends the wait for a camera that hangs, and is no loss', async () => {
  await using device = await startOnvifDevice();
  device.setFault({ kind: 'hang' });
  const abort = new AbortController();
  const asked = clientOf(device).readClock(abort.signal);
  abort.abort();

  await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
});

test('a port where nothing listens has a typed cause', async () => {
  const device = await startOnvifDevice();
  await device[Symbol.asyncDispose]();

  expect(await causeOf(clientOf(device).readClock(signal))).toMatchObject({ cause: 'refused' });
});

test('what a camera says of itself is shown on one line', async () => {
  await using device = await startOnvifDevice({ manufacturer: 'Acme&#10;http://admin:secret@host' });

  const { manufacturer } = await readDeviceInformation(clientOf(device), signal);

  expect(manufacturer).toBe('Acme http://***@host');
});
