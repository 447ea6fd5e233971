/**
 * The `codecs` parameter (RFC 6381) of an MP4 file's only track, from its initialisation segment; `undefined` when it
 * holds neither H.264 nor H.265.
 */
export function codecStringOf(init: Uint8Array): string | undefined {
  const bytes = Buffer.from(init.buffer, init.byteOffset, init.byteLength);
  const avc = configurationIn(bytes, 'avcC');
  // ISO/IEC 14496-15: version, then profile, compatibility and level as they stand in the sequence parameter set.
  if (avc !== undefined) return `avc1.${avc.subarray(1, 4).toString('hex')}`;
  const hevc = configurationIn(bytes, 'hvcC');
  return hevc === undefined ? undefined : hevcString(hevc);
}

/** ISO/IEC 14496-15, annex E. */
function hevcString(record: Buffer): string {
  const profile = record.readUInt8(1);
  const space = ['', 'A', 'B', 'C'][profile >> 6] ?? '';
  const tier = (profile & 0x20) === 0 ? 'L' : 'H';
  const compatibility = reverseBits(record.readUInt32BE(2)).toString(16);
  const constraints = [...record.subarray(6, 12)];
  while (constraints.at(-1) === 0) constraints.pop();
  return [
    `hvc1.${space}${profile & 0x1f}`,
    compatibility,
    `${tier}${record.readUInt8(12)}`,
    ...constraints.map((byte) => byte.toString(16)),
  ].join('.');
}

function reverseBits(value: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 32; bit += 1) if ((value >>> bit) & 1) reversed += 2 ** (31 - bit);
  return reversed;
}

function configurationIn(init: Buffer, name: string): Buffer | undefined {
  const at = init.indexOf(name, 0, 'latin1');
  const record = init.subarray(at + name.length);
  return at === -1 || record.length < 13 ? undefined : record;
}
