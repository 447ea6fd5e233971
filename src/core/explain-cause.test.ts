import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { cameraCauses } from './camera.ts';
import { explainCause } from './explain-cause.ts';

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

test('the documentation has a line for every cause and for no other', async () => {
  const page = await readFile(new URL('../../docs/cameras.md', import.meta.url), 'utf8');
  const table = page.slice(page.indexOf('| cause |')).split('\n\n')[0] ?? '';
  const documented = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  // `unknown` says nothing that could be looked up.
  expect(documented).toHaveLength(cameraCauses.length - 1);
  expect(new Set(documented)).toEqual(new Set(cameraCauses.filter((cause) => cause !== 'unknown')));
});
