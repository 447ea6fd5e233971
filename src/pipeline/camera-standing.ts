import type { Camera, CameraCause, CameraState, CameraStatus, PictureState } from '../core/camera.ts';
import type { Clock } from '../core/clock.ts';
import type { FrameFacts, StreamInfo } from '../core/frame.ts';
import type { LiveFeed } from '../core/live-feed.ts';
import type { Logger } from '../core/log.ts';
import { ScheduleTimes } from '../core/schedule.ts';
import { CameraJournal, type Loss } from './camera-journal.ts';

/** The frame rate shown is measured over this time. */
const rateWindowMs = 5000;

export interface CameraStandingContext {
  readonly live: LiveFeed;
  readonly clock: Clock;
  readonly log: Logger;
  /** What the connection sends now; `null` when there is none. */
  readonly streams: () => CameraState['streams'];
  readonly decode: () => CameraState['decode'];
  readonly nativeEvents: () => CameraState['nativeEvents'];
  /** Told at every change, and every few seconds. */
  readonly onLook: (state: CameraState) => void;
}

/** How one camera stands: its state, for whoever asks, and told once to the log and to who is connected. */
export class CameraStanding {
  readonly #camera: Camera;
  readonly #context: CameraStandingContext;
  readonly #journal: CameraJournal;
  readonly #schedule: ScheduleTimes;
  /** As last told. */
  #isScheduled: boolean;
  /** Of the frames of the last seconds, as the stream counts its time, ms. */
  #frameTimes: number[] = [];
  /** When the last one came, monotonic. */
  #arrivedAt = Number.NEGATIVE_INFINITY;
  #state: CameraState;
  /** Monotonic, while it streams. */
  #streamingSince: number | undefined;

  constructor(camera: Camera, context: CameraStandingContext) {
    this.#camera = camera;
    this.#context = context;
    this.#journal = new CameraJournal(context);
    this.#schedule = new ScheduleTimes(camera.schedule);
    this.#isScheduled = this.#schedule.isActiveAt(context.clock.now());
    this.#state = {
      status: camera.isEnabled ? 'connecting' : 'disabled',
      cause: null,
      message: null,
      since: context.clock.now(),
      attempts: 0,
      nextAttemptAt: null,
      picture: null,
      framesPerSecond: 0,
      lastFrameAt: null,
      streams: null,
      decode: null,
      schedule: null,
      nativeEvents: null,
    };
  }

  get state(): CameraState {
    const isRecent = this.#context.clock.monotonic() - this.#arrivedAt < rateWindowMs;
    const recent = isRecent ? this.#frameTimes.length : 0;
    return {
      ...this.#state,
      framesPerSecond: Math.round((recent / (rateWindowMs / 1000)) * 10) / 10,
      streams: this.#state.status === 'streaming' ? this.#context.streams() : null,
      decode: this.#context.decode(),
      schedule: this.#scheduleNow(),
      nativeEvents: this.#context.nativeEvents(),
    };
  }

  /** How long it has streamed without an interruption; 0 when it does not. */
  get streamedMs(): number {
    return this.#streamingSince === undefined ? 0 : this.#context.clock.monotonic() - this.#streamingSince;
  }

  connecting(): void {
    this.#state = { ...this.#state, nextAttemptAt: null };
  }

  /**
   * @param frozen given while it shows the same picture all the time: then a frame is no sign of life
   * @returns whether it streams only now
   */
  sent(frame: FrameFacts, info: StreamInfo | undefined, frozen?: { readonly retryInMs: number }): boolean {
    const { clock } = this.#context;
    const now = clock.monotonic();
    this.#noteTime(frame.mediaTimeMs, now);
    this.#state = { ...this.#state, lastFrameAt: frame.capturedAt };
    if (frozen !== undefined) {
      this.#state = { ...this.#state, nextAttemptAt: Math.round(clock.now() + frozen.retryInMs) };
      return false;
    }
    if (this.#state.status === 'streaming') return false;
    this.#streamingSince = now;
    this.#state = { ...this.#state, attempts: 0, nextAttemptAt: null };
    this.#change('streaming', null, null);
    this.#journal.cameUp({ ...info, analysed: `${frame.width}×${frame.height}` });
    return true;
  }

  /** Several frames may come at once: how many there are in a second is to be seen in their own times only. */
  #noteTime(at: number, now: number): void {
    this.#arrivedAt = now;
    // The clock of a stream may be set back.
    if (at < (this.#frameTimes.at(-1) ?? at)) this.#frameTimes = [];
    this.#frameTimes.push(at);
    while ((this.#frameTimes[0] ?? at) <= at - rateWindowMs) this.#frameTimes.shift();
  }

  /** The connection is gone, or could not be made. */
  lost(loss: Loss): void {
    const attempts = this.#state.attempts + 1;
    this.#frameTimes = [];
    this.#streamingSince = undefined;
    const isChange = this.#state.status !== 'disconnected' || this.#state.cause !== loss.cause;
    this.#state = {
      ...this.#state,
      attempts,
      message: loss.message,
      nextAttemptAt: Math.round(this.#context.clock.now() + loss.retryInMs),
    };
    if (!isChange) {
      this.#journal.stayedDown(loss, attempts, this.#state.since);
      return;
    }
    this.#change('disconnected', loss.cause, loss.message);
    this.#journal.wentDown(loss);
  }

  /** What is to be seen in the picture has changed. */
  looks(picture: PictureState): void {
    const before = this.#state.picture?.condition ?? 'clear';
    this.#state = { ...this.#state, picture };
    if (before === picture.condition) return;
    this.publish();
    const { condition, isSudden } = picture;
    if (condition === 'clear') this.#context.log.info({ before }, 'picture clear again');
    else this.#context.log.warn({ condition, isSudden }, 'picture not clear');
  }

  /** To be called every few seconds. */
  attend(): void {
    this.#journal.attend();
    this.#context.onLook(this.state);
    const isScheduled = this.#schedule.isActiveAt(this.#context.clock.now());
    if (isScheduled === this.#isScheduled) return;
    this.#isScheduled = isScheduled;
    this.#context.log.info(isScheduled ? 'schedule begins' : 'schedule ends');
    this.publish();
  }

  #scheduleNow(): CameraState['schedule'] {
    if (this.#camera.schedule === null) return null;
    const now = this.#context.clock.now();
    return { isActive: this.#schedule.isActiveAt(now), changesAt: this.#schedule.changesAfter(now) };
  }

  #change(status: CameraStatus, cause: CameraCause | null, message: string | null): void {
    this.#state = { ...this.#state, status, cause, message, since: this.#context.clock.now() };
    this.publish();
  }

  /** Tells who is connected how it stands now. */
  publish(): void {
    this.#context.live.publish({
      type: 'CAMERA_STATUS_CHANGED',
      cameraId: this.#camera.id,
      cameraName: this.#camera.name,
      state: this.state,
    });
    this.#context.onLook(this.state);
  }
}
