import { CameraLostError } from '../../core/camera-source.ts';
import type { Camera, CameraCause, NativeEventsState } from '../../core/camera.ts';
import type { Clock } from '../../core/clock.ts';
import { isAbort, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { redact } from '../../core/redact.ts';
import { ReconnectBackoff } from '../backoff.ts';
import { connectDevice } from './connect-device.ts';
import { readDeviceServices } from './device.ts';
import { deviceAddressesOf } from './device-addresses.ts';
import { MotionMemory } from './motion-memory.ts';
import { readMotionWord } from './motion-topics.ts';
import { PullPoint } from './pull-point.ts';
import { findSourceFilter, type SourceFilter } from './source-filter.ts';

/** Cameras that answer an empty pull at once are asked no oftener. */
const shortestPullMs = 1000;
const unsubscribeMs = 2000;

export interface MotionListenerContext {
  readonly clock: Clock;
  readonly log: Logger;
  /** Told of every change of the state, after it. */
  readonly onStateChange: () => void;
  /** Told when the camera says that something moves. */
  readonly onMotion: () => void;
}

/**
 * Hears what a camera says of motion, for ever: subscribes to its events over ONVIF, and again when the connection or the
 * subscription is lost. Nothing that happens here concerns the video.
 */
export class MotionListener implements AsyncDisposable {
  readonly #camera: Camera;
  readonly #context: MotionListenerContext;
  readonly #memory = new MotionMemory();
  readonly #stop = new AbortController();
  /** Ends the wait before the next try. */
  #wakeUp = new AbortController();
  readonly #running: Promise<void>;
  #state: NativeEventsState;

  /** Listens from now on. */
  constructor(camera: Camera, context: MotionListenerContext) {
    this.#camera = camera;
    this.#context = context;
    this.#state = { status: 'connecting', cause: null, message: null, since: context.clock.now() };
    this.#running = this.#run();
  }

  get state(): NativeEventsState {
    return this.#state;
  }

  /** Whether the camera says that something moves; false while it is not heard. */
  isMoving(): boolean {
    return this.#memory.isMoving(this.#context.clock.monotonic());
  }

  /** Tries at once when it waits for its next try; what is listened to goes on. */
  wake(): void {
    if (this.#state.status !== 'listening') this.#wakeUp.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#context;
    const { signal } = this.#stop;
    const backoff = new ReconnectBackoff();
    while (!signal.aborted) {
      this.#wakeUp = new AbortController();
      const lost = await this.#runOnce(signal);
      this.#memory.forget();
      if (signal.aborted) return;
      const listenedMs = this.#state.status === 'listening' ? clock.now() - this.#state.since : 0;
      const delayMs = backoff.next(lost.cause, listenedMs);
      if (this.#setState('disconnected', lost.cause, redact(lost.message)))
        log.warn({ ...lost, retryInMs: delayMs }, "the camera's own events are not heard");
      await clock.sleep(delayMs, AbortSignal.any([signal, this.#wakeUp.signal])).catch((error: unknown) => {
        if (!isAbort(error)) throw error;
      });
    }
  }

  /** One subscription from its start to its loss, which it answers with the cause. */
  async #runOnce(signal: AbortSignal): Promise<{ readonly cause: CameraCause; readonly message: string }> {
    try {
      await this.#listen(signal);
      return { cause: 'ended', message: 'The subscription to the events of the camera ended.' };
    } catch (error) {
      if (error instanceof CameraLostError) return { cause: error.cameraCause, message: error.message };
      if (isAbort(error)) return { cause: 'ended', message: 'No longer listened to.' };
      this.#context.log.error({ error: messageOf(error) }, "listening to the camera's own events failed");
      return { cause: 'unknown', message: messageOf(error) };
    }
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#context;
    const camera = this.#camera;
    const client = await connectDevice(deviceAddressesOf(camera), camera, clock, signal);
    const services = await readDeviceServices(client, signal);
    if (services.events === undefined)
      throw new CameraLostError('not_found', `${client.deviceUrl.host} sends no events over ONVIF.`);
    const addresses = [camera.url, ...(camera.subUrl === null ? [] : [camera.subUrl])];
    const isOwn = await findSourceFilter(client, services, addresses, signal);
    const subscription = await PullPoint.subscribe(client, services.events, clock, signal);
    try {
      if (this.#setState('listening', null, null))
        log.info({ address: client.deviceUrl.host }, "the camera's own events are heard");
      while (!signal.aborted) await this.#pullOnce(subscription, isOwn, signal);
    } finally {
      // It ends by itself soon enough when the camera can't be told.
      await subscription.unsubscribe(unsubscribeMs).catch(() => undefined);
    }
  }

  async #pullOnce(subscription: PullPoint, isOwn: SourceFilter, signal: AbortSignal): Promise<void> {
    const { clock, onMotion } = this.#context;
    const askedAt = clock.monotonic();
    const notifications = await subscription.pull(signal);
    for (const notification of notifications) {
      const word = readMotionWord(notification);
      if (word === undefined || !isOwn(word)) continue;
      this.#memory.note(word, clock.monotonic());
      if (this.isMoving()) onMotion();
    }
    const restMs = shortestPullMs - (clock.monotonic() - askedAt);
    if (notifications.length === 0 && restMs > 0) await clock.sleep(restMs, signal);
  }

  /** True when this is a change. */
  #setState(status: NativeEventsState['status'], cause: CameraCause | null, message: string | null): boolean {
    if (this.#state.status === status && this.#state.cause === cause) return false;
    this.#state = { status, cause, message, since: this.#context.clock.now() };
    this.#context.onStateChange();
    return true;
  }
}
