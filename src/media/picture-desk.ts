import type { CodecParameters, Packet } from 'node-av/lib';
import type { StreamRequest } from '../core/camera-source.ts';
import { messageOf } from '../core/errors.ts';
import type { DecoderTurns } from './decoder-turns.ts';
import { pictureRequestLimit, type FromHost } from './host-protocol.ts';
import type { PacketRing, RingEntry } from './packet-ring.ts';
import { decodePictures } from './picture-decoder.ts';

/**
 * How far a packet may be from the time that names a frame, ms. A frame of the same stream is named by whole
 * milliseconds: a nearer packet is that frame or the one beside it. Of another stream of the camera, both timed by their
 * arrival, the nearest packet of 2 frames a second is up to 250 ms away, and a large key frame is held up by as much in a
 * slow network; farther away, the small picture of the right moment is worth more.
 */
const toleranceMs = { analysis: 250, pictures: 500 } as const;

/** What the pictures of a stream depend on beside its packets. */
export type PictureRequest = Pick<StreamRequest, 'purpose' | 'masks'>;

interface Order {
  readonly request: number;
  readonly parameters: CodecParameters;
  /** Our own references: the ring may let go of its own meanwhile. */
  readonly entries: readonly RingEntry<Packet>[];
  readonly wantedUs: readonly number[];
  readonly cancelled: AbortController;
}

/**
 * Serves the requests for full-resolution pictures of one stream, one after the other. At most eight wait; a further
 * one is refused. The packets are taken hold of when the request comes, so waiting does not make them too old.
 */
export class PictureDesk {
  readonly #stream: number;
  readonly #ring: PacketRing<Packet>;
  readonly #request: PictureRequest;
  readonly #send: (message: FromHost) => void;
  readonly #turns: DecoderTurns;
  #waiting: Order[] = [];
  #current: Order | undefined;
  #serving: Promise<void> = Promise.resolve();

  constructor(
    stream: number,
    ring: PacketRing<Packet>,
    request: PictureRequest,
    send: (message: FromHost) => void,
    turns: DecoderTurns,
  ) {
    this.#stream = stream;
    this.#ring = ring;
    this.#request = request;
    this.#send = send;
    this.#turns = turns;
  }

  /** @param parameters `undefined` as long as the stream is not open */
  request(request: number, capturedAt: readonly number[], parameters: CodecParameters | undefined): void {
    if (this.#waiting.length >= pictureRequestLimit) {
      this.#refuse(request, `${this.#waiting.length} requests for pictures of this stream wait already.`);
      return;
    }
    const span = this.#ring.find(
      capturedAt.map((time) => time * 1000),
      toleranceMs[this.#request.purpose] * 1000,
    );
    if (span === undefined || parameters === undefined) {
      this.#refuse(request, this.#describeKept(capturedAt));
      return;
    }
    const entries = span.entries.flatMap((entry) => {
      const packet = entry.packet.clone();
      return packet === null ? [] : [{ ...entry, packet }];
    });
    const cancelled = new AbortController();
    this.#waiting.push({ request, parameters, entries, wantedUs: span.wantedUs, cancelled });
    if (this.#current === undefined && this.#waiting.length === 1) this.#serving = this.#serve();
  }

  forget(request: number): void {
    if (this.#current?.request === request) this.#current.cancelled.abort();
    this.#waiting = this.#waiting.filter((order) => {
      if (order.request !== request) return true;
      free(order);
      return false;
    });
  }

  /** Drops what waits and ends when nothing is being decoded any more. */
  async close(): Promise<void> {
    this.#current?.cancelled.abort();
    for (const order of this.#waiting) free(order);
    this.#waiting = [];
    await this.#serving;
  }

  async #serve(): Promise<void> {
    for (;;) {
      const order = this.#waiting.shift();
      this.#current = order;
      if (order === undefined) return;
      await this.#fulfil(order);
    }
  }

  async #fulfil(order: Order): Promise<void> {
    const { request, cancelled } = order;
    const giveBack = await this.#turns.take(cancelled.signal);
    try {
      if (cancelled.signal.aborted) return;
      const pictures = await decodePictures({ ...order, masks: this.#request.masks }, cancelled.signal);
      if (cancelled.signal.aborted) return;
      const whole = pictures.filter((picture) => picture !== undefined);
      if (whole.length < pictures.length) {
        this.#refuse(
          request,
          `${pictures.length - whole.length} of ${pictures.length} frames could not be decoded.`,
        );
        return;
      }
      this.#send({ kind: 'pictures', stream: this.#stream, request, pictures: whole });
    } catch (error) {
      this.#refuse(request, `The frames could not be made into pictures: ${messageOf(error)}.`);
    } finally {
      giveBack();
      free(order);
    }
  }

  #refuse(request: number, message: string): void {
    this.#send({ kind: 'no_pictures', stream: this.#stream, request, message });
  }

  #describeKept(capturedAt: readonly number[]): string {
    const { entries } = this.#ring;
    const first = entries[0];
    const last = entries.at(-1);
    const wanted = `Pictures of ${capturedAt.map(isoTime).join(', ')} were asked for`;
    if (first === undefined || last === undefined)
      return `${wanted}, but nothing is kept of this stream yet.`;
    return `${wanted}, but packets are kept from ${isoTime(first.timeUs / 1000)} to ${isoTime(last.timeUs / 1000)}.`;
  }
}

function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

function free({ entries }: Order): void {
  for (const { packet } of entries) packet.free();
}
