import type { PlayableCodec } from '../parameter-sets.ts';

/** One picture as it is coded, with what stands in front of it. */
export interface AccessUnit {
  /** With start codes (annex B); only valid during the call. */
  readonly bytes: Buffer;
  /** On the camera's clock, 90 kHz, without the wrap-around of RTP; may be anything at first. */
  readonly ticks: number;
  readonly isKeyframe: boolean;
}

const firstRoomBytes = 64 * 1024;
/** A key frame of 8K; what is larger is no picture. */
const longestBytes = 16 * 1024 * 1024;
const headerBytes = 12;

/** How the units of a codec are told apart. */
interface UnitFormat {
  /** Of the header of a unit. */
  readonly headerBytes: 1 | 2;
  readonly aggregation: number;
  readonly fragment: number;
  readonly typeOf: (header: number) => number;
  /** Whether it is a part of the picture itself. */
  readonly isSlice: (type: number) => boolean;
  readonly isKey: (type: number) => boolean;
  /** Whether a unit of this type that follows a slice belongs to the next picture. */
  readonly isInFront: (type: number) => boolean;
}

/** ITU-T H.264, table 7-1, and RFC 6184. */
const h264: UnitFormat = {
  headerBytes: 1,
  aggregation: 24,
  fragment: 28,
  typeOf: (header) => header & 0x1f,
  isSlice: (type) => type >= 1 && type <= 5,
  isKey: (type) => type === 5,
  isInFront: (type) => type >= 6 && type <= 9,
};

/** ITU-T H.265, table 7-1, and RFC 7798. */
const hevc: UnitFormat = {
  headerBytes: 2,
  aggregation: 48,
  fragment: 49,
  typeOf: (header) => (header >> 1) & 0x3f,
  isSlice: (type) => type < 32,
  isKey: (type) => type >= 16 && type <= 23,
  isInFront: (type) => (type >= 32 && type <= 35) || type === 39,
};

/** SEI (H.264, 7.3.2.3.1) whose first message says that decoding may begin here. */
const seiType = 6;
const recoveryPoint = 6;

/**
 * Puts the RTP packets of one stream together to pictures (RFC 3550; RFC 6184: single units, STAP-A, FU-A; RFC 7798: single
 * units, AP, FU), in the order in which they come. A picture ends with the packet that is marked as its last one. Where
 * that can't be relied on, or the mark is missing, it ends where the next one begins.
 *
 * What is lost in a unit ends it there; of a fragment whose beginning is lost nothing is taken. The decoder sees both.
 */
export class AccessUnits {
  readonly #format: UnitFormat;
  readonly #isH264: boolean;
  readonly #payloadType: number;
  readonly #onUnit: (unit: AccessUnit) => void;
  #room = Buffer.allocUnsafe(firstRoomBytes);
  #length = 0;
  #hasSlice = false;
  #isKeyframe = false;
  #isTooLong = false;
  #isInFragment = false;
  #sequence: number | undefined;
  #timestamp: number | undefined;
  #ticks = 0;
  /** The unwrapped time of the picture that is being put together. */
  #unitTicks = 0;
  #lastUnitTicks: number | undefined;
  #isMarkReliable = true;

  constructor(codec: PlayableCodec, payloadType: number, onUnit: (unit: AccessUnit) => void) {
    this.#format = codec === 'h264' ? h264 : hevc;
    this.#isH264 = codec === 'h264';
    this.#payloadType = payloadType;
    this.#onUnit = onUnit;
  }

  /** Whether this can be an RTP packet of the stream; needs its first two bytes. */
  isPacket(bytes: Buffer, begin: number, end: number): boolean {
    return end - begin >= headerBytes && ((bytes[begin] ?? 0) & 0xc0) === 0x80;
  }

  /** Takes `bytes[begin..end)`, one RTP packet, which is only looked at during the call. */
  push(bytes: Buffer, begin: number, end: number): void {
    const first = bytes[begin] ?? 0;
    const second = bytes[begin + 1] ?? 0;
    if ((second & 0x7f) !== this.#payloadType) return;
    let at = begin + headerBytes + (first & 0x0f) * 4;
    if ((first & 0x10) !== 0) {
      if (at + 4 > end) return;
      at += 4 + bytes.readUInt16BE(at + 2) * 4;
    }
    const padding = (first & 0x20) === 0 ? 0 : (bytes[end - 1] ?? 0);
    const until = end - padding;
    this.#follow(bytes.readUInt16BE(begin + 2), bytes.readUInt32BE(begin + 4));
    if (at < until) this.#takePayload(bytes, at, until);
    if ((second & 0x80) !== 0 && this.#hasSlice && this.#isMarkReliable) this.#finish();
  }

  #follow(sequence: number, timestamp: number): void {
    if (this.#sequence !== undefined && ((sequence - this.#sequence) & 0xffff) !== 1)
      this.#isInFragment = false;
    this.#sequence = sequence;
    if (timestamp === this.#timestamp) return;
    if (this.#timestamp !== undefined) {
      this.#finish();
      this.#ticks += (timestamp - this.#timestamp) | 0;
    } else this.#ticks = timestamp;
    this.#timestamp = timestamp;
  }

  #takePayload(bytes: Buffer, begin: number, end: number): void {
    const format = this.#format;
    const type = format.typeOf(bytes[begin] ?? 0);
    if (type === format.fragment) {
      this.#takeFragment(bytes, begin, end);
      return;
    }
    this.#isInFragment = false;
    if (type === format.aggregation) this.#takeAggregate(bytes, begin + format.headerBytes, end);
    // Others are not used by streams whose units come in their order.
    else if (type < format.aggregation) this.#takeUnit(bytes, begin, end);
  }

  #takeAggregate(bytes: Buffer, begin: number, end: number): void {
    for (let at = begin; at + 2 < end;) {
      const unit = at + 2;
      at = unit + bytes.readUInt16BE(at);
      if (at > end) return;
      if (at > unit) this.#takeUnit(bytes, unit, at);
    }
  }

  #takeUnit(bytes: Buffer, begin: number, end: number): void {
    const { headerBytes: size, typeOf } = this.#format;
    if (end - begin < size) return;
    const header = bytes[begin] ?? 0;
    this.#beginUnit(typeOf(header), bytes, begin + size, end);
    this.#append(bytes, begin, end);
  }

  #takeFragment(bytes: Buffer, begin: number, end: number): void {
    const { headerBytes: size } = this.#format;
    const payload = begin + size + 1;
    if (payload >= end) return;
    const fragmentHeader = bytes[begin + size] ?? 0;
    if ((fragmentHeader & 0x80) !== 0) {
      const header = bytes[begin] ?? 0;
      const type = fragmentHeader & (this.#isH264 ? 0x1f : 0x3f);
      this.#beginUnit(type, bytes, payload, end);
      this.#isInFragment = true;
      // The header that the unit would have had.
      if (this.#isH264) this.#appendByte((header & 0xe0) | type);
      else {
        this.#appendByte((header & 0x81) | (type << 1));
        this.#appendByte(bytes[begin + 1] ?? 0);
      }
    }
    if (!this.#isInFragment) return;
    this.#append(bytes, payload, end);
    if ((fragmentHeader & 0x40) !== 0) this.#isInFragment = false;
  }

  /** @param body where what follows the unit's header begins */
  #beginUnit(type: number, bytes: Buffer, body: number, end: number): void {
    const { isSlice, isKey, isInFront } = this.#format;
    // `first_mb_in_slice` is 0, or `first_slice_segment_in_pic_flag` is set: their first bit says it.
    const isFirstSlice = isSlice(type) && ((bytes[body] ?? 0) & 0x80) !== 0;
    if (this.#hasSlice && (isFirstSlice || isInFront(type))) this.#finish();
    if (isSlice(type)) {
      const isContinued = !this.#hasSlice && !isFirstSlice && this.#lastUnitTicks === this.#ticks;
      // The picture had been taken for complete.
      if (isContinued) this.#isMarkReliable = false;
      this.#hasSlice = true;
      this.#isKeyframe ||= isKey(type);
    } else if (this.#isH264 && type === seiType && body < end && bytes[body] === recoveryPoint) {
      this.#isKeyframe = true;
    }
    this.#unitTicks = this.#ticks;
    this.#reserve(4);
    this.#appendByte(0);
    this.#appendByte(0);
    this.#appendByte(0);
    this.#appendByte(1);
  }

  #appendByte(byte: number): void {
    this.#reserve(1);
    if (this.#isTooLong) return;
    this.#room[this.#length] = byte;
    this.#length += 1;
  }

  #append(bytes: Buffer, begin: number, end: number): void {
    this.#reserve(end - begin);
    if (this.#isTooLong) return;
    bytes.copy(this.#room, this.#length, begin, end);
    this.#length += end - begin;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#room.length) return;
    if (needed > longestBytes) {
      this.#isTooLong = true;
      return;
    }
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#room.length * 2));
    this.#room.copy(larger, 0, 0, this.#length);
    this.#room = larger;
  }

  /** What there is of the picture, if there is a picture, goes out. */
  #finish(): void {
    // Parameter sets that come by themselves are those of the next picture.
    if (!this.#hasSlice && !this.#isTooLong) return;
    if (!this.#isTooLong) {
      this.#onUnit({
        bytes: this.#room.subarray(0, this.#length),
        ticks: this.#unitTicks,
        isKeyframe: this.#isKeyframe,
      });
    }
    this.#lastUnitTicks = this.#unitTicks;
    this.#length = 0;
    this.#hasSlice = false;
    this.#isKeyframe = false;
    this.#isTooLong = false;
    this.#isInFragment = false;
  }
}
