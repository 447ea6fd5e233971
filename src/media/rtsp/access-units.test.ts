import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packetise, rtpPacket, type RtpCodec } from '../../../test/support/rtp-packetiser.ts';
import { AccessUnits } from './access-units.ts';

const payloadType = 96;
const startCode = Buffer.of(0, 0, 0, 1);

interface Taken {
  readonly hex: string;
  readonly ticks: number;
  readonly isKeyframe: boolean;
}

interface Sent {
  readonly payload: Buffer;
  readonly timestamp: number;
  readonly isMarked: boolean;
}

/** @param edit of the RTP packet itself */
function receive(
  codec: RtpCodec,
  sent: readonly (Sent | 'lost')[],
  edit: (packet: Buffer) => Buffer = (packet) => packet,
): Taken[] {
  const taken: Taken[] = [];
  const units = new AccessUnits(codec, payloadType, ({ bytes, ticks, isKeyframe }) => {
    taken.push({ hex: bytes.toString('hex'), ticks, isKeyframe });
  });
  let sequence = 65_530;
  for (const one of sent) {
    sequence = (sequence + 1) & 0xffff;
    if (one === 'lost') continue;
    const { payload, timestamp, isMarked } = one;
    const packet = edit(rtpPacket({ payloadType, isMarked, sequence, timestamp, ssrc: 7 }, payload));
    // In the middle of what was read, as it comes.
    const bytes = Buffer.concat([Buffer.from('$'), packet, Buffer.from('more')]);
    expect(units.isPacket(bytes, 1, 1 + packet.length)).toBe(true);
    units.push(bytes, 1, 1 + packet.length);
  }
  return taken;
}

function unitOf(nals: readonly Buffer[]): Buffer {
  return Buffer.concat(nals.flatMap((nal) => [startCode, nal]));
}

/** The packets of one picture. */
function pictureOf(
  codec: RtpCodec,
  nals: readonly Buffer[],
  timestamp: number,
  marked: 'last' | 'all' | 'none' = 'last',
): Sent[] {
  const payloads = packetise(unitOf(nals), codec);
  return payloads.map((payload, index) => ({
    payload,
    timestamp,
    isMarked: marked === 'all' || (marked === 'last' && index === payloads.length - 1),
  }));
}

/** A unit without start codes or zeros at its end. `isFirst`: the first bit behind the header, set in a picture's first slice. */
function nal(codec: RtpCodec, type: number, size: number, isFirst = true): Buffer {
  const header = codec === 'h264' ? Buffer.of(0x60 | type) : Buffer.of(type << 1, 1);
  const body = Buffer.alloc(Math.max(1, size), 0x55);
  body[0] = isFirst ? 0x88 : 0x48;
  return Buffer.concat([header, body]);
}

const types = {
  h264: { slice: 1, key: 5, sets: [7, 8] },
  hevc: { slice: 1, key: 19, sets: [32, 33, 34] },
} as const;

const codecs = ['h264', 'hevc'] as const;

/** Pictures of one to four slices of any size, some of them key frames with their parameter sets. */
function anyPictures(codec: RtpCodec): fc.Arbitrary<{ nals: Buffer[]; isKey: boolean; step: number }[]> {
  const { slice, key, sets } = types[codec];
  return fc.array(
    fc
      .record({
        isKey: fc.boolean(),
        sizes: fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 4 }),
        step: fc.integer({ min: 1, max: 0x7fff_ffff }),
      })
      .map(({ isKey, sizes, step }) => ({
        isKey,
        step,
        nals: [
          ...(isKey ? sets.map((type) => nal(codec, type, 12)) : []),
          ...sizes.map((size, index) => nal(codec, isKey ? key : slice, size, index === 0)),
        ],
      })),
    { minLength: 1, maxLength: 8 },
  );
}

describe.each(codecs)('%s', (codec) => {
  const { slice, key, sets } = types[codec];

  test('any pictures come out as they went in, whatever their sizes and times', () => {
    fc.assert(
      fc.property(anyPictures(codec), fc.nat(0xffff_ffff), (pictures, firstTimestamp) => {
        let ticks = firstTimestamp;
        const sent: Sent[] = [];
        const expected: Taken[] = [];
        for (const { nals, isKey, step } of pictures) {
          sent.push(...pictureOf(codec, nals, ticks % 2 ** 32));
          expected.push({ hex: unitOf(nals).toString('hex'), ticks, isKeyframe: isKey });
          ticks += step;
        }
        expect(receive(codec, sent)).toEqual(expected);
      }),
    );
  });

  test('without marks, pictures end where the next one begins', () => {
    fc.assert(
      fc.property(anyPictures(codec), fc.boolean(), (pictures, isClockStill) => {
        const sent = pictures.flatMap(({ nals }, index) =>
          pictureOf(codec, nals, isClockStill ? 1 : index * 3000, 'none'),
        );
        const hexes = pictures.map(({ nals }) => unitOf(nals).toString('hex'));
        expect(receive(codec, sent).map(({ hex }) => hex)).toEqual(hexes.slice(0, -1));
      }),
    );
  });

  test('marks on every packet mislead for one picture only', () => {
    const picture = [nal(codec, slice, 3000), nal(codec, slice, 3000, false)];
    const sent = [0, 3000, 6000, 9000].flatMap((timestamp) =>
      picture.flatMap((one) => pictureOf(codec, [one], timestamp, 'all')),
    );
    const whole = unitOf(picture).toString('hex');
    const hexes = receive(codec, sent).map(({ hex }) => hex);
    expect(hexes.slice(-2)).toEqual([whole, whole]);
    expect(hexes.length).toBeLessThanOrEqual(6);
  });

  test('parameter sets that come by themselves, marked, belong to the key frame behind them', () => {
    const units = sets.map((type) => nal(codec, type, 12));
    const alone = units.flatMap((unit) => pictureOf(codec, [unit], 0));
    const keyframe = nal(codec, key, 2000);
    const taken = receive(codec, [...alone, ...pictureOf(codec, [keyframe], 3000)]);
    expect(taken).toEqual([
      { hex: unitOf([...units, keyframe]).toString('hex'), ticks: 3000, isKeyframe: true },
    ]);
  });

  test('of a fragment whose beginning is lost nothing is taken, and what is lost ends the unit', () => {
    const first = pictureOf(codec, [nal(codec, slice, 5000)], 0);
    const whole = pictureOf(codec, [nal(codec, slice, 5000)], 3000);
    const lose = (at: number): (Sent | 'lost')[] => first.map((one, index) => (index === at ? 'lost' : one));
    const sizes = (at: number): number[] =>
      receive(codec, [...lose(at), ...whole]).map(({ hex }) => hex.length / 2);
    const full = sizes(-1)[1] ?? 0;
    expect(sizes(-1)).toEqual([full, full]);
    expect(sizes(0)).toEqual([full]);
    const [cut = 0, next] = sizes(1);
    expect(cut).toBeGreaterThan(1000);
    expect(cut).toBeLessThan(full / 2);
    expect(next).toBe(full);
  });

  test('padding, extensions and contributing sources are no part of the picture', () => {
    const sent = pictureOf(codec, [nal(codec, key, 100)], 0);
    const plain = receive(codec, sent);
    const dressed = receive(codec, sent, (packet) => {
      const header = Buffer.from(packet.subarray(0, 12));
      header[0] = 0x80 | 0x20 | 0x10 | 2;
      const sources = Buffer.alloc(8, 1);
      const extension = Buffer.of(0xbe, 0xde, 0, 1, 9, 9, 9, 9);
      return Buffer.concat([header, sources, extension, packet.subarray(12), Buffer.of(0, 0, 3)]);
    });
    expect(plain).toHaveLength(1);
    expect(dressed).toEqual(plain);
  });

  test('what is of another payload type, or nothing but noise, is no picture and no error', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 20 }), (pieces) => {
        const units = new AccessUnits(codec, payloadType, () => undefined);
        for (const piece of pieces) {
          const bytes = Buffer.from(piece);
          if (bytes.length > 1) bytes[1] = ((bytes[1] ?? 0) & 0x80) | payloadType;
          if (bytes.length >= 12) units.push(bytes, 0, bytes.length);
        }
      }),
      { numRuns: 300 },
    );
    const other = receive(codec, pictureOf(codec, [nal(codec, key, 100)], 0), (packet) => {
      packet[1] = 0x80 | 97;
      return packet;
    });
    expect(other).toEqual([]);
  });
});

test('an H.264 picture from which decoding may begin says so in a message', () => {
  const recovery = Buffer.of(0x06, 0x06, 0x01, 0xc4, 0x80);
  const [taken] = receive('h264', pictureOf('h264', [recovery, nal('h264', 1, 50)], 0));
  expect(taken?.isKeyframe).toBe(true);
});

test('a picture that never ends takes no more than its room, and the next one is seen', () => {
  const endless = nal('h264', 1, 17 * 1024 * 1024);
  const next = nal('h264', 5, 40);
  const taken = receive('h264', [...pictureOf('h264', [endless], 0), ...pictureOf('h264', [next], 3000)]);
  expect(taken.map(({ hex }) => hex)).toEqual([unitOf([next]).toString('hex')]);
});
