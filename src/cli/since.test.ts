import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSince } from './since.ts';

const now = new Date(2026, 10, 23, 14, 30).getTime();

test.for([
  ['30m', now - 30 * 60_000],
  ['12h', now - 12 * 3_600_000],
  ['7d', now - 7 * 86_400_000],
  ['2w', now - 14 * 86_400_000],
  ['2026-11-01', new Date(2026, 10, 1).getTime()],
  ['2026-11-23', new Date(2026, 10, 23).getTime()],
  ['2026-11-01T08:00:00Z', Date.UTC(2026, 10, 1, 8)],
  ['2026-11-01T08:00:00.5+01:00', Date.UTC(2026, 10, 1, 7) + 500],
  ['999999w', 0],
] as const)('%s is a moment', ([text, moment]) => {
  expect(parseSince(text, now)).toBe(moment);
});

test.for([
  '',
  '7',
  'd',
  '-7d',
  '7 d',
  '1.5h',
  '7y',
  'yesterday',
  '2026-13-01',
  '2026-02-31',
  '2026-11-24',
  '2026-11-01T08:00',
  '01.11.2026',
])('"%s" is none', (text) => {
  expect(parseSince(text, now)).toBeUndefined();
});

test('whatever is typed, it is a moment in the past or none', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.stringMatching(/^\d{1,8}[mhdw]$/),
        fc.stringMatching(/^\d{4}-\d\d-\d\d(T.{0,9}Z)?$/),
      ),
      (text) => {
        const moment = parseSince(text, now);
        expect(moment === undefined || (moment >= 0 && moment <= now)).toBe(true);
      },
    ),
  );
});
