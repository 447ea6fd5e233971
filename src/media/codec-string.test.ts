import { expect, test } from 'vitest';
import { codecStringOf } from './codec-string.ts';

function initWith(name: string, record: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from(`....ftypisom....moov....${name}`, 'latin1'), Buffer.from(record)]);
}

test('H.264 is named by its profile, compatibility and level', () => {
  const record = [1, 0x64, 0x00, 0x28, 0xff, 0xe1, 0, 4, 0x67, 0x64, 0, 0x28, 1, 0];
  expect(codecStringOf(initWith('avcC', record))).toBe('avc1.640028');
});

// The examples of ISO/IEC 14496-15, annex E.3: general_profile_compatibility_flags stand there with their bits reversed.
test.each([
  ['hvc1.1.6.L93.b0', [1, 0x01, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93, 0xf0]],
  ['hvc1.A4.41.H120.b0.23', [1, 0x64, 0x82, 0, 0, 0, 0xb0, 0x23, 0, 0, 0, 0, 120, 0xf0]],
  ['hvc1.2.4.L153', [1, 0x02, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 153, 0xf0]],
])('H.265 is named %s', (name, record) => {
  expect(codecStringOf(initWith('hvcC', record))).toBe(name);
});

test('anything else has no name here', () => {
  expect(codecStringOf(initWith('av1C', [0x81, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))).toBeUndefined();
  expect(codecStringOf(Buffer.from('avcC'))).toBeUndefined();
});
