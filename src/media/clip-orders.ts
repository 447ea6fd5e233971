import type { CameraLostError } from '../core/camera-source.ts';
import type { ClipOrder, ClipOutcome, ClipRecording } from '../core/camera-video.ts';
import type { FromOutlets, ToOutlets } from './host-protocol.ts';

/** The clips of one stream that are being written in its host, as the service sees them. */
export class ClipOrders {
  readonly #waits = new Map<number, (outcome: ClipOutcome) => void>();
  #nextClip = 0;
  #lost: CameraLostError | undefined;

  get underWay(): number {
    return this.#waits.size;
  }

  /** @param place where to send to; `undefined` while there is no stream */
  begin(
    order: ClipOrder,
    place: { readonly stream: number; send(message: ToOutlets): void } | undefined,
  ): ClipRecording {
    const clip = this.#nextClip;
    this.#nextClip += 1;
    const { promise: done, resolve } = Promise.withResolvers<ClipOutcome>();
    if (place === undefined || this.#lost !== undefined) {
      const message = this.#lost?.message ?? 'the stream is not open';
      resolve({ kind: 'failed', reason: this.#lost === undefined ? 'no_video' : 'media_host_lost', message });
      return { endAt: () => undefined, discard: () => undefined, done };
    }
    const { stream } = place;
    this.#waits.set(clip, resolve);
    place.send({ kind: 'clip_begin', stream, clip, order });
    return {
      endAt: (at) => {
        place.send({ kind: 'clip_end', stream, clip, at });
      },
      discard: () => {
        place.send({ kind: 'clip_discard', stream, clip });
      },
      done,
    };
  }

  settle({ clip, outcome }: Extract<FromOutlets, { readonly kind: 'clip' }>): void {
    this.#waits.get(clip)?.(outcome);
    this.#waits.delete(clip);
  }

  /** The host is gone, or has forgotten the stream: no answer comes any more. */
  lose(error: CameraLostError): void {
    this.#lost ??= error;
    for (const resolve of this.#waits.values()) {
      resolve({ kind: 'failed', reason: 'media_host_lost', message: error.message });
    }
    this.#waits.clear();
  }
}
