import { connect, type Socket } from 'node:net';
import type { StreamRequest } from '../../core/camera-source.ts';
import { messageOf } from '../../core/errors.ts';
import { lost, lostBySystem, type StreamLost } from '../camera-cause.ts';
import { HttpAuthorization } from '../http-authorization.ts';
import { NoRtspError, RtspWire, type RtspAnswer, type RtspWireListener } from './rtsp-wire.ts';

const defaultPort = 554;
/** What is read at once. */
const readBytes = 64 * 1024;
/** RFC 2326, 12.37, for sessions that do not say how long they live without a sign of life. */
const defaultTimeoutS = 60;
/** A camera that does not answer its goodbye is left. */
const goodbyeMs = 300;

export interface RtspConnectionOptions {
  readonly request: StreamRequest;
  readonly packets: Pick<RtspWireListener, 'onPacket' | 'isPacket'>;
  /** Called once, when nothing more will come. */
  readonly onLost: (error: StreamLost) => void;
}

/**
 * The control connection to one camera, over which the video comes too (RTSP 1.0, RFC 2326): sends requests one at a time,
 * answers to challenges, and keeps the session alive.
 */
export class RtspConnection {
  readonly #options: RtspConnectionOptions;
  readonly #authorization: HttpAuthorization;
  readonly #wire: RtspWire;
  #socket: Socket | undefined;
  #sequence = 0;
  #waiting: PromiseWithResolvers<RtspAnswer> | undefined;
  #lost: StreamLost | undefined;
  /** Of the session, once there is one. */
  #session: string | undefined;
  #address = '';
  #keepAlive: NodeJS.Timeout | undefined;
  #aliveMethod = 'OPTIONS';

  constructor(options: RtspConnectionOptions) {
    this.#options = options;
    this.#authorization = new HttpAuthorization(options.request);
    const { onPacket, isPacket } = options.packets;
    this.#wire = new RtspWire({
      onPacket,
      isPacket,
      onAnswer: (answer) => {
        this.#waiting?.resolve(answer);
        this.#waiting = undefined;
      },
    });
  }

  /** @throws StreamLost */
  async open(): Promise<void> {
    const { url } = this.#options.request;
    if (!URL.canParse(url)) throw lost('invalid_data', this.#options.request, 'not an address');
    const { hostname, port } = new URL(url);
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? defaultPort : Number(port),
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(readBytes),
        callback: (count, buffer) => this.#read(buffer, count),
      },
    });
    this.#socket = socket;
    socket.once('connect', resolve);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#lose(lostBySystem(error, this.#options.request));
      reject(error);
    });
    socket.on('close', () => {
      this.#lose(lost('reset', this.#options.request, 'the camera ended the connection'));
      reject(new Error('closed'));
    });
    await promise.catch((error: unknown) => {
      throw this.#lost ?? error;
    });
  }

  /**
   * @returns an answer with any status but 401, as long as there are credentials that were not tried
   * @throws StreamLost
   */
  async ask(
    method: string,
    address: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RtspAnswer> {
    const answer = await this.#ask(method, address, headers);
    if (answer.status !== 401) return answer;
    const challenges = answer.headers.get('www-authenticate') ?? [];
    return this.#authorization.challenge(challenges) ? await this.#ask(method, address, headers) : answer;
  }

  /** From now on packets may come, and the session is kept alive. */
  beginSession(answer: RtspAnswer, address: string): void {
    const [session = '', ...parameters] = (answer.headers.get('session')?.[0] ?? '').split(';');
    const timeout = /timeout=(\d+)/i.exec(parameters.join(';'))?.[1];
    this.#session = session.trim();
    this.#address = address;
    this.#wire.isLenient = true;
    const seconds = Math.max(4, Number(timeout ?? defaultTimeoutS));
    this.#keepAlive = setInterval(
      () => {
        // What does not come back is noticed by the video that does not come.
        this.ask(this.#aliveMethod, this.#address).catch(() => undefined);
      },
      (seconds * 1000) / 2,
    );
  }

  /** @param methods as a camera lists those that it knows */
  noteMethods(methods: string): void {
    if (/\bGET_PARAMETER\b/.test(methods)) this.#aliveMethod = 'GET_PARAMETER';
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  destroy(): void {
    clearInterval(this.#keepAlive);
    this.#socket?.destroy();
  }

  /** Tells the camera that it is over, if there is a session, and closes. Resolves when it is closed. */
  async close(): Promise<void> {
    const socket = this.#socket;
    clearInterval(this.#keepAlive);
    if (socket === undefined || socket.closed) return;
    const closed = new Promise<void>((resolve) => {
      socket.once('close', () => {
        resolve();
      });
    });
    if (this.#session === undefined || this.#lost !== undefined) socket.destroy();
    else {
      const timer = setTimeout(() => socket.destroy(), goodbyeMs);
      socket.resume();
      this.ask('TEARDOWN', this.#address)
        .catch(() => undefined)
        .finally(() => {
          clearTimeout(timer);
          socket.destroy();
        });
    }
    await closed;
  }

  async #ask(
    method: string,
    address: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<RtspAnswer> {
    if (this.#lost !== undefined) throw this.#lost;
    this.#sequence += 1;
    const authorization = this.#authorization.header(method, address);
    const fields = {
      CSeq: String(this.#sequence),
      'User-Agent': 'Vedette',
      ...(this.#session === undefined ? {} : { Session: this.#session }),
      ...(authorization === undefined ? {} : { Authorization: authorization }),
      ...headers,
    };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#waiting = Promise.withResolvers<RtspAnswer>();
    const { promise } = this.#waiting;
    this.#socket?.write(`${method} ${address} RTSP/1.0\r\n${lines.join('')}\r\n`);
    return await promise;
  }

  #read(buffer: Uint8Array, count: number): boolean {
    try {
      this.#wire.push(Buffer.from(buffer.buffer, buffer.byteOffset, count));
    } catch (error) {
      const cause = error instanceof NoRtspError ? 'invalid_data' : 'unknown';
      this.#lose(lost(cause, this.#options.request, messageOf(error)));
      this.#socket?.destroy();
    }
    return true;
  }

  #lose(error: StreamLost): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    clearInterval(this.#keepAlive);
    this.#waiting?.reject(error);
    this.#waiting = undefined;
    this.#options.onLost(error);
  }
}
