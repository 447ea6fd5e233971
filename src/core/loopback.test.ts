import { expect, test } from 'vitest';
import { assertLoopback, isLoopback } from './loopback.ts';

test.each([
  'localhost',
  'LOCALHOST',
  '127.0.0.1',
  '127.255.0.9',
  '::1',
  '[::1]',
  '0:0:0:0:0:0:0:1',
  '0000::0001',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::FFFF:127.3.2.1',
])('%s is only this machine', (host) => {
  expect(isLoopback(host)).toBe(true);
  expect(() => {
    assertLoopback(host, 'server.host');
  }).not.toThrow();
});

test.each([
  '0.0.0.0',
  '::',
  '',
  '128.0.0.1',
  '192.168.1.20',
  '127.1',
  '2130706433',
  '127.0.0.1.example.com',
  'localhost.example.com',
  'local\nhost',
  '::ffff:128.0.0.1',
  '::ffff:10.0.0.1',
  '::127.0.0.1',
  '::ffff:7:1',
  'fe80::1%lo',
  '::2',
])('%j may be reached by others, and is refused with what to do', (host) => {
  expect(isLoopback(host)).toBe(false);
  expect(() => {
    assertLoopback(host, 'server.host');
  }).toThrow(
    expect.objectContaining({
      code: 'ADDRESS_REFUSED',
      message: expect.stringMatching(/^server\.host: received .*SSH tunnel/s),
    }),
  );
});
