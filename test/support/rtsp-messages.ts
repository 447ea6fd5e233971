/** RTSP 1.0 messages (RFC 2326) as a server reads and writes them. */

export interface RtspRequest {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

const maxBufferedBytes = 1024 * 1024;

/** Cuts a byte stream into requests; interleaved packets from the client (its RTCP) are skipped and counted. */
export class RtspReader {
  #buffered: Buffer = Buffer.alloc(0);
  #interleavedCount = 0;

  get interleavedCount(): number {
    return this.#interleavedCount;
  }

  /** @throws Error when what comes is no RTSP */
  push(piece: Buffer): RtspRequest[] {
    this.#buffered = Buffer.concat([this.#buffered, piece]);
    const requests: RtspRequest[] = [];
    for (;;) {
      const buffer = this.#buffered;
      if (buffer.length > maxBufferedBytes) throw new Error('The request is larger than 1 MiB.');
      if (buffer[0] === 0x24) {
        if (buffer.length < 4 || buffer.length < 4 + buffer.readUInt16BE(2)) return requests;
        this.#buffered = buffer.subarray(4 + buffer.readUInt16BE(2));
        this.#interleavedCount += 1;
        continue;
      }
      const headEnd = buffer.indexOf('\r\n\r\n');
      if (headEnd < 0) return requests;
      const request = parseHead(buffer.toString('latin1', 0, headEnd));
      const end = headEnd + 4 + Number(request.headers['content-length'] ?? 0);
      if (buffer.length < end) return requests;
      this.#buffered = buffer.subarray(end);
      requests.push(request);
    }
  }
}

function parseHead(head: string): RtspRequest {
  const [requestLine = '', ...lines] = head.split('\r\n');
  const [method, url, version] = requestLine.split(' ');
  if (method === undefined || url === undefined || version !== 'RTSP/1.0') {
    throw new Error(`Received '${requestLine}', expected 'METHOD url RTSP/1.0'.`);
  }
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { method, url, headers };
}

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  454: 'Session Not Found',
  455: 'Method Not Valid in This State',
  461: 'Unsupported Transport',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
};

export function rtspResponse(
  status: number,
  sequence: string | undefined,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): string {
  const fields = {
    ...(sequence === undefined ? {} : { CSeq: sequence }),
    Server: 'Vedette test camera',
    ...headers,
    ...(body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `RTSP/1.0 ${status} ${reasons[status] ?? 'Error'}\r\n${lines.join('')}\r\n${body}`;
}
