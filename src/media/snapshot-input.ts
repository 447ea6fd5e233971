import { AV_CODEC_ID_MJPEG, AV_NOPTS_VALUE, AVERROR_EXIT, AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import { CodecParameters, Packet } from 'node-av/lib';
import type { IncomingMessage } from 'node:http';
import type { StreamRequest } from '../core/camera-source.ts';
import type { Clock } from '../core/clock.ts';
import { lost, lostBy, type StreamLost } from './camera-cause.ts';
import { explainContent } from './content-type.ts';
import { HttpClient } from './http-client.ts';
import type { InputFacts, PacketInput } from './packet-input.ts';

/** A JPEG of 50 megapixels in best quality; what is larger is no picture of a camera. */
const longestBytes = 32 * 1024 * 1024;

/**
 * Asks a camera for a JPEG again and again, at the frame rate. A picture that has not changed since (304, or the same
 * bytes) counts as a new one of a scene that stands still.
 */
export class SnapshotInput implements PacketInput {
  readonly codecId = AV_CODEC_ID_MJPEG;
  readonly facts: InputFacts = { tickUs: 1, framesPerSecond: null, durationMs: null };
  readonly #request: StreamRequest;
  readonly #clock: Clock;
  readonly #client: HttpClient;
  readonly #interrupted = new AbortController();
  /** Of the last picture. */
  #jpeg: Buffer | undefined;
  #validators: Record<string, string> = {};
  #isFirstTaken = false;
  /** Monotonic. */
  #dueAt = 0;

  constructor(request: StreamRequest, clock: Clock) {
    this.#request = request;
    this.#clock = clock;
    this.#client = new HttpClient(request);
  }

  /** Fetches the first picture, which shows that there are some. */
  async open(): Promise<void> {
    await this.#fetch();
  }

  async read(): Promise<Packet> {
    if (this.#isFirstTaken) {
      const waitMs = this.#dueAt - this.#clock.monotonic();
      try {
        if (waitMs > 0) await this.#clock.sleep(waitMs, this.#interrupted.signal);
      } catch {
        throw this.#interruption();
      }
      await this.#fetch();
    }
    this.#isFirstTaken = true;
    const packet = new Packet();
    packet.alloc();
    packet.data = this.#jpeg ?? null;
    packet.streamIndex = 0;
    packet.isKeyframe = true;
    packet.pts = AV_NOPTS_VALUE;
    packet.dts = AV_NOPTS_VALUE;
    return packet;
  }

  copyParameters(): CodecParameters {
    const parameters = new CodecParameters();
    parameters.alloc();
    parameters.codecType = AVMEDIA_TYPE_VIDEO;
    parameters.codecId = AV_CODEC_ID_MJPEG;
    return parameters;
  }

  interrupt(): void {
    this.#interrupted.abort();
  }

  close(): Promise<void> {
    this.#client[Symbol.dispose]();
    return Promise.resolve();
  }

  async #fetch(): Promise<void> {
    const { signal } = this.#interrupted;
    // From one request to the next: how long an answer takes does not slow the rate down, as far as it can be helped.
    this.#dueAt = this.#clock.monotonic() + 1000 / this.#request.frameRate;
    try {
      const answer = await this.#client.get({ accept: 'image/jpeg', ...this.#validators }, signal);
      if (answer.statusCode === 304 && this.#jpeg !== undefined) {
        answer.resume();
        return;
      }
      const wrong = explainContent(answer, this.#request);
      if (wrong !== undefined) {
        answer.destroy();
        throw lost('invalid_data', this.#request, wrong);
      }
      this.#jpeg = await this.#readBody(answer);
      const { etag, 'last-modified': modified } = answer.headers;
      this.#validators = {
        ...(etag === undefined ? {} : { 'if-none-match': etag }),
        ...(modified === undefined ? {} : { 'if-modified-since': modified }),
      };
    } catch (error) {
      if (signal.aborted) throw this.#interruption();
      throw error;
    }
  }

  async #readBody(answer: IncomingMessage): Promise<Buffer> {
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    try {
      for await (const part of answer as AsyncIterable<Buffer>) {
        parts.push(part);
        sizeBytes += part.length;
        if (sizeBytes > longestBytes) break;
      }
    } catch (error) {
      throw this.#client.explain(error);
    }
    const body = Buffer.concat(parts);
    if (sizeBytes > longestBytes) {
      throw lost('invalid_data', this.#request, `expected a JPEG of at most ${longestBytes / 1024 ** 2} MB`);
    }
    if (body[0] === 0xff && body[1] === 0xd8) return body;
    const type = answer.headers['content-type'] ?? 'data of no type';
    const isPicture = type.toLowerCase().startsWith('image/');
    throw lost(
      isPicture ? 'unsupported_codec' : 'invalid_data',
      this.#request,
      `expected a JPEG, not ${type}`,
    );
  }

  /** Whoever interrupted knows the true cause. */
  #interruption(): StreamLost {
    return lostBy(AVERROR_EXIT, this.#request);
  }
}
