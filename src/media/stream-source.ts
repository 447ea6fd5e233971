import { CameraLostError, type CameraSource, type StreamRequest } from '../core/camera-source.ts';
import type { DecodeState, PictureStream } from '../core/camera.ts';
import type { ClipOrder, ClipRecording, LiveChunk } from '../core/camera-video.ts';
import { AppError } from '../core/errors.ts';
import type { AnalysedFrame, Picture, StreamInfo } from '../core/frame.ts';
import { ClipOrders } from './clip-orders.ts';
import type { FromHost, ToOutlets } from './host-protocol.ts';
import { LiveReader } from './live-reader.ts';
import type { HostListener, MediaHost } from './media-host.ts';
import type { StreamProofs } from './stream-proof.ts';

/** A place in a host, taken when the stream is opened. */
export interface HostPlace {
  readonly host: MediaHost;
  readonly stream: number;
}

type Arrival =
  | { readonly kind: 'frames'; readonly frames: readonly AnalysedFrame[] }
  | { readonly kind: 'end' }
  | { readonly kind: 'lost'; readonly error: CameraLostError };

interface PictureWait {
  readonly resolve: (pictures: Picture[]) => void;
  readonly reject: (error: AppError) => void;
}

/** The most pictures of one request, as the port says. */
const picturesAtOnce = 8;

/** For a clip of a minute to be completed on a slow disk when its stream is closed, ms. */
const clipGraceMs = 20_000;

/**
 * One stream in a media host. Its pictures can be had until it is disposed, also after the connection was lost or
 * the recording has ended: the last seconds are then the most interesting ones.
 */
export class StreamSource implements CameraSource, HostListener {
  readonly #request: StreamRequest;
  readonly #proofs: StreamProofs;
  readonly #takePlace: () => HostPlace;
  /** Bounded by the messages that a host sends without acknowledgement. */
  readonly #arrivals: Arrival[] = [];
  readonly #waits = new Map<number, PictureWait>();
  readonly #clips = new ClipOrders();
  #live: LiveReader | undefined;
  #liveCount = 0;
  readonly #stopped = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #place: HostPlace | undefined;
  #info: StreamInfo | undefined;
  #decode: DecodeState | undefined;
  #isClose = true;
  #isExpecting = false;
  #lost: CameraLostError | undefined;
  #wake: (() => void) | undefined;
  #nextRequest = 0;
  #isOpened = false;
  #isStopping = false;
  #disposal: Promise<void> | undefined;

  /** @param proofs where what a stream has proved outlives it */
  constructor(request: StreamRequest, proofs: StreamProofs, takePlace: () => HostPlace) {
    this.#request = request;
    this.#proofs = proofs;
    this.#takePlace = takePlace;
  }

  get masks(): StreamRequest['masks'] {
    return this.#request.masks;
  }

  get info(): StreamInfo | undefined {
    return this.#info;
  }

  get pictureStream(): PictureStream | undefined {
    return this.#info === undefined ? undefined : { info: this.#info, loss: null };
  }

  get decode(): DecodeState | undefined {
    return this.#decode;
  }

  watchClosely(isClose: boolean): void {
    this.#isClose = isClose;
  }

  expectMotion(isExpected: boolean): void {
    if (this.#isExpecting === isExpected) return;
    this.#isExpecting = isExpected;
    this.#place?.host.send({ kind: 'expect', stream: this.#place.stream, isExpected });
  }

  async *open(signal: AbortSignal): AsyncGenerator<AnalysedFrame, void, undefined> {
    if (this.#isOpened) {
      throw new AppError(
        'INTERNAL',
        `The stream of ${this.#request.name} was opened twice; make another one.`,
      );
    }
    this.#isOpened = true;
    if (signal.aborted || this.#disposal !== undefined) return;
    const place = this.#takePlace();
    this.#place = place;
    place.host.open(place.stream, this.#request, this, this.#proofs.of(this.#request.cameraId));
    if (this.#isExpecting) place.host.send({ kind: 'expect', stream: place.stream, isExpected: true });
    const onAbort = (): void => {
      this.#stop();
      this.#wake?.();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        // oxlint-disable-next-line typescript/no-unnecessary-condition -- both change while this waits
        if (signal.aborted || this.#disposal !== undefined) return;
        const arrival = this.#arrivals.shift();
        if (arrival === undefined) {
          await this.#arrived();
          continue;
        }
        if (arrival.kind === 'end') return;
        if (arrival.kind === 'lost') throw arrival.error;
        for (const frame of arrival.frames) {
          yield frame;
          // oxlint-disable-next-line typescript/no-unnecessary-condition -- both change while this waits
          if (signal.aborted || this.#disposal !== undefined) return;
        }
        place.host.send({ kind: 'ack', stream: place.stream, isClose: this.#isClose });
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#stop();
    }
  }

  async pictures(capturedAt: readonly number[], signal: AbortSignal): Promise<Picture[]> {
    signal.throwIfAborted();
    if (capturedAt.length > picturesAtOnce) {
      throw new AppError(
        'PICTURE_GONE',
        `${capturedAt.length} pictures of ${this.#request.name} were asked for at once, expected at most ${picturesAtOnce}.`,
      );
    }
    if (capturedAt.length === 0) return [];
    const place = this.#place;
    if (this.#lost !== undefined) throw this.#lost;
    if (place === undefined || this.#disposal !== undefined) throw this.#gone();
    const request = this.#nextRequest;
    this.#nextRequest += 1;
    const { promise, resolve, reject } = Promise.withResolvers<Picture[]>();
    const onAbort = (): void => {
      place.host.send({ kind: 'forget', stream: place.stream, request });
      reject(signal.reason);
    };
    this.#waits.set(request, { resolve, reject });
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      place.host.send({ kind: 'pictures', stream: place.stream, request, capturedAt });
      return await promise;
    } finally {
      this.#waits.delete(request);
      signal.removeEventListener('abort', onAbort);
    }
  }

  recordClip(order: ClipOrder): ClipRecording {
    return this.#clips.begin(order, this.#outlets());
  }

  async *live(signal: AbortSignal): AsyncGenerator<LiveChunk, void, undefined> {
    const outlets = this.#outlets();
    if (outlets === undefined) throw this.#lost ?? this.#gone();
    this.#liveCount += 1;
    this.#live = new LiveReader(this.#request.name, outlets, this.#liveCount);
    yield* this.#live.read(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#dispose();
    await this.#disposal;
  }

  onMessage(message: Extract<FromHost, { readonly stream: number }>): void {
    switch (message.kind) {
      case 'info':
        this.#info = message.info;
        return;
      case 'decode':
        this.#decode = message.decode;
        return;
      case 'proof':
        this.#proofs.keep(this.#request.cameraId, message.proof);
        return;
      case 'frames':
        this.#arrive({ kind: 'frames', frames: message.frames.map(ownFrame) });
        return;
      case 'end':
        this.#arrive({ kind: 'end' });
        return;
      case 'lost':
        this.#stop();
        this.#arrive({ kind: 'lost', error: new CameraLostError(message.cause, message.message) });
        return;
      case 'stopped':
        this.#stopped.resolve();
        return;
      case 'closed':
        this.#stopped.resolve();
        this.#closed.resolve();
        this.#loseVideo(this.#gone());
        return;
      case 'clip':
        this.#clips.settle(message);
        return;
      case 'live_chunk':
      case 'live_refused':
      case 'live_end':
        this.#live?.receive(message);
        return;
      case 'pictures':
        this.#waits.get(message.request)?.resolve(message.pictures.map(ownPicture));
        return;
      case 'no_pictures':
        this.#waits.get(message.request)?.reject(new AppError('PICTURE_GONE', message.message));
    }
  }

  onHostLost(error: CameraLostError): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    // What it sent before is worth less than knowing now.
    this.#arrivals.length = 0;
    this.#arrive({ kind: 'lost', error });
    for (const { reject } of this.#waits.values()) reject(error);
    this.#loseVideo(error);
    this.#stopped.resolve();
    this.#closed.resolve();
  }

  #loseVideo(error: CameraLostError): void {
    this.#clips.lose(error);
    this.#live?.lose(error);
  }

  /** Where to send what concerns clips and the live view; `undefined` while there is no stream, and from its disposal on. */
  #outlets(): { readonly stream: number; send(message: ToOutlets): void } | undefined {
    if (this.#place === undefined || this.#lost !== undefined || this.#disposal !== undefined)
      return undefined;
    const { host, stream } = this.#place;
    return {
      stream,
      send: (message) => {
        host.send(message);
      },
    };
  }

  #arrive(arrival: Arrival): void {
    this.#arrivals.push(arrival);
    this.#wake?.();
  }

  async #arrived(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }

  /** Tells the host to stop reading. Does not wait: a call that is stuck must not hold up its camera. */
  #stop(): void {
    if (this.#isStopping || this.#place === undefined) return;
    this.#isStopping = true;
    const { host, stream } = this.#place;
    host.send({ kind: 'stop', stream });
    host.expectSettled(stream, this.#stopped.promise);
  }

  async #dispose(): Promise<void> {
    const place = this.#place;
    const gone = this.#gone();
    for (const { reject } of this.#waits.values()) reject(gone);
    this.#wake?.();
    if (place === undefined) return;
    this.#stop();
    place.host.send({ kind: 'close', stream: place.stream });
    const graceMs = this.#clips.underWay === 0 ? 0 : clipGraceMs;
    place.host.expectSettled(place.stream, this.#closed.promise, graceMs);
    await this.#closed.promise;
    place.host.detach(place.stream);
  }

  #gone(): CameraLostError {
    return new CameraLostError('ended', `The stream of ${this.#request.name} is not open.`);
  }
}

/** What is kept of a frame out of the message's buffer, which would be kept whole. */
function ownFrame(frame: AnalysedFrame): AnalysedFrame {
  const { gray, keyPrint } = frame;
  if (gray === undefined && keyPrint === undefined) return frame;
  return {
    ...frame,
    ...(gray === undefined ? {} : { gray: new Uint8Array(gray) }),
    ...(keyPrint === undefined ? {} : { keyPrint: new Uint32Array(keyPrint) }),
  };
}

function ownPicture(picture: Picture): Picture {
  return { ...picture, jpeg: new Uint8Array(picture.jpeg) };
}
