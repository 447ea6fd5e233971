import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { RtspReader, rtspResponse, type RtspRequest } from './rtsp-messages.ts';
import { RtspSession } from './rtsp-session.ts';
import type { RtspStream } from './rtsp-stream.ts';
import { interleavedTransport, udpTransport } from './rtp-transports.ts';

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Done once the answer is with the socket. */
  readonly after?: () => void;
}

const methods = 'OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER, SET_PARAMETER';

/** One client's control connection, with the one session that it may have. */
export class RtspConnection {
  readonly #socket: Socket;
  readonly #streamOf: (path: string) => RtspStream | undefined;
  readonly #reader = new RtspReader();
  #session: RtspSession | undefined;
  #answered: Promise<void> = Promise.resolve();

  /** @param streamOf the stream under a path that begins with a slash */
  constructor(socket: Socket, streamOf: (path: string) => RtspStream | undefined) {
    this.#socket = socket;
    this.#streamOf = streamOf;
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#session?.close();
    });
    socket.on('data', (piece: Buffer) => {
      this.#read(piece);
    });
  }

  get session(): RtspSession | undefined {
    return this.#session;
  }

  reset(): void {
    this.#session?.close();
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#session?.close();
    this.#socket.end();
    // A client that does not close its side gets no longer than this.
    setTimeout(() => this.#socket.destroy(), 1_000).unref();
  }

  #read(piece: Buffer): void {
    try {
      for (const request of this.#reader.push(piece)) {
        // One after the other, also when answers are slow.
        this.#answered = this.#answered.then(() => this.#serve(request));
      }
    } catch {
      this.#socket.end(rtspResponse(400, undefined));
    }
  }

  async #serve(request: RtspRequest): Promise<void> {
    const sequence = request.headers['cseq'];
    const stream = this.#streamOf(pathOf(request.url));
    if (stream !== undefined) stream.stats.requests += 1;
    const fault = stream?.fault;
    if (fault?.kind === 'black_hole') return;
    const answer =
      fault?.kind === 'status' && (fault.method ?? request.method) === request.method
        ? { status: fault.status }
        : await this.#answer(request, stream).catch((): Answer => ({ status: 500 }));
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    const text = rtspResponse(answer.status, sequence, answer.headers, answer.body);
    if (fault?.kind === 'slow_answers') {
      for (const byte of Buffer.from(text)) {
        if (this.#socket.destroyed || this.#socket.writableEnded) return;
        this.#socket.write(Buffer.of(byte));
        await delay(fault.msPerByte);
      }
    } else {
      this.#socket.write(text);
    }
    answer.after?.();
  }

  async #answer(request: RtspRequest, stream: RtspStream | undefined): Promise<Answer> {
    const { method } = request;
    if (method === 'OPTIONS') return { status: 200, headers: { Public: methods } };
    if (stream === undefined) return { status: 404 };
    const { authenticator } = stream;
    if (
      authenticator !== undefined &&
      !authenticator.isAuthorized(method, request.headers['authorization'])
    ) {
      stream.stats.unauthorized += 1;
      return { status: 401, headers: { 'WWW-Authenticate': authenticator.challenge } };
    }
    if (method === 'DESCRIBE') {
      const base = `${request.url.replace(/\/$/, '')}/`;
      return {
        status: 200,
        headers: { 'Content-Base': base, 'Content-Type': 'application/sdp' },
        body: stream.sdp(),
      };
    }
    if (method === 'SETUP') return this.#setUp(request, stream);
    const session = this.#session;
    if (session === undefined || !sameSession(request, session)) return { status: 454 };
    const headers = { Session: `${session.id};timeout=${stream.sessionTimeoutS}` };
    switch (method) {
      case 'PLAY': {
        const { sequence, timestamp } = session.play();
        return {
          status: 200,
          headers: {
            ...headers,
            Range: 'npt=now-',
            'RTP-Info': `url=${request.url.replace(/\/$/, '')}/trackID=0;seq=${sequence};rtptime=${timestamp}`,
          },
          after: () => {
            session.start();
          },
        };
      }
      case 'TEARDOWN':
        stream.stats.teardowns += 1;
        session.close();
        this.#session = undefined;
        return { status: 200 };
      case 'GET_PARAMETER':
      case 'SET_PARAMETER':
        return { status: 200, headers };
      default:
        return { status: 501 };
    }
  }

  async #setUp(request: RtspRequest, stream: RtspStream): Promise<Answer> {
    if (this.#session !== undefined) return { status: 455 };
    const asked = request.headers['transport'] ?? '';
    const channels = /interleaved=(\d+)-(\d+)/.exec(asked);
    const ports = /client_port=(\d+)-(\d+)/.exec(asked);
    const host = this.#socket.remoteAddress?.replace(/^::ffff:/, '') ?? '127.0.0.1';
    let transport;
    if (/RTP\/AVP\/TCP/i.test(asked)) {
      transport = interleavedTransport(this.#socket, Number(channels?.[1] ?? 0), Number(channels?.[2] ?? 1));
    } else if (ports !== null) {
      transport = await udpTransport(host, Number(ports[1]), Number(ports[2]));
    } else {
      return { status: 461 };
    }
    this.#session = new RtspSession(stream, transport, this);
    return {
      status: 200,
      headers: {
        Transport: transport.description,
        Session: `${this.#session.id};timeout=${stream.sessionTimeoutS}`,
      },
    };
  }
}

function sameSession(request: RtspRequest, session: RtspSession): boolean {
  return request.headers['session']?.split(';')[0] === session.id;
}

/** `/door` of `rtsp://host/door/trackID=0?x=1`. */
export function pathOf(url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname : url;
  return path.replace(/\/trackID=\d+$/, '').replace(/\/$/, '') || '/';
}
