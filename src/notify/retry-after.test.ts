import { expect, test } from 'vitest';
import { readRetryAfter } from './retry-after.ts';

const now = Date.UTC(2026, 4, 1, 12);

test.each([
  ['0', 0],
  [' 30 ', 30_000],
  ['Fri, 01 May 2026 12:00:10 GMT', 10_000],
  ['Friday, 01-May-26 12:00:10 GMT', 10_000],
  ['Fri, 01 May 2020 12:00:00 GMT', 0],
])('"%s" asks for %i ms', (header, expected) => {
  expect(readRetryAfter(header, now)).toBe(expected);
});

test.each([null, '', 'soon', '1.5', '-1', '2026-05-01', '99999999999999999999', 'Fri, 99 Foo 2026'])(
  '%j asks for nothing',
  (header) => {
    expect(readRetryAfter(header, now)).toBeUndefined();
  },
);
