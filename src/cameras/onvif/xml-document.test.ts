import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  childrenOf,
  elementAt,
  escapeXml,
  parseLongXml,
  parseXml,
  textAt,
  UnreadableXmlError,
} from './xml-document.ts';

test('names are read without the prefix that the sender chose, attributes too', () => {
  const root = parseXml(
    '\uFEFF<?xml version="1.0"?>\n<x:a xmlns:x="urn:1" xmlns="urn:2"><b x:token=" 1 "> t&amp;t <!-- no --><![CDATA[<c>]]></b></x:a>',
  );

  expect(root).toMatchObject({ name: 'a', namespace: 'urn:1' });
  expect(elementAt(root, 'b')).toMatchObject({ namespace: 'urn:2', text: 't&t <c>' });
  expect([...(elementAt(root, 'b')?.attributes ?? [])]).toEqual([['token', ' 1 ']]);
  expect(textAt(root, 'b', 'missing')).toBeUndefined();
  expect(childrenOf(root, 'b')).toHaveLength(1);
});

test('a prefix that nobody declared is let pass, as some cameras send it', () => {
  expect(textAt(parseXml('<tt:a><tt:b>1</tt:b></tt:a>'), 'b')).toBe('1');
});

test.each([
  ['entities that grow', '<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;">]><a>&m;</a>'],
  ['a file as an entity', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'],
  ['an entity that nobody declared', '<a>&x;</a>'],
  ['something that is cut off', '<a><b>'],
  ['HTML', '<html><br></html>'],
  ['nothing', ''],
  ['a thousand floors', '<a>'.repeat(1000) + '</a>'.repeat(1000)],
  ['too many elements', `<a>${'<b/>'.repeat(60_000)}</a>`],
])('%s is refused', (_what, document) => {
  expect(() => parseXml(document)).toThrow(UnreadableXmlError);
});

test('whatever is received is a tree or is refused, and nothing else happens', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '<a>',
      '</a>',
      '<b x="1"/>',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '&amp;',
      '&#0;',
      '<?p?>',
      '"',
    ),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      try {
        return parseXml(`<r>${pieces.join('')}</r>`).name === 'r';
      } catch (error) {
        return error instanceof UnreadableXmlError;
      }
    }),
  );
});

test('a long document is the same when it is read in pieces', async () => {
  const document = `<r>${'<a b="ü&amp;">text &lt; 🎥</a>'.repeat(10_000)}</r>`;

  expect(document.length).toBeGreaterThan(200_000);
  expect(await parseLongXml(document)).toEqual(parseXml(document));
  await expect(parseLongXml(`${document}<`)).rejects.toThrow(UnreadableXmlError);
});

test('escaped text comes back as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('<', '>', '&', '"', "'", 'a', ' ', 'ü') }), (text) => {
      const root = parseXml(`<a b="${escapeXml(text)}"><c>${escapeXml(`|${text}|`)}</c></a>`);
      return root.attributes.get('b') === text && textAt(root, 'c') === `|${text}|`;
    }),
  );
});
