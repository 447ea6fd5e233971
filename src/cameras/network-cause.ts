import type { CameraCause } from '../core/camera.ts';

const causes: Readonly<Record<string, CameraCause>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'no_such_host',
  EAI_AGAIN: 'no_such_host',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ETIMEDOUT: 'timeout',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
};

/** What an error of Node's own sockets and HTTP client says of a camera. */
export function networkCauseOf(error: unknown): CameraCause {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  // Of the HTTP parser and of TLS: something answers, and it is no HTTP, or no TLS.
  if (/^(?:HPE_|ERR_SSL_|ERR_TLS_|EPROTO$)/.test(code)) return 'invalid_data';
  return causes[code] ?? 'unknown';
}
