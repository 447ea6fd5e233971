/** The codecs whose packets can be put into an MP4 file that browsers play. */
export type PlayableCodec = 'h264' | 'hevc';

const startCode = Buffer.of(0, 0, 1);
const longStartCode = Buffer.of(0, 0, 0, 1);

/** What the decoder must know before the first picture. */
export interface ParameterSets {
  /** All of them, with start codes: as extradata. */
  readonly bytes: Buffer;
  /**
   * What makes it another video when it differs: for H.264 the sequence sets, since picture sets may stand in the
   * stream; for H.265 all, since `hvc1` files have them nowhere else.
   */
  readonly identity: Buffer;
}

/**
 * The parameter sets that stand in front of a key frame's first slice.
 *
 * @param packet with start codes (ITU-T H.264 and H.265, annex B)
 * @returns `undefined` when there are none, as in packets of MP4 and Matroska files, whose NAL units have lengths
 */
export function readParameterSets(packet: Uint8Array, codec: PlayableCodec): ParameterSets | undefined {
  const data = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
  if (!data.subarray(0, 3).equals(startCode) && !data.subarray(0, 4).equals(longStartCode)) return undefined;
  const sets: Buffer[] = [];
  const identity: Buffer[] = [];
  for (let at = data.indexOf(startCode); at !== -1;) {
    const begin = at + startCode.length;
    const type = nalType(data[begin] ?? 0, codec);
    if (type === 'slice') break;
    at = data.indexOf(startCode, begin);
    if (type === 'other') continue;
    // A long start code begins with the zero before it, and units may end in zeros.
    const unit = withoutTrailingZeros(data.subarray(begin, at === -1 ? data.length : at));
    sets.push(longStartCode, unit);
    if (type === 'sequence' || codec === 'hevc') identity.push(unit);
  }
  if (identity.length === 0) return undefined;
  return { bytes: Buffer.concat(sets), identity: Buffer.concat(identity) };
}

function nalType(header: number, codec: PlayableCodec): 'slice' | 'sequence' | 'picture' | 'other' {
  if (codec === 'h264') {
    const type = header & 0x1f;
    if (type >= 1 && type <= 5) return 'slice';
    return type === 7 ? 'sequence' : type === 8 ? 'picture' : 'other';
  }
  const type = (header >> 1) & 0x3f;
  if (type < 32) return 'slice';
  return type === 32 || type === 33 ? 'sequence' : type === 34 ? 'picture' : 'other';
}

function withoutTrailingZeros(unit: Buffer): Buffer {
  let end = unit.length;
  while (end > 0 && unit[end - 1] === 0) end -= 1;
  return unit.subarray(0, end);
}
