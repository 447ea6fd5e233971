import { ReconnectBackoff } from '../cameras/backoff.ts';
import { MotionListener } from '../cameras/onvif/motion-listener.ts';
import { CameraLostError, type CameraSource } from '../core/camera-source.ts';
import { FrozenWatch } from '../cameras/frozen-watch.ts';
import { LensWatch } from '../cameras/lens-watch.ts';
import { watchFrames } from '../cameras/frame-watchdog.ts';
import type { Camera, CameraCause, CameraState, CameraStreams } from '../core/camera.ts';
import type { Clock } from '../core/clock.ts';
import { AppError, ignoreAbort, isAbort, messageOf } from '../core/errors.ts';
import type { VedetteEvent } from '../core/event.ts';
import { explainCameraCause } from '../core/explain-cause.ts';
import type { AnalysedFrame, Picture } from '../core/frame.ts';
import type { MotionSample } from '../core/motion.ts';
import { redact } from '../core/redact.ts';
import { NativeMotionJoin } from '../motion/native-motion.ts';
import type { CameraNewsDesk } from './camera-news.ts';
import { CameraStanding } from './camera-standing.ts';
import { ClipRecorder, type ClipRecorderContext } from './clip-recorder.ts';
import { EpisodeWatch, type EpisodeWatchContext } from './episode-watch.ts';
import { LiveView } from './live-view.ts';
import type { PeopleNotifier } from './notify-people.ts';
import { PictureFeed } from './picture-feed.ts';

/** So old a picture's packet is here for sure, and as a rule the newest of a camera with 10 frames a second or more. */
const latestAgeMs = 100;

export interface CameraRunnerContext extends EpisodeWatchContext, ClipRecorderContext {
  readonly people: Pick<PeopleNotifier, 'add'>;
  readonly clock: Clock;
}

/**
 * Runs one camera for ever: connects, watches, and connects again when the connection is lost. Nothing that one camera
 * does waits for another one.
 */
export class CameraRunner {
  readonly camera: Camera;
  readonly #context: CameraRunnerContext;
  readonly #openSource: () => CameraSource;
  readonly #clips: ClipRecorder;
  /** What it sees now, for who watches: its own video, and pictures of it. */
  readonly liveView: LiveView;
  readonly pictureFeed: PictureFeed;
  readonly #stop = new AbortController();
  /** Ends the wait before the next connection. */
  #wakeUp = new AbortController();
  /** Ends the present connection. */
  #connection = new AbortController();
  readonly #standing: CameraStanding;
  readonly #frozen = new FrozenWatch();
  readonly #lens: LensWatch;
  #source: CameraSource | undefined;
  #cooldownUntil = 0;
  /** What was last said of the stream that pictures come from. */
  #picturesSaid: CameraCause | 'well' | 'unknown' = 'unknown';
  /** The last frame could not be analysed: said once. */
  #isUnanalysed = false;
  /** Hears the camera's own motion events. */
  #listener: MotionListener | undefined;
  #running: Promise<void> = Promise.resolve();
  #preview: { readonly capturedAt: number; readonly picture: Promise<Picture> } | undefined;

  /** @param news of this camera, whichever runner it had before */
  constructor(
    camera: Camera,
    openSource: () => CameraSource,
    context: CameraRunnerContext,
    news: CameraNewsDesk,
  ) {
    this.camera = camera;
    this.#openSource = openSource;
    this.#context = { ...context, log: context.log.child({ camera: camera.name }) };
    this.#lens = new LensWatch(camera.privacyMasks);
    this.#clips = new ClipRecorder(camera, this.#context);
    this.liveView = new LiveView(camera, () => this.#streamingSource(), context.clock);
    this.pictureFeed = new PictureFeed(() => this.#takeLatest(), context.clock);
    this.#standing = new CameraStanding(camera, {
      ...this.#context,
      streams: () => this.#streams(),
      decode: () => this.#source?.decode ?? null,
      nativeEvents: () => this.#listener?.state ?? null,
      onLook: (state) => {
        for (const each of news.note(state, context.clock.now())) context.people.add(each, camera);
      },
    });
  }

  get state(): CameraState {
    return this.#standing.state;
  }

  start(): void {
    if (!this.camera.isEnabled) return;
    // Before the first connection, which asks for it.
    if (this.camera.onvif.nativeEvents !== 'off') this.#listener = this.#listen();
    this.#running = this.#run();
  }

  #listen(): MotionListener {
    const onStateChange = (): void => {
      this.#standing.publish();
    };
    const onMotion = (): void => {
      this.#source?.expectMotion?.(true);
    };
    return new MotionListener(this.camera, { ...this.#context, onStateChange, onMotion });
  }

  /** Resolves when the connection is closed and what was being captured is stored. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#connection.abort();
    await Promise.all([this.#running, this.#listener?.[Symbol.asyncDispose]()]);
    await Promise.all([this.#clips.settle(), this.liveView.close(), this.pictureFeed.close()]);
  }

  /** Drops the connection, if there is one, and connects at once; so does who waits to hear the camera's own events. */
  reconnect(): void {
    this.#connection.abort();
    this.#wakeUp.abort();
    this.#listener?.wake();
  }

  /** To be called every few seconds. */
  attend(): void {
    this.#standing.attend();
  }

  /** What the camera sees now, in full resolution. */
  async takePicture(): Promise<Picture> {
    const { source, capturedAt } = this.#streaming();
    // Many viewers ask for the same frame: it is decoded once.
    if (this.#preview?.capturedAt !== capturedAt) {
      const picture = takeOne(source, capturedAt, this.#connection.signal);
      this.#preview = { capturedAt, picture };
    }
    return this.#preview.picture;
  }

  /** Newer than the last frame that was analysed, which in a still scene is some time ago. */
  async #takeLatest(): Promise<Picture> {
    const { source } = this.#streaming();
    try {
      return await takeOne(source, this.#context.clock.now() - latestAgeMs, this.#connection.signal);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'PICTURE_GONE') throw error;
      return this.takePicture();
    }
  }

  #streamingSource(): CameraSource | undefined {
    return this.state.status === 'streaming' ? this.#source : undefined;
  }

  /** Captures what the camera sees now as an event and has it described. */
  async analyze(): Promise<VedetteEvent> {
    const { source, capturedAt } = this.#streaming();
    const clip = this.#clips.begin(source, capturedAt);
    const stored = this.#captureNow(source, capturedAt);
    clip?.belongTo(
      stored.then(
        ({ id }) => id,
        () => undefined,
      ),
    );
    clip?.end(capturedAt);
    return stored;
  }

  async #captureNow(source: CameraSource, capturedAt: number): Promise<VedetteEvent> {
    const picture = await takeOne(source, capturedAt, this.#connection.signal);
    const result = await this.#context.capture.capture(
      {
        cameraId: this.camera.id,
        cameraName: this.camera.name,
        source: 'manual',
        startedAt: capturedAt,
        arrivedAt: this.#context.clock.now(),
        endedAt: capturedAt,
        timestamp: capturedAt,
        pictures: [{ ...picture, regions: [] }],
        motion: null,
      },
      this.#stop.signal,
    );
    if (result?.kind !== 'stored')
      throw new AppError('STORE_UNAVAILABLE', 'The picture could not be stored; try again');
    return result.event;
  }

  async #run(): Promise<void> {
    const { clock, metrics } = this.#context;
    const backoff = new ReconnectBackoff();
    while (!this.#stop.signal.aborted) {
      this.#connection = new AbortController();
      this.#wakeUp = new AbortController();
      this.#standing.connecting();
      const lost = await this.#runOnce();
      if (this.#stop.signal.aborted) return;
      const isWanted = this.#connection.signal.aborted;
      const retryInMs = isWanted ? 0 : backoff.next(lost.cause, this.#standing.streamedMs);
      if (!isWanted) metrics.countReconnect(this.camera.name, lost.cause);
      if (lost.cause !== 'frozen') this.#frozen.forget();
      this.#standing.lost({ cause: lost.cause, message: redact(lost.message), retryInMs });
      await clock
        .sleep(retryInMs, AbortSignal.any([this.#stop.signal, this.#wakeUp.signal]))
        .catch(ignoreAbort);
    }
  }

  /** One connection from its start to its loss, which it answers with the cause. */
  async #runOnce(): Promise<{ readonly cause: CameraCause; readonly message: string }> {
    const { clock, log, metrics } = this.#context;
    const signal = AbortSignal.any([this.#stop.signal, this.#connection.signal]);
    try {
      await using source = this.#openSource();
      await using watch = new EpisodeWatch(
        { ...this.#context, camera: this.camera, source, isLossless: false, clips: this.#clips },
        this.#cooldownUntil,
      );
      const join = this.#joinNativeMotion(source);
      this.#source = source;
      this.#frozen.connected();
      const frames = watchFrames((until) => source.open(until), {
        clock,
        message: explainCameraCause('no_frames', this.camera),
        signal,
      });
      let expected = 0;
      for await (const frame of frames) {
        metrics.countFrame(this.camera.name, frame.sequence - expected);
        expected = frame.sequence + 1;
        this.#noteFrame(frame, source);
        const { sample } = frame;
        this.#noteFailure(frame);
        if (sample === undefined) continue;
        this.#noteLook(sample);
        await watch.push(frame, join(sample));
        source.watchClosely?.(watch.isAttentive);
        this.#cooldownUntil = watch.cooldownUntil;
      }
      return {
        cause: 'ended',
        message: 'The stream ended. If the camera goes on, it is connected to again.',
      };
    } catch (error) {
      if (error instanceof CameraLostError) return { cause: error.cameraCause, message: error.message };
      if (isAbort(error)) return { cause: 'ended', message: 'The connection was closed.' };
      const code = error instanceof AppError ? error.code : 'INTERNAL';
      metrics.countError('watch', code);
      log.error({ stage: 'watch', type: code, error: messageOf(error) }, 'watching failed');
      return { cause: 'unknown', message: messageOf(error) };
    } finally {
      this.#source = undefined;
      this.#preview = undefined;
    }
  }

  /** What counts as motion in this connection: what was seen, and what the camera says where that is asked for. */
  #joinNativeMotion(source: CameraSource): (sample: MotionSample) => MotionSample {
    const listener = this.#listener;
    const { frameRate, onvif } = this.camera;
    if (listener === undefined || onvif.nativeEvents === 'off') return (sample) => sample;
    const joined = new NativeMotionJoin({ mode: onvif.nativeEvents, frameRate });
    source.expectMotion?.(listener.isMoving());
    return (sample) => {
      const isMoving = listener.isMoving();
      const counted = joined.join(sample, isMoving);
      // While it is seen here too, nothing shows whether the camera sees more.
      if (!isMoving || !sample.isMotion) source.expectMotion?.(isMoving && counted.reason === 'camera');
      return counted;
    };
  }

  /** A frame on which motion analysis failed is left out, and said once. */
  #noteFailure({ sample, failure }: AnalysedFrame): void {
    const wasUnanalysed = this.#isUnanalysed;
    this.#isUnanalysed = sample === undefined;
    if (!this.#isUnanalysed) return;
    this.#context.metrics.countError('motion', 'INTERNAL');
    if (wasUnanalysed) return;
    this.#context.log.error({ stage: 'motion', type: 'INTERNAL', error: failure }, 'frames are not analysed');
  }

  /** @throws CameraLostError `frozen` when a new connection may wake the camera */
  #noteFrame(frame: AnalysedFrame, source: CameraSource): void {
    const now = this.#context.clock.monotonic();
    const frozen = this.#frozen;
    const wasFrozen = frozen.isFrozen;
    const isRetryDue = frame.keyPrint !== undefined && frozen.note(frame.keyPrint, now);
    if (frozen.isFrozen && !wasFrozen) this.#context.metrics.countFrozen(this.camera.name);
    if (isRetryDue) throw new CameraLostError('frozen', explainCameraCause('frozen', this.camera));
    const retryAt = frozen.retryAt;
    const isUp = this.#standing.sent(
      frame,
      source.info,
      retryAt === undefined ? undefined : { retryInMs: retryAt - now },
    );
    if (isUp) this.#picturesSaid = sayPictures(source);
    else this.#notePictures(source);
  }

  /** The large stream of two comes and goes by itself: one line for each change. */
  #notePictures(source: CameraSource): void {
    const { pictureStream } = source;
    const said = sayPictures(source);
    if (pictureStream === undefined || said === this.#picturesSaid) return;
    this.#picturesSaid = said;
    const { log } = this.#context;
    if (pictureStream.loss === null) log.info({ ...pictureStream.info }, 'large stream up');
    else {
      const { cause, message } = pictureStream.loss;
      log.warn({ cause, message: redact(message) }, 'large stream down: pictures come from the small one');
    }
    this.#standing.publish();
  }

  #streams(): CameraStreams | null {
    const { info, pictureStream } = this.#source ?? {};
    return info === undefined ? null : { analysis: info, pictures: pictureStream ?? null };
  }

  /** What a frozen camera shows says nothing of its lens. */
  #noteLook({ look, capturedAt }: MotionSample): void {
    if (look === undefined || this.#frozen.isFrozen) return;
    const picture = this.#lens.note(look, capturedAt);
    if (picture !== undefined) this.#standing.looks(picture);
  }

  #streaming(): { readonly source: CameraSource; readonly capturedAt: number } {
    const source = this.#source;
    const { status, message, lastFrameAt: capturedAt } = this.state;
    if (source === undefined || capturedAt === null || status !== 'streaming') {
      throw new AppError(
        'CAMERA_NOT_STREAMING',
        `The camera "${this.camera.name}" is ${status}${message === null ? '' : ` (${message})`}; there is no picture of it now`,
      );
    }
    return { source, capturedAt };
  }
}

function sayPictures({ pictureStream }: CameraSource): CameraCause | 'well' | 'unknown' {
  return pictureStream === undefined ? 'unknown' : (pictureStream.loss?.cause ?? 'well');
}

async function takeOne(source: CameraSource, capturedAt: number, signal: AbortSignal): Promise<Picture> {
  const [picture] = await source.pictures([capturedAt], signal);
  if (picture === undefined) throw new AppError('PICTURE_GONE', 'The picture is no longer kept; try again');
  return picture;
}
