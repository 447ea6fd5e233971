import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { fileCamera } from '../cameras/file-camera.ts';
import { httpMjpegCamera } from '../cameras/http-mjpeg-camera.ts';
import { rtspCamera } from '../cameras/rtsp-camera.ts';
import { AppError, messageOf } from '../core/errors.ts';
import { parseConfig } from './load-config.ts';

const anything = fc.anything({
  withBigInt: false,
  maxDepth: 4,
  key: fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'name', 'url')),
});
const sections = fc.record(
  {
    data_dir: anything,
    server: fc.oneof(anything, fc.record({ host: anything, port: anything })),
    log: fc.oneof(anything, fc.record({ level: anything })),
    pipeline: fc.dictionary(fc.constantFrom('workers', 'queue_capacity', 'drain_ms', 'x'), anything),
    cameras: fc.oneof(
      anything,
      fc.array(
        fc.record(
          {
            name: fc.oneof(fc.string(), anything),
            url: fc.oneof(
              fc.webUrl(),
              fc.string().map((text) => `rtsp://${text}`),
              anything,
            ),
            username: anything,
            type: anything,
          },
          { requiredKeys: [] },
        ),
      ),
    ),
    webhooks: fc.oneof(
      anything,
      fc.array(fc.record({ name: fc.string(), url: fc.oneof(fc.webUrl(), fc.string()), secret: anything })),
    ),
  },
  { requiredKeys: [] },
);

/** Any end but these is a fault of ours. Answers how it ended. */
function endOf(text: string): string {
  try {
    parseConfig(text, { adapters: [rtspCamera, httpMjpegCamera, fileCamera], env: {}, file: 'vedette.yaml' });
    return 'accepted';
  } catch (error) {
    return error instanceof AppError ? error.code : `threw ${messageOf(error)}`;
  }
}

const goodEnds = ['accepted', 'CONFIG_INVALID', 'ADDRESS_REFUSED'];

test('no document, however wild, ends in anything but a clear refusal', () => {
  fc.assert(
    fc.property(
      fc.oneof(anything, sections).map((value) => JSON.stringify(value) ?? ''),
      (text) => {
        expect(goodEnds).toContain(endOf(text));
      },
    ),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(
      sections.map((value) => stringify(JSON.parse(JSON.stringify(value)))),
      (text) => {
        expect(goodEnds).toContain(endOf(text));
      },
    ),
    { numRuns: 150 },
  );
});

test('no text, however wild, ends in anything but a clear refusal', () => {
  const pieces = fc.constantFrom(
    'cameras:',
    'server:',
    '\n',
    '  ',
    '- ',
    ': ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '*a',
    '&a ',
    '!t ',
    '${',
    '}',
    '#',
    '|',
    '>',
    '?',
    '%',
    '\t',
    '---\n',
    'x',
    '<<',
    '~',
    '@',
    '\u0000',
    '1e999',
    '__proto__: ',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(pieces, { maxLength: 40 }).map((each) => each.join('')),
      ),
      (text) => {
        expect(goodEnds).toContain(endOf(text));
      },
    ),
    { numRuns: 500 },
  );
});

test('a document made to exhaust the reader is refused', () => {
  const bomb = [
    'a: &a [x, x]',
    ...Array.from(
      { length: 30 },
      (_, i) =>
        `${String.fromCharCode(98 + i)}${i}: &z${i} [*${i === 0 ? 'a' : `z${i - 1}`}, *${i === 0 ? 'a' : `z${i - 1}`}]`,
    ),
  ].join('\n');
  expect(endOf(bomb)).toBe('CONFIG_INVALID');
  expect(endOf('['.repeat(20_000))).toBe('CONFIG_INVALID');
  expect(endOf(`a: ${'['.repeat(3000)}${']'.repeat(3000)}`)).toBe('CONFIG_INVALID');
});
