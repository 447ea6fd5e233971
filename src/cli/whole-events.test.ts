import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { toCsvLine } from '../api/csv-line.ts';
import { WholeEvents } from './whole-events.ts';

const cell = fc.string({ unit: fc.constantFrom('a', 'ü', '"', ',', '\n', '\r', '\\'), maxLength: 6 });
const event = fc.array(cell, { minLength: 2, maxLength: 2 });

test.each(['ndjson', 'csv'] as const)(
  '%s that comes in pieces of any kind is handed on event by event, and counted',
  (format) => {
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 8 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
        (cells, lengths) => {
          const lines =
            format === 'csv'
              ? [toCsvLine(['name', 'text']), ...cells.map(toCsvLine)]
              : cells.map((one) => `${JSON.stringify(one)}\n`);
          const bytes = Buffer.from(lines.join(''));
          const events = new WholeEvents(format);
          let handedOn = '';
          for (let at = 0; at < bytes.length;) {
            const end = at + Number(lengths.next().value);
            handedOn += Buffer.from(events.take(bytes.subarray(at, end))).toString();
            at = end;
            const count = format === 'csv' && handedOn !== '' ? events.count + 1 : events.count;
            expect(handedOn).toBe(lines.slice(0, count).join(''));
            const isAtEnd = handedOn === bytes.subarray(0, end).toString();
            expect(events.isAtEnd).toBe(isAtEnd);
          }
          expect(handedOn).toBe(bytes.toString());
          expect(events.count).toBe(cells.length);
          expect(events.isAtEnd).toBe(true);
        },
      ),
    );
  },
);
