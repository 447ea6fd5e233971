import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { redact, splitCredentials } from './redact.ts';

test.each([
  ['rtsp://eva:secret@10.0.0.2:554/stream', 'rtsp://***@10.0.0.2:554/stream'],
  ['no rtsp://eva:p@ss@10.0.0.2/stream here', 'no rtsp://***@10.0.0.2/stream here'],
  ['rtsp://eva:a/b@10.0.0.2/stream', 'rtsp://***@10.0.0.2/stream'],
  [
    'http://10.0.0.2/cgi?user=eva&password=secret&channel=1',
    'http://10.0.0.2/cgi?user=***&password=***&channel=1',
  ],
  ['"http://10.0.0.2/?token=secret" failed', '"http://10.0.0.2/?token=***" failed'],
  ['rtsp://10.0.0.2:554/live@main', 'rtsp://10.0.0.2:554/live@main'],
  ['http://10.0.0.2:8080/video', 'http://10.0.0.2:8080/video'],
  ['write to eva@example.com', 'write to eva@example.com'],
])('%s is shown as %s', (text, shown) => {
  expect(redact(text)).toBe(shown);
});

test('no password survives, whatever it is made of', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9!$%*+,;=?~^_.:/-]{6,20}$/), (password) => {
      expect(redact(`open rtsp://eva:zq${password}@10.0.0.2/live now`)).not.toContain(`zq${password}`);
    }),
  );
});

test('credentials are taken out of an address and decoded', () => {
  expect(splitCredentials('rtsp://eva:p%40ss@10.0.0.2:554/live?x=1')).toEqual({
    url: 'rtsp://10.0.0.2:554/live?x=1',
    username: 'eva',
    password: 'p@ss',
  });
  expect(splitCredentials('/recordings/a.mp4')).toEqual({
    url: '/recordings/a.mp4',
    username: null,
    password: null,
  });
});

test('a password with a bare % is taken as it stands', () => {
  expect(splitCredentials('rtsp://eva:100%zz@10.0.0.2/live')).toMatchObject({
    username: 'eva',
    password: '100%zz',
  });
});
