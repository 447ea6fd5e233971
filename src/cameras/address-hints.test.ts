import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../core/clock.ts';
import { findAddressHints } from './address-hints.ts';

const { signal } = new AbortController();
const nobody = { username: null, password: null };

test('an address that leads nowhere is answered with those of the makers at this port', async () => {
  const hints = await findAddressHints(
    { url: 'rtsp://127.0.0.1/stream1', ...nobody },
    'not_found',
    systemClock,
    signal,
  );

  expect(hints.map(({ url }) => url)).toContain('rtsp://127.0.0.1:554/Preview_01_main');
  expect(hints.map(({ subUrl }) => subUrl)).toContain('rtsp://127.0.0.1:554/Streaming/Channels/102');
  expect(hints.every(({ text }) => text !== '')).toBe(true);
});

test.each([
  [8554, /name of a stream.*go2rtc/],
  [47_113, /usual address of Hikvision/],
])('an address at port %s is answered with what fits there', async (port, said) => {
  const asked = { url: `rtsp://127.0.0.1:${port}/x`, ...nobody };
  const hints = await findAddressHints(asked, 'not_found', systemClock, signal);

  expect(hints.map(({ text }) => text).join(' ')).toMatch(said);
  expect(hints.every(({ url }) => url === null || url.includes(`:${port}/`))).toBe(true);
});

test('a refused password has no other address', async () => {
  const asked = { url: 'rtsp://127.0.0.1/x', ...nobody };

  expect(await findAddressHints(asked, 'unauthorized', systemClock, signal)).toEqual([]);
});

test('a recording has no other address', async () => {
  expect(
    await findAddressHints({ url: '/videos/a.mp4', ...nobody }, 'not_found', systemClock, signal),
  ).toEqual([]);
});

test('a closed port is answered with the open ones of common makers', async () => {
  const server = createServer();
  server.listen(8554, '127.0.0.1');
  // On a machine where something listens there already, that is what is found.
  await Promise.race([once(server, 'listening'), once(server, 'error')]);
  try {
    const hints = await findAddressHints(
      { url: 'rtsp://127.0.0.1:1/x', ...nobody },
      'refused',
      systemClock,
      signal,
    );

    expect(hints.map(({ text }) => text)).toContainEqual(expect.stringContaining('Port 8554 is open'));
    expect(hints.find(({ text }) => text.includes('8554'))?.text).toContain('go2rtc');
  } finally {
    server.close();
  }
});
