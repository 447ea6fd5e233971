import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { cameraCauses } from './camera.ts';
import { explainCameraCause, explainCause } from './explain-cause.ts';

const asked = { url: 'rtsp://10.0.0.4:554/a', username: 'eva', transport: 'tcp' } as const;

test('every cause of a live camera has words of its own that name the camera', () => {
  const messages = cameraCauses.map((cause) => explainCause(cause, { ...asked, protocol: 'rtsp' }));
  expect(new Set(messages).size).toBe(cameraCauses.length);
  for (const message of messages) expect(message).toContain('10.0.0.4:554');
});

test('what goes wrong with a recording names its path', () => {
  for (const cause of cameraCauses) {
    expect(explainCause(cause, { ...asked, protocol: 'file', url: '/clips/a.mp4' })).toContain(
      '/clips/a.mp4',
    );
  }
});

test.each([
  ['rtsp', 'rtsp://10.0.0.4/a', '10.0.0.4 is connected but sent no picture any more', 'RTSP service'],
  ['rtsp', 'rtsp://10.0.0.4/a#transport=udp', 'a firewall may stop them', 'RTSP service'],
  ['http_mjpeg', 'http://10.0.0.4/v', '10.0.0.4 is connected but sent no picture any more', 'HTTP service'],
  ['hls', 'http://10.0.0.4/a.m3u8', 'nothing new is in its playlist', 'HTTP service'],
  ['http_snapshot', 'http://10.0.0.4/a.jpg', 'Open the address in a browser', 'HTTP service'],
  ['usb', 'usb:2?fps=15', 'The camera at /dev/video2 sent no picture', 'The camera at /dev/video2 is in use'],
  ['usb', '/dev/video0', 'The camera at /dev/video0 sent no picture', 'The camera at /dev/video0 is in use'],
  ['synthetic', 'synthetic:street', 'The painted scene ended', 'The painted scene ended'],
  ['file', '/clips/a.mp4', '/clips/a.mp4 could not be read', '/clips/a.mp4 could not be read'],
])('a %s camera at %s is explained in words of its kind', (type, url, noFrames, refused) => {
  const camera = { type, url, username: null };
  expect(explainCameraCause('no_frames', camera)).toContain(noFrames);
  expect(explainCameraCause('refused', camera)).toContain(refused);
});

test('the documentation has a line for every cause and for no other', async () => {
  const page = await readFile(new URL('../../docs/cameras.md', import.meta.url), 'utf8');
  const table = page.slice(page.indexOf('| cause |')).split('\n\n')[0] ?? '';
  const documented = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  // `unknown` says nothing that could be looked up.
  expect(documented).toHaveLength(cameraCauses.length - 1);
  expect(new Set(documented)).toEqual(new Set(cameraCauses.filter((cause) => cause !== 'unknown')));
});
