import {
  CameraLostError,
  type CameraSource,
  type StreamOpener,
  type StreamRequest,
} from '../core/camera-source.ts';
import type { DecodeState, PictureStream } from '../core/camera.ts';
import type { ClipOrder, ClipRecording, LiveChunk } from '../core/camera-video.ts';
import type { Clock } from '../core/clock.ts';
import { AppError, isAbort, messageOf } from '../core/errors.ts';
import type { AnalysedFrame, Picture, StreamInfo } from '../core/frame.ts';
import { ReconnectBackoff } from './backoff.ts';

export interface TwoStreamOptions {
  readonly streams: StreamOpener;
  readonly clock: Clock;
  /** Of the small stream. */
  readonly analysis: StreamRequest;
  /** Of the large one. */
  readonly pictures: StreamRequest;
}

/**
 * A camera with two streams of the same picture: the small one is analysed, pictures come from the large one. The
 * connection is that of the small stream: it is over when that one is. The large one is connected to again by itself, and
 * as long as it is away, pictures come from the small one.
 */
export class TwoStreamSource implements CameraSource {
  readonly #options: TwoStreamOptions;
  readonly #analysis: CameraSource;
  /** The present connection to the large stream, or the last one: the packets of its last seconds are still there. */
  #large: CameraSource;
  #loss: { readonly of: CameraSource; readonly error: CameraLostError } | undefined;
  readonly #stop = new AbortController();
  #keeping: Promise<void> | undefined;
  #disposal: Promise<void> | undefined;

  constructor(options: TwoStreamOptions) {
    this.#options = options;
    this.#analysis = options.streams.openStream(options.analysis);
    this.#large = options.streams.openStream(options.pictures);
  }

  /** Of both. */
  get masks(): CameraSource['masks'] {
    return this.#options.analysis.masks;
  }

  get info(): StreamInfo | undefined {
    return this.#analysis.info;
  }

  get pictureStream(): PictureStream | undefined {
    if (this.#loss === undefined) return this.#large.pictureStream;
    const isBack = this.#large !== this.#loss.of && this.#large.info !== undefined;
    if (isBack) return this.#large.pictureStream;
    const { info } = this.#analysis;
    const { cameraCause: cause, message } = this.#loss.error;
    return info === undefined ? undefined : { info, loss: { cause, message } };
  }

  get decode(): DecodeState | undefined {
    return this.#analysis.decode;
  }

  watchClosely(isClose: boolean): void {
    this.#analysis.watchClosely?.(isClose);
  }

  expectMotion(isExpected: boolean): void {
    this.#analysis.expectMotion?.(isExpected);
  }

  async *open(signal: AbortSignal): AsyncGenerator<AnalysedFrame, void, undefined> {
    this.#keeping ??= this.#keepLarge(AbortSignal.any([signal, this.#stop.signal]));
    try {
      yield* this.#analysis.open(signal);
    } finally {
      this.#stop.abort();
    }
  }

  async pictures(capturedAt: readonly number[], signal: AbortSignal): Promise<Picture[]> {
    try {
      const pictures = await this.#large.pictures(capturedAt, signal);
      // The clocks of the two streams are not one: a picture bears the time by which it was asked for.
      return pictures.map(({ capturedAt: own, width, height, jpeg }, index) => {
        return { capturedAt: capturedAt[index] ?? own, width, height, jpeg };
      });
    } catch (error) {
      if (isAbort(error) || !(error instanceof AppError)) throw error;
      return this.#analysis.pictures(capturedAt, signal);
    }
  }

  recordClip(order: ClipOrder): ClipRecording {
    return this.#better.recordClip(order);
  }

  live(signal: AbortSignal): AsyncIterable<LiveChunk> {
    return this.#better.live(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#dispose();
    await this.#disposal;
  }

  /** The large one, as long as it is there. */
  get #better(): CameraSource {
    return this.pictureStream?.loss === null ? this.#large : this.#analysis;
  }

  /** Connects to the large stream, and again when it is lost. Never rejects. */
  async #keepLarge(signal: AbortSignal): Promise<void> {
    const { clock, streams, pictures } = this.#options;
    const backoff = new ReconnectBackoff();
    while (!signal.aborted) {
      const startedAt = clock.monotonic();
      const error = await this.#readLarge(signal);
      if (signal.aborted) return;
      this.#loss = { of: this.#large, error };
      const streamedMs = this.#large.info === undefined ? 0 : clock.monotonic() - startedAt;
      try {
        await clock.sleep(backoff.next(error.cameraCause, streamedMs), signal);
      } catch {
        // The signal has aborted: there is no other reason.
        return;
      }
      await this.#large[Symbol.asyncDispose]();
      this.#large = streams.openStream(pictures);
    }
  }

  async #readLarge(signal: AbortSignal): Promise<CameraLostError> {
    try {
      // It yields nothing; the reading ends with the stream.
      for await (const frame of this.#large.open(signal)) void frame;
      return new CameraLostError('ended', `The large stream of ${this.#options.pictures.name} ended.`);
    } catch (error) {
      if (error instanceof CameraLostError) return error;
      return new CameraLostError('unknown', messageOf(error), { cause: error });
    }
  }

  async #dispose(): Promise<void> {
    this.#stop.abort();
    await this.#keeping;
    await Promise.all([this.#analysis[Symbol.asyncDispose](), this.#large[Symbol.asyncDispose]()]);
  }
}
