import type { CameraLostError } from '../core/camera-source.ts';
import type { LiveChunk } from '../core/camera-video.ts';
import { AppError } from '../core/errors.ts';
import type { FromOutlets, ToOutlets } from './host-protocol.ts';

interface Place {
  readonly stream: number;
  send(message: ToOutlets): void;
}

/** One reading of a stream's live view: what comes from the host until the reader, the stream or the host ends it. */
export class LiveReader {
  readonly #name: string;
  readonly #place: Place;
  readonly #live: number;
  /** Bounded by what a host sends without acknowledgement. */
  readonly #chunks: LiveChunk[] = [];
  #isOver = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  /** @param name of the camera, for messages */
  constructor(name: string, place: Place, live: number) {
    this.#name = name;
    this.#place = place;
    this.#live = live;
  }

  async *read(signal: AbortSignal): AsyncGenerator<LiveChunk, void, undefined> {
    if (signal.aborted) return;
    const { stream } = this.#place;
    const onAbort = (): void => this.#wake?.();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#place.send({ kind: 'live_begin', stream, live: this.#live });
    try {
      for (;;) {
        // oxlint-disable-next-line typescript/no-unnecessary-condition -- it changes while this waits
        if (signal.aborted) return;
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) {
          yield chunk;
          const sizeBytes = chunk.bytes.byteLength;
          this.#place.send({ kind: 'live_ack', stream, live: this.#live, sizeBytes });
        } else if (this.#error !== undefined) throw this.#error;
        else if (this.#isOver) return;
        else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#isOver = true;
      this.#place.send({ kind: 'live_end', stream, live: this.#live });
    }
  }

  receive(message: Exclude<FromOutlets, { readonly kind: 'clip' }>): void {
    if (message.live !== this.#live || this.#isOver) return;
    if (message.kind === 'live_chunk') this.#chunks.push(message.chunk);
    else if (message.kind === 'live_end') this.#isOver = true;
    else {
      this.#error = new AppError(
        'LIVE_NOT_PLAYABLE',
        `The camera "${this.#name}" sends ${message.codec}, which browsers can't play as it is; expected H.264 or H.265. ` +
          'Its pictures come as MJPEG from /api/v1/cameras/{id}/stream.',
      );
    }
    this.#wake?.();
  }

  /** The host is gone, or has forgotten the stream. */
  lose(error: CameraLostError): void {
    this.#error ??= error;
    this.#wake?.();
  }
}
