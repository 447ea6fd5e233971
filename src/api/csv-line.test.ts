import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { toCsvLine } from './csv-line.ts';

test.each([
  ['=HYPERLINK("http://evil.example")', `"'=HYPERLINK(""http://evil.example"")"`],
  ['+1', `'+1`],
  ['-2+3', `'-2+3`],
  ['@SUM(A1)', `'@SUM(A1)`],
  ['  =1', `'  =1`],
  ['\t=1', `'\t=1`],
  ['\r=1', `"'\r=1"`],
  ['a = b', 'a = b'],
  ['a, "b"', '"a, ""b"""'],
  ['two\nlines', '"two\nlines"'],
  [-4.5, '-4.5'],
  [true, 'true'],
  [null, ''],
])('%j becomes %j', (value, cell) => {
  expect(toCsvLine([value, 'x'])).toBe(`${cell},x\r\n`);
});

test('any text comes back from a reader of RFC 4180, and none begins like a formula', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', '=', '-', 'a', ' ') }), (text) => {
      const line = toCsvLine([text]);
      const cell = line.slice(0, -2);
      const read = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
      expect([text, `'${text}`]).toContain(read);
      expect(read).not.toMatch(/^\s*[=+@-]/);
    }),
  );
});
