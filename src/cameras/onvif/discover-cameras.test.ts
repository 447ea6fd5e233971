import { describe, expect, test } from 'vitest';
import { probeMatch, startDiscoveryResponder } from '../../../test/support/discovery-responder.ts';
import { startOnvifDevice } from '../../../test/support/onvif-device.ts';
import { systemClock } from '../../core/clock.ts';
import { discoverCameras, type DiscoveredDevice, type DiscoverOptions } from './discover-cameras.ts';
import { probeDevices, type ProbedDevice } from './ws-discovery.ts';

const credentials = { username: 'admin', password: 'secret-word' };
const { signal } = new AbortController();

/** What a probe finds when these answers come to each. */
async function probe(answers: readonly string[]): Promise<readonly ProbedDevice[]> {
  await using responder = await startDiscoveryResponder(() => answers);
  const target = { address: '127.0.0.1', port: responder.port };
  return await probeDevices(
    { timeoutMs: 150, clock: systemClock, target, localAddresses: ['127.0.0.1'] },
    signal,
  );
}

async function discover(
  answers: readonly string[],
  change: Partial<DiscoverOptions> = {},
): Promise<readonly DiscoveredDevice[]> {
  await using responder = await startDiscoveryResponder(() => answers);
  const options = { timeoutMs: 150, host: null, ...credentials, ...change };
  const target = { address: '127.0.0.1', port: responder.port };
  return await discoverCameras(options, systemClock, signal, { target, localAddresses: ['127.0.0.1'] });
}

describe('a probe', () => {
  test('finds a camera by what it says of itself', async () => {
    const scopes =
      'onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/My%20Yard onvif://www.onvif.org/hardware/IPC-4K';

    expect(
      await probe([probeMatch({ xaddrs: 'http://127.0.0.1:8000/onvif/device_service', scopes })]),
    ).toEqual([
      {
        address: '127.0.0.1',
        deviceUrl: 'http://127.0.0.1:8000/onvif/device_service',
        name: 'My Yard',
        hardware: 'IPC-4K',
      },
    ]);
  });

  test('asks for both types of device, and again for those that were lost on the way', async () => {
    await using responder = await startDiscoveryResponder(() => []);
    const target = { address: '127.0.0.1', port: responder.port };
    await probeDevices({ timeoutMs: 600, clock: systemClock, target, localAddresses: ['127.0.0.1'] }, signal);

    expect(responder.asked.toSorted()).toEqual([
      'dn:NetworkVideoTransmitter',
      'dn:NetworkVideoTransmitter',
      'tds:Device',
      'tds:Device',
    ]);
  });

  test('counts a camera once that answers again and again, and under two ids', async () => {
    const match = { xaddrs: 'http://127.0.0.1/onvif/device_service' };

    expect(
      await probe([probeMatch(match), probeMatch(match), probeMatch({ ...match, id: 'urn:uuid:2' })]),
    ).toHaveLength(1);
  });

  test('takes the address by which the camera answered among those that it names', async () => {
    const xaddrs =
      'http://169.254.1.1/onvif/device_service http://[fe80::1]/x http://127.0.0.1:81/onvif/device_service';

    expect(await probe([probeMatch({ xaddrs })])).toMatchObject([
      { deviceUrl: 'http://127.0.0.1:81/onvif/device_service' },
    ]);
  });

  test('goes to the camera that answered, whoever else it names', async () => {
    expect(
      await probe([probeMatch({ xaddrs: 'http://bank.example:8000/onvif/device_service' })]),
    ).toMatchObject([{ address: '127.0.0.1', deviceUrl: 'http://127.0.0.1:8000/onvif/device_service' }]);
  });

  test.each([
    '',
    'nonsense',
    '<a/>',
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    probeMatch({ xaddrs: 'file:///x' }),
  ])('passes over %j', async (answer) => {
    expect(await probe([answer])).toEqual([]);
  });

  test('lists no more than it can hold', async () => {
    const many = Array.from({ length: 400 }, (_, index) =>
      probeMatch({ id: `urn:uuid:${index}`, xaddrs: `http://127.0.0.1:${index + 1}/onvif/device_service` }),
    );

    expect((await probe(many)).length).toBeLessThanOrEqual(256);
  });

  test('ends at once when nobody wants to know any more', async () => {
    const abort = new AbortController();
    const probed = probeDevices(
      {
        timeoutMs: 60_000,
        clock: systemClock,
        target: { address: '127.0.0.1', port: 9 },
        localAddresses: ['127.0.0.1'],
      },
      abort.signal,
    );
    abort.abort();

    await expect(probed).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('goes on where one of the networks is away', async () => {
    await using responder = await startDiscoveryResponder(() => [
      probeMatch({ xaddrs: 'http://127.0.0.1/x' }),
    ]);
    const target = { address: '127.0.0.1', port: responder.port };
    const localAddresses = ['203.0.113.1', '127.0.0.1'];

    expect(
      await probeDevices({ timeoutMs: 150, clock: systemClock, target, localAddresses }, signal),
    ).toHaveLength(1);
  });
});

describe('cameras that are found', () => {
  test('say who they are and where their streams are', async () => {
    await using device = await startOnvifDevice({ credentials, manufacturer: 'HIKVISION' });

    const [found] = await discover([probeMatch({ xaddrs: device.deviceUrl })]);

    expect(found).toMatchObject({
      name: 'HIKVISION IPC-4K',
      manufacturer: 'HIKVISION',
      address: '127.0.0.1',
      deviceUrl: device.deviceUrl,
      cause: null,
      sources: [{ main: { width: 3840 }, sub: { width: 640 } }],
    });
    expect(JSON.stringify(found)).not.toContain('secret');
    expect(device.stats().received).not.toContain('secret-word');
  });

  test('are in the list with a cause when they refuse, hang or are no cameras', async () => {
    await using refusing = await startOnvifDevice({ credentials: { username: 'other', password: 'x' } });
    await using strange = await startOnvifDevice();
    strange.setFault({ kind: 'body', body: '<html/>' });
    const scopes = 'onvif://www.onvif.org/hardware/IPC-1';

    const found = await discover(
      [refusing, strange].map(({ deviceUrl, port }) =>
        probeMatch({ id: `urn:uuid:${port}`, xaddrs: deviceUrl, scopes }),
      ),
    );

    expect(new Set(found.map(({ cause }) => cause))).toEqual(new Set(['unauthorized', 'invalid_data']));
    expect(found).toMatchObject([
      { name: 'IPC-1', sources: [] },
      { name: 'IPC-1', sources: [] },
    ]);
  });

  test('are not asked for their streams without credentials', async () => {
    await using device = await startOnvifDevice();

    const [found] = await discover([probeMatch({ xaddrs: device.deviceUrl })], {
      username: null,
      password: null,
    });

    expect(found).toMatchObject({ model: 'IPC-4K', sources: [], cause: null });
    expect(device.stats().requests).not.toHaveProperty('GetProfiles');
  });
});

describe('a camera that is named', () => {
  test('is asked without a probe', async () => {
    await using device = await startOnvifDevice({ credentials });

    const found = await discoverCameras(
      { timeoutMs: 100, host: device.deviceUrl, ...credentials },
      systemClock,
      signal,
      { localAddresses: [] },
    );

    expect(found).toMatchObject([{ model: 'IPC-4K', cause: null }]);
  });

  test('is answered with its cause when it is not there', async () => {
    const device = await startOnvifDevice();
    await device[Symbol.asyncDispose]();

    const found = await discoverCameras(
      { timeoutMs: 100, host: device.deviceUrl, ...credentials },
      systemClock,
      signal,
    );

    expect(found).toMatchObject([{ address: '127.0.0.1', cause: 'refused', sources: [] }]);
  });
});
