import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { controlAddress, readDescription } from './session-description.ts';

const h264 = [
  'v=0',
  'o=- 1109162014219182 1109162014219192 IN IP4 x.y.z.w',
  's=Media Presentation',
  'a=control:rtsp://192.168.1.64:554/Streaming/Channels/101/',
  't=0 0',
  'm=audio 0 RTP/AVP 8',
  'a=rtpmap:8 PCMA/8000',
  'a=control:trackID=2',
  'm=video 0 RTP/AVP 96',
  'b=AS:5050',
  'a=recvonly',
  'a=control:trackID=1',
  'a=rtpmap:96 H264/90000',
  'a=fmtp:96 profile-level-id=420029; packetization-mode=1; sprop-parameter-sets=Z00AKeKQDwBE/LgLcBAQGkHiRFQ=,aO48gA==',
  'a=framerate:25.000000',
  'm=application 0 RTP/AVP 107',
  'a=control:trackID=3',
  'a=rtpmap:107 vnd.onvif.metadata/90000',
];

function withLine(pattern: RegExp, replacement: string | undefined): string {
  return h264.flatMap((line) => (pattern.test(line) ? (replacement ?? []) : line)).join('\r\n');
}

test('the video among other media is found, with its parameter sets', () => {
  const video = readDescription(h264.join('\r\n'));
  expect(video).toMatchObject({
    codec: 'h264',
    payloadType: 96,
    framesPerSecond: 25,
    control: 'trackID=1',
    sessionControl: 'rtsp://192.168.1.64:554/Streaming/Channels/101/',
  });
  expect(video?.parameterSets.toString('hex')).toBe(
    `00000001${Buffer.from('Z00AKeKQDwBE/LgLcBAQGkHiRFQ=', 'base64').toString('hex')}0000000168ee3c80`,
  );
});

test('H.265 has its sets in three parts, and lines may end in a plain line feed', () => {
  const text =
    'm=video 0 RTP/AVP 98\na=rtpmap:98 h265/90000\na=fmtp:98 sprop-vps=QAE=; sprop-sps=QgE=;sprop-pps=RAE=\n';
  const video = readDescription(text);
  expect(video).toMatchObject({ codec: 'hevc', payloadType: 98, control: undefined, framesPerSecond: null });
  expect(video?.parameterSets.toString('hex')).toBe('000000014001000000014201000000014401');
});

test('sets that are only in the stream are no hindrance', () => {
  expect(readDescription(withLine(/fmtp/, undefined))?.parameterSets).toHaveLength(0);
});

describe('what this reader leaves to FFmpeg', () => {
  test.each([
    ['JPEG', withLine(/m=video/, 'm=video 0 RTP/AVP 26')],
    ['another codec', withLine(/rtpmap:96/, 'a=rtpmap:96 MP4V-ES/90000')],
    ['another clock', withLine(/rtpmap:96/, 'a=rtpmap:96 H264/1000')],
    ['units out of order', withLine(/fmtp/, 'a=fmtp:96 packetization-mode=2')],
    ['no video', withLine(/m=video/, 'm=audio 0 RTP/AVP 96')],
    ['no description', 'this is none'],
  ])('%s', (_name, text) => {
    expect(readDescription(text)).toBeUndefined();
  });

  test('any text is read without an error', () => {
    const line = fc.oneof(fc.constantFrom(...h264), fc.string());
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        readDescription(lines.join('\n'));
      }),
    );
  });
});

test.each([
  ['rtsp://cam/live/', undefined, 'rtsp://cam/live/'],
  ['rtsp://cam/live', '*', 'rtsp://cam/live'],
  ['rtsp://cam/live/', 'trackID=1', 'rtsp://cam/live/trackID=1'],
  ['rtsp://cam/live', 'trackID=1', 'rtsp://cam/live/trackID=1'],
  ['rtsp://cam/live?a=1&b=2', 'trackID=1', 'rtsp://cam/live?a=1&b=2/trackID=1'],
  ['rtsp://cam/live', 'rtsp://10.0.0.9/live/track1', 'rtsp://10.0.0.9/live/track1'],
])('the part of %s called %s is at %s', (base, control, expected) => {
  expect(controlAddress(base, control)).toBe(expected);
});
