/** RTP payloads of H.264 (RFC 6184) and H.265 (RFC 7798), RTP headers and sender reports (RFC 3550). */

/** What fits into an Ethernet frame beside the IP, UDP and RTP headers, with room to spare. */
const maxPayloadBytes = 1_400;

export type RtpCodec = 'h264' | 'hevc';

export interface ParameterSets {
  /** Only H.265. */
  readonly vps: readonly Buffer[];
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
}

/** The NAL units of an access unit in Annex B form, without start codes. */
export function splitNals(accessUnit: Buffer): Buffer[] {
  const nals: Buffer[] = [];
  let start = -1;
  for (let at = accessUnit.indexOf('000001', 0, 'hex'); ;) {
    if (start >= 0) {
      // The zero before a start code of four bytes, and trailing zeros, belong to no unit.
      let end = at < 0 ? accessUnit.length : at;
      while (end > start && accessUnit[end - 1] === 0) end -= 1;
      if (end > start) nals.push(accessUnit.subarray(start, end));
    }
    if (at < 0) return nals;
    start = at + 3;
    at = accessUnit.indexOf('000001', start, 'hex');
  }
}

function nalType(nal: Buffer, codec: RtpCodec): number {
  const first = nal[0] ?? 0;
  return codec === 'h264' ? first & 0x1f : (first >> 1) & 0x3f;
}

/** The parameter sets in front of a key frame. */
export function parameterSetsOf(accessUnit: Buffer, codec: RtpCodec): ParameterSets {
  const nals = splitNals(accessUnit);
  const ofType = (type: number): Buffer[] => nals.filter((nal) => nalType(nal, codec) === type);
  return codec === 'h264'
    ? { vps: [], sps: ofType(7), pps: ofType(8) }
    : { vps: ofType(32), sps: ofType(33), pps: ofType(34) };
}

/** The payloads of one access unit; the last one carries the marker. */
export function packetise(accessUnit: Buffer, codec: RtpCodec): Buffer[] {
  const payloads: Buffer[] = [];
  let small: Buffer[] = [];
  let smallBytes = 0;
  const flush = (): void => {
    const [only] = small;
    if (small.length === 1 && only !== undefined) payloads.push(only);
    else if (small.length > 1) payloads.push(aggregate(small, codec));
    small = [];
    smallBytes = 0;
  };
  for (const nal of splitNals(accessUnit)) {
    if (smallBytes + nal.length + 2 > maxPayloadBytes - 2) flush();
    if (nal.length > maxPayloadBytes) {
      payloads.push(...fragment(nal, codec));
    } else {
      small.push(nal);
      smallBytes += nal.length + 2;
    }
  }
  flush();
  return payloads;
}

/** STAP-A (RFC 6184, 5.7.1) or an aggregation packet (RFC 7798, 4.4.2). */
function aggregate(nals: readonly Buffer[], codec: RtpCodec): Buffer {
  const importance = Math.max(...nals.map((nal) => (nal[0] ?? 0) & 0x60));
  const header = codec === 'h264' ? Buffer.of(importance | 24) : Buffer.of(48 << 1, 1);
  const parts: Buffer[] = [header];
  for (const nal of nals) {
    const size = Buffer.alloc(2);
    size.writeUInt16BE(nal.length);
    parts.push(size, nal);
  }
  return Buffer.concat(parts);
}

/** FU-A (RFC 6184, 5.8) or fragmentation units (RFC 7798, 4.4.3). */
function fragment(nal: Buffer, codec: RtpCodec): Buffer[] {
  const first = nal[0] ?? 0;
  const type = nalType(nal, codec);
  const indicator =
    codec === 'h264' ? Buffer.of((first & 0xe0) | 28) : Buffer.of((first & 0x81) | (49 << 1), nal[1] ?? 1);
  const payloads: Buffer[] = [];
  for (let offset = codec === 'h264' ? 1 : 2; offset < nal.length;) {
    const end = Math.min(nal.length, offset + maxPayloadBytes - 3);
    const startBit = payloads.length === 0 ? 0x80 : 0;
    const endBit = end === nal.length ? 0x40 : 0;
    payloads.push(Buffer.concat([indicator, Buffer.of(startBit | endBit | type), nal.subarray(offset, end)]));
    offset = end;
  }
  return payloads;
}

export interface RtpHeader {
  readonly payloadType: number;
  readonly isMarked: boolean;
  readonly sequence: number;
  /** 90 kHz, modulo 2³². */
  readonly timestamp: number;
  readonly ssrc: number;
}

export function rtpPacket(header: RtpHeader, payload: Buffer): Buffer {
  const packet = Buffer.alloc(12 + payload.length);
  packet[0] = 0x80;
  packet[1] = (header.isMarked ? 0x80 : 0) | header.payloadType;
  packet.writeUInt16BE(header.sequence & 0xffff, 2);
  packet.writeUInt32BE(header.timestamp >>> 0, 4);
  packet.writeUInt32BE(header.ssrc, 8);
  payload.copy(packet, 12);
  return packet;
}

export interface SenderReport {
  readonly ssrc: number;
  /** Epoch milliseconds of `timestamp`. */
  readonly at: number;
  readonly timestamp: number;
  readonly packets: number;
  readonly octets: number;
}

/** A sender report with an empty-handed source description, as RFC 3550 asks for compound packets. */
export function rtcpSenderReport(report: SenderReport): Buffer {
  const secondsFrom1900To1970 = 2_208_988_800;
  const cname = Buffer.from('camera');
  const packet = Buffer.alloc(28 + 4 + 4 + 2 + cname.length + 4 - ((2 + cname.length) % 4));
  packet[0] = 0x80;
  packet[1] = 200;
  packet.writeUInt16BE(6, 2);
  packet.writeUInt32BE(report.ssrc, 4);
  packet.writeUInt32BE(Math.floor(report.at / 1_000) + secondsFrom1900To1970, 8);
  packet.writeUInt32BE(Math.floor(((report.at % 1_000) / 1_000) * 4_294_967_296), 12);
  packet.writeUInt32BE(report.timestamp >>> 0, 16);
  packet.writeUInt32BE(report.packets >>> 0, 20);
  packet.writeUInt32BE(report.octets >>> 0, 24);
  packet[28] = 0x81;
  packet[29] = 202;
  packet.writeUInt16BE((packet.length - 28) / 4 - 1, 30);
  packet.writeUInt32BE(report.ssrc, 32);
  packet[36] = 1;
  packet[37] = cname.length;
  cname.copy(packet, 38);
  return packet;
}
