import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { faultRows } from '../support/fault-expectations.ts';

test('the documentation says what is told of each fault, and how soon with the limits that users have', async () => {
  const documentation = await readFile(new URL('../../docs/cameras.md', import.meta.url), 'utf8');
  expect(documentation).toContain(faultRows());
});
