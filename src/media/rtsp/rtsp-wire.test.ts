import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { rtspResponse } from '../../../test/support/rtsp-messages.ts';
import { NoRtspError, RtspWire, type RtspAnswer } from './rtsp-wire.ts';

type Message = string;

function wireInto(messages: Message[], isLenient: boolean): RtspWire {
  const wire = new RtspWire({
    onAnswer: ({ status, headers, body }: RtspAnswer) =>
      messages.push(`${status} ${headers.get('x-name')?.join('+') ?? ''} ${body}`),
    onPacket: (channel, bytes, begin, end) =>
      messages.push(`$${channel} ${bytes.toString('hex', begin, end)}`),
    isPacket: (channel, bytes, begin) => channel <= 1 && ((bytes[begin] ?? 0) & 0xc0) === 0x80,
  });
  wire.isLenient = isLenient;
  return wire;
}

function packet(channel: number, payload: Uint8Array): Buffer {
  const header = Buffer.of(0x24, channel, 0, 0);
  header.writeUInt16BE(payload.length + 1, 2);
  return Buffer.concat([header, Buffer.of(0x80), payload]);
}

const anyMessage = fc.oneof(
  fc
    .record({ channel: fc.nat(1), payload: fc.uint8Array({ maxLength: 40 }) })
    .map(({ channel, payload }) => ({
      bytes: packet(channel, payload),
      message: `$${channel} 80${Buffer.from(payload).toString('hex')}`,
    })),
  fc
    .record({ status: fc.constantFrom(200, 401, 454), body: fc.stringMatching(/^[ -~]{0,30}$/) })
    .map(({ status, body }) => ({
      bytes: Buffer.from(
        rtspResponse(status, '1', { 'X-Name': 'a: b', 'Content-Length': String(body.length) }, body),
      ),
      message: `${status} a: b ${body}`,
    })),
);

test('any answers and packets are told apart, in whatever pieces they come', () => {
  fc.assert(
    fc.property(
      fc.array(anyMessage, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      fc.boolean(),
      (sent, sizes, isLenient) => {
        const messages: Message[] = [];
        const wire = wireInto(messages, isLenient);
        const all = Buffer.concat(sent.map(({ bytes }) => bytes));
        // One piece of memory for all that is read, as the socket has it.
        const room = Buffer.alloc(64);
        for (let at = 0, turn = 0; at < all.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          const count = all.copy(room, 0, at, at + size);
          wire.push(room.subarray(0, count));
          room.fill(0xee);
          at += count;
        }
        expect(messages).toEqual(sent.map(({ message }) => message));
      },
    ),
  );
});

test('with wrong bits in between, it is back in step with what follows', () => {
  const messages: Message[] = [];
  const wire = wireInto(messages, true);
  const wrongLength = packet(0, Buffer.alloc(20, 7));
  wrongLength[1] = 99;
  for (const piece of [
    packet(0, Buffer.of(1)),
    Buffer.from('no packet at all'),
    wrongLength,
    packet(1, Buffer.of(2)),
    Buffer.from('RTSP/2'),
    Buffer.from(rtspResponse(200, '4')),
  ]) {
    wire.push(piece);
  }
  expect(messages).toEqual(['$0 8001', '$1 8002', '200  ']);
});

test('lines may end in a plain line feed', () => {
  const messages: Message[] = [];
  wireInto(messages, false).push(Buffer.from('RTSP/1.0 200 OK\nX-Name: a\nContent-Length: 2\n\nok'));
  expect(messages).toEqual(['200 a ok']);
});

test('random bytes are survived, and never kept without bound', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (pieces) => {
      const wire = wireInto([], true);
      for (const piece of pieces) wire.push(Buffer.from(piece));
    }),
  );
});

test.each([
  ['a web server', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['a shell server', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['a version that is none', 'RTSP/1.x 200 OK\r\n\r\n'],
  ['a packet before any was asked for', '$\u0009\u0000\u0001x'],
])('before there is any video, %s is no camera', (_name, text) => {
  expect(() => {
    wireInto([], false).push(Buffer.from(text, 'latin1'));
  }).toThrow(NoRtspError);
});

test('an endless head is no answer', () => {
  const wire = wireInto([], false);
  expect(() => {
    wire.push(Buffer.from(`RTSP/1.0 200 OK\r\nX: ${'x'.repeat(70_000)}`));
  }).toThrow(NoRtspError);
});
