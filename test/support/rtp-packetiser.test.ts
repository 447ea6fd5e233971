import { array, assert, constantFrom, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import {
  packetise,
  parameterSetsOf,
  rtcpSenderReport,
  rtpPacket,
  splitNals,
  type RtpCodec,
} from './rtp-packetiser.ts';

/** What a receiver makes of payloads: RFC 6184, 5.6–5.8 and RFC 7798, 4.4. */
function reassemble(payloads: readonly Buffer[], codec: RtpCodec): Buffer[] {
  const headerBytes = codec === 'h264' ? 1 : 2;
  const nals: Buffer[] = [];
  let open: Buffer[] | undefined;
  for (const payload of payloads) {
    const first = payload[0] ?? 0;
    const type = codec === 'h264' ? first & 0x1f : (first >> 1) & 0x3f;
    if (type === (codec === 'h264' ? 24 : 48)) {
      for (let at = headerBytes; at < payload.length;) {
        const end = at + 2 + payload.readUInt16BE(at);
        nals.push(payload.subarray(at + 2, end));
        at = end;
      }
    } else if (type === (codec === 'h264' ? 28 : 49)) {
      const fragment = payload[headerBytes] ?? 0;
      if ((fragment & 0x80) !== 0) {
        const header =
          codec === 'h264'
            ? Buffer.of((first & 0xe0) | (fragment & 0x1f))
            : Buffer.of((first & 0x81) | ((fragment & 0x3f) << 1), payload[1] ?? 0);
        open = [header];
      }
      open?.push(payload.subarray(headerBytes + 1));
      if ((fragment & 0x40) !== 0 && open !== undefined) {
        nals.push(Buffer.concat(open));
        open = undefined;
      }
    } else {
      nals.push(payload);
    }
  }
  return nals;
}

/** A NAL unit without start codes inside, as emulation prevention sees to it. */
function nalOf(codec: RtpCodec, sizeBytes: number): Buffer {
  const body = Uint8Array.from({ length: sizeBytes }, (_, index) => (index % 255) + 1);
  return Buffer.concat([Buffer.from(codec === 'h264' ? [0x65] : [19 << 1, 1]), body]);
}

test.each(['h264', 'hevc'] as const)(
  'the units of any %s picture arrive as they were, in packets that fit',
  (codec) => {
    assert(
      property(
        array(integer({ min: 1, max: 6_000 }), { minLength: 1, maxLength: 8 }),
        constantFrom('000001', '00000001'),
        (sizes, startCode) => {
          const nals = sizes.map((sizeBytes) => nalOf(codec, sizeBytes));
          const picture = Buffer.concat(nals.flatMap((nal) => [Buffer.from(startCode, 'hex'), nal]));
          expect(Buffer.concat(splitNals(picture)).equals(Buffer.concat(nals))).toBe(true);
          const payloads = packetise(picture, codec);
          const received = reassemble(payloads, codec);
          expect(received.map(({ length }) => length)).toEqual(nals.map(({ length }) => length));
          expect(Buffer.concat(received).equals(Buffer.concat(nals))).toBe(true);
          expect(Math.max(...payloads.map(({ length }) => length))).toBeLessThanOrEqual(1_400);
        },
      ),
      { numRuns: 100 },
    );
  },
);

test('parameter sets are told from the picture behind them', () => {
  const picture = Buffer.from('00000001674201000000016805000001650102030405', 'hex');
  expect(parameterSetsOf(picture, 'h264')).toEqual({
    vps: [],
    sps: [Buffer.from('674201', 'hex')],
    pps: [Buffer.from('6805', 'hex')],
  });
});

test('the header carries marker, number, time and source, also when they have gone round', () => {
  assert(
    property(
      integer({ min: 0, max: 0xffff_ffff }),
      integer({ min: 0, max: 0xffff }),
      (timestamp, sequence) => {
        const packet = rtpPacket(
          { payloadType: 96, isMarked: true, sequence, timestamp, ssrc: 7 },
          Buffer.of(1, 2),
        );
        expect(packet[0]).toBe(0x80);
        expect(packet[1]).toBe(0x80 | 96);
        expect(packet.readUInt16BE(2)).toBe(sequence);
        expect(packet.readUInt32BE(4)).toBe(timestamp);
        expect(packet.readUInt32BE(8)).toBe(7);
        expect(packet.subarray(12)).toEqual(Buffer.of(1, 2));
      },
    ),
  );
});

test('a sender report says the time since 1900, and its lengths add up', () => {
  const at = Date.UTC(2_026, 2, 1, 12, 0, 0, 250);
  const packet = rtcpSenderReport({ ssrc: 7, at, timestamp: 90_000, packets: 3, octets: 1_000 });
  expect(packet.readUInt32BE(8) - 2_208_988_800).toBe(Math.floor(at / 1_000));
  expect(packet.readUInt32BE(12) / 2 ** 32).toBeCloseTo(0.25, 6);
  expect([packet.readUInt32BE(16), packet.readUInt32BE(20), packet.readUInt32BE(24)]).toEqual([
    90_000, 3, 1_000,
  ]);
  const reportBytes = (packet.readUInt16BE(2) + 1) * 4;
  expect(reportBytes + (packet.readUInt16BE(reportBytes + 2) + 1) * 4).toBe(packet.length);
});
