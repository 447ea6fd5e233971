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
import { explainCause } from '../core/explain-cause.ts';
import { messageOf } from '../core/errors.ts';
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
  [-errno.EBUSY, 'refused'],
  [-errno.EINVAL, 'invalid_data'],
  [-errno.ENOTTY, 'invalid_data'],
  [-errno.ENODEV, 'not_found'],
  [-errno.ENXIO, 'not_found'],
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

/** @param error of a socket, a look-up or a request, as Node has them */
export function lostBySystem(error: unknown, request: StreamRequest): StreamLost {
  // Every address of a name was tried.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both are looked for, not relied on
  const { code, errno } = first as Partial<NodeJS.ErrnoException>;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return lost('no_such_host', request, messageOf(first));
  // libuv's numbers are the negative ones of the system, as FFmpeg's are.
  if (errno !== undefined && causeOf(errno) !== 'unknown') return lostBy(errno, request);
  if (code === 'ECONNRESET') return lost('reset', request, messageOf(first));
  return lost('unknown', request, messageOf(first));
}

/** As `lostBy`, of a stream that could be read before: what can't be read now is damaged. */
export function brokenBy(code: number, request: StreamRequest): StreamLost {
  const cause = causeOf(code);
  return lost(cause === 'invalid_data' ? 'corrupt' : cause, request, new FFmpegError(code).message);
}

/** @param detail what the library or the system said, in its own words */
export function lost(cause: CameraCause, request: StreamRequest, detail = ''): StreamLost {
  const said = detail === '' ? '' : ` (${detail})`;
  return new StreamLost(cause, `${explainCause(cause, request)}${said}`);
}
