import { constants } from 'node:os';
import {
  AVERROR_DECODER_NOT_FOUND,
  AVERROR_DEMUXER_NOT_FOUND,
  AVERROR_EOF,
  AVERROR_HTTP_BAD_REQUEST,
  AVERROR_HTTP_FORBIDDEN,
  AVERROR_HTTP_NOT_FOUND,
  AVERROR_HTTP_OTHER_4XX,
  AVERROR_HTTP_UNAUTHORIZED,
  AVERROR_INVALIDDATA,
  AVERROR_PROTOCOL_NOT_FOUND,
  AVERROR_STREAM_NOT_FOUND,
} from 'node-av/constants';
import { FFmpegError } from 'node-av/lib';
import type { StreamRequest } from '../core/camera-source.ts';
import type { CameraCause } from '../core/camera.ts';
import { redact } from '../core/redact.ts';

/** Why a stream is lost, inside a media host; becomes a `CameraLostError` on the other side. */
export class StreamLost extends Error {
  readonly cameraCause: CameraCause;

  constructor(cameraCause: CameraCause, message: string) {
    super(redact(message));
    this.name = 'StreamLost';
    this.cameraCause = cameraCause;
  }
}

const { errno } = constants;

/** FFmpeg's error numbers are the negative ones of the system, and its own. */
const causes = new Map<number, CameraCause>([
  [-errno.ECONNREFUSED, 'refused'],
  [-errno.EHOSTUNREACH, 'unreachable'],
  [-errno.ENETUNREACH, 'unreachable'],
  [-errno.ENETDOWN, 'unreachable'],
  [-errno.EADDRNOTAVAIL, 'unreachable'],
  [-errno.ETIMEDOUT, 'timeout'],
  [-errno.ECONNRESET, 'reset'],
  [-errno.ECONNABORTED, 'reset'],
  [-errno.EPIPE, 'reset'],
  [-errno.EIO, 'reset'],
  [-errno.ENOTCONN, 'reset'],
  [-errno.ENOENT, 'not_found'],
  [-errno.ENOTDIR, 'not_found'],
  [-errno.EISDIR, 'not_found'],
  [-errno.EACCES, 'unauthorized'],
  [-errno.EPERM, 'unauthorized'],
  [AVERROR_EOF, 'reset'],
  [AVERROR_HTTP_UNAUTHORIZED, 'unauthorized'],
  [AVERROR_HTTP_FORBIDDEN, 'unauthorized'],
  [AVERROR_HTTP_NOT_FOUND, 'not_found'],
  // What RTSP servers answer when nothing at this address can be played.
  [AVERROR_HTTP_BAD_REQUEST, 'invalid_data'],
  [AVERROR_HTTP_OTHER_4XX, 'invalid_data'],
  [AVERROR_INVALIDDATA, 'invalid_data'],
  [AVERROR_DEMUXER_NOT_FOUND, 'invalid_data'],
  [AVERROR_STREAM_NOT_FOUND, 'invalid_data'],
  [AVERROR_PROTOCOL_NOT_FOUND, 'invalid_data'],
  [AVERROR_DECODER_NOT_FOUND, 'unsupported_codec'],
]);

export function causeOf(code: number): CameraCause {
  return causes.get(code) ?? 'unknown';
}

/** @param code what FFmpeg returned, below 0 */
export function lostBy(code: number, request: StreamRequest): StreamLost {
  return lost(causeOf(code), request, new FFmpegError(code).message);
}

/** @param detail what the library or the system said, in its own words */
export function lost(cause: CameraCause, request: StreamRequest, detail = ''): StreamLost {
  const said = detail === '' ? '' : ` (${detail})`;
  return new StreamLost(cause, `${explain(cause, request)}${said}`);
}

/** What the cause means and what to do. */
function explain(cause: CameraCause, request: StreamRequest): string {
  return request.protocol === 'file' ? explainRecording(cause, request.url) : explainLive(cause, request);
}

function explainRecording(cause: CameraCause, path: string): string {
  const known: Partial<Record<CameraCause, string>> = {
    not_found: `There is no file ${path}. Check the path; a relative one starts at the working directory.`,
    unauthorized: `The file ${path} may not be read. Give the user that runs Vedette the right to read it.`,
    invalid_data: `${path} can't be read as a video. Expected a recording such as MP4, Matroska, AVI or a transport stream; check that it is complete.`,
    unsupported_codec: `${path} holds no video that can be decoded. Record or convert it as H.264 or H.265.`,
    reset: `The file ${path} was changed or taken away while it was read.`,
  };
  return known[cause] ?? `${path} could not be read to its end.`;
}

function explainLive(cause: CameraCause, { url, protocol, username, transport }: StreamRequest): string {
  const host = hostOf(url);
  const isUdp = transport === 'udp';
  const explained: Record<CameraCause, string> = {
    refused: `${host} refused the connection. Check the port, and that the camera's ${protocol === 'rtsp' ? 'RTSP' : 'HTTP'} service is switched on.`,
    no_such_host: `The name of ${host} can't be resolved. Check its spelling, or use the camera's IP address.`,
    unreachable: `There is no way to ${host} from this machine. Check the network and that the camera has power.`,
    timeout: `${host} did not answer in time. Check that the camera is on and the address is right.`,
    unauthorized:
      username === null
        ? `${host} asks for a user name and a password. Set both for this camera.`
        : `${host} did not accept the user name and password. Correct them; many cameras lock an account after several tries.`,
    not_found: `${host} has no stream at this path. Look up the path of the video stream in the camera's manual.`,
    unsupported_codec: `${host} sends a video format that can't be decoded. Set the camera to H.264, H.265 or MJPEG.`,
    invalid_data: `What ${host} sends can't be read as video. Check the address${isUdp ? '; over UDP, packets may get lost: try TCP' : ''}.`,
    reset: `${host} closed the connection. It may have restarted or allow only few viewers at once.`,
    no_frames: `${host} is connected but sent no picture any more. Check the camera's video settings${isUdp ? ', and that UDP packets come through (a firewall may stop them): try TCP' : ''}.`,
    ended: `${host} ended the stream.`,
    media_host_lost: `The decoder process of ${host} was lost; it is started anew.`,
    unknown: `The stream of ${host} could not be read.`,
  };
  return explained[cause];
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'The camera';
}
