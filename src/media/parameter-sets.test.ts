import { expect, test } from 'vitest';
import { readParameterSets } from './parameter-sets.ts';

const sps = Buffer.of(0x67, 0x42, 0x00, 0x1f, 0x96);
const pps = Buffer.of(0x68, 0xce, 0x38, 0x80);
const otherPps = Buffer.of(0x68, 0xce, 0x38, 0x81);
const idr = Buffer.of(0x65, 0x88, 0x84, 0x21, 0xa0);
const long = Buffer.of(0, 0, 0, 1);
const short = Buffer.of(0, 0, 1);

function annexB(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts);
}

function identityOf(...sets: readonly Buffer[]): Buffer | undefined {
  return readParameterSets(annexB(...sets.flatMap((set) => [long, set]), long, idr), 'h264')?.identity;
}

test('the sets in front of the first slice are found, behind long and short start codes', () => {
  const packet = annexB(long, Buffer.of(0x09, 0xf0), long, sps, short, pps, short, idr, long, sps);
  expect(readParameterSets(packet, 'h264')?.bytes).toEqual(annexB(long, sps, long, pps));
});

test('H.264 is the same video with other picture sets, and another one with another sequence set', () => {
  expect(identityOf(sps, otherPps)).toEqual(identityOf(sps, pps));
  expect(identityOf(Buffer.of(0x67, 0x42, 0x00, 0x20, 0x96), pps)).not.toEqual(identityOf(sps, pps));
});

test('H.265 is another video with any other set', () => {
  const [vps, hevcSps, hevcPps] = [Buffer.of(0x40, 1, 2), Buffer.of(0x42, 1, 3), Buffer.of(0x44, 1, 4)];
  const slice = Buffer.of(0x26, 1, 0xaf);
  const first = readParameterSets(annexB(long, vps, long, hevcSps, long, hevcPps, short, slice), 'hevc');
  expect(first?.bytes).toEqual(annexB(long, vps, long, hevcSps, long, hevcPps));
  const other = annexB(long, vps, long, hevcSps, long, Buffer.of(0x44, 1, 5), short, slice);
  expect(readParameterSets(other, 'hevc')?.identity).not.toEqual(first?.identity);
});

test.each([
  ['a key frame without sets', annexB(long, idr)],
  ['units with lengths', annexB(Buffer.of(0, 0, 0, 5), sps, Buffer.of(0, 0, 0, 4), pps)],
  ['nothing', Buffer.of()],
  ['a start code alone', long],
])('%s tells none', (_, packet) => {
  expect(readParameterSets(packet, 'h264')).toBeUndefined();
});
