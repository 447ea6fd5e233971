import { findAddressHints, type AddressHint } from '../cameras/address-hints.ts';
import type { CameraAdapter } from '../cameras/camera-adapter.ts';
import {
  discoverCameras,
  type DiscoveredDevice,
  type DiscoverOptions,
} from '../cameras/onvif/discover-cameras.ts';
import type { Camera, CameraCause, CameraState, CameraStatus } from '../core/camera.ts';
import { AppError, isAbort } from '../core/errors.ts';
import type { VedetteEvent } from '../core/event.ts';
import type { Picture } from '../core/frame.ts';
import type { CameraGauge } from '../core/metrics.ts';
import type { CameraInput, CameraStore } from '../store/event-store.ts';
import type { NotificationStore } from '../store/notification-store.ts';
import { CameraNewsDesk, type NewsOptions } from './camera-news.ts';
import { CameraRunner, type CameraRunnerContext } from './camera-runner.ts';
import type { PeopleNotifier } from './notify-people.ts';
import { openCameraSource, testCamera, type CameraTest, type CameraTestContext } from './camera-test.ts';
import type { LiveViewer } from './live-view.ts';
import type { PictureViewer } from './picture-feed.ts';

export interface CameraSupervisorContext extends CameraRunnerContext, CameraTestContext {
  readonly store: CameraStore;
  readonly notifications: Pick<NotificationStore, 'toldLost'>;
  readonly people: PeopleNotifier;
  /** What of the cameras people are told. */
  readonly news: NewsOptions;
  /** Told when somebody deletes the demo camera: they have seen enough of it. */
  readonly onDemoDismissed: () => Promise<void>;
}

export interface CameraWithState {
  readonly camera: Camera;
  readonly state: CameraState;
}

/** How often the runners are asked for what waits for its time: summaries, notices. */
const attendEveryMs = 5_000;

/** Keeps one runner for every stored camera, and the two in step. */
export class CameraSupervisor {
  readonly types: readonly CameraAdapter[];
  readonly #context: CameraSupervisorContext;
  readonly #runners = new Map<string, CameraRunner>();
  /** By camera; they outlive the runners, which a change of settings replaces. */
  readonly #news = new Map<string, CameraNewsDesk>();
  readonly #stop = new AbortController();
  #attending: Promise<void> = Promise.resolve();

  constructor(context: CameraSupervisorContext) {
    this.#context = context;
    this.types = context.adapters;
  }

  /** Starts every stored camera. One that can't be reached now is tried again for ever, like one that is lost later. */
  async start(): Promise<void> {
    const { store, notifications, news } = this.#context;
    for (const id of await notifications.toldLost()) this.#news.set(id, new CameraNewsDesk(news, true));
    for (const camera of await store.list()) this.#startRunner(camera);
    this.#attending = this.#attend();
  }

  /** Ends all connections; captures under way are finished first. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#attending;
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop()));
    await this.#context.people.flush();
  }

  list(): readonly CameraWithState[] {
    return [...this.#runners.values()].map(({ camera, state }) => ({ camera, state }));
  }

  get(id: string): CameraWithState | undefined {
    const runner = this.#runners.get(id);
    return runner === undefined ? undefined : { camera: runner.camera, state: runner.state };
  }

  countByStatus(): Record<CameraStatus, number> {
    const counts: Record<CameraStatus, number> = {
      connecting: 0,
      streaming: 0,
      disconnected: 0,
      disabled: 0,
    };
    for (const { state } of this.#runners.values()) counts[state.status] += 1;
    return counts;
  }

  /** Of the cameras that are switched on. */
  gauges(): CameraGauge[] {
    return this.list()
      .filter(({ state }) => state.status !== 'disabled')
      .map(({ camera, state }) => ({
        camera: camera.name,
        isUp: state.status === 'streaming',
        cause: state.cause,
        condition: state.picture?.condition ?? null,
      }));
  }

  /** The demo camera makes room for the first real one. */
  async create(input: CameraInput): Promise<CameraWithState> {
    const runner = this.#startRunner(await this.#context.store.create(input));
    if (input.origin !== 'demo') {
      for (const { camera } of this.list()) if (camera.origin === 'demo') await this.#remove(camera.id);
    }
    return { camera: runner.camera, state: runner.state };
  }

  async update(id: string, change: Partial<CameraInput>): Promise<CameraWithState | undefined> {
    const camera = await this.#context.store.update(id, change);
    if (camera === undefined) return undefined;
    await this.#endRunner(id);
    const runner = this.#startRunner(camera);
    return { camera: runner.camera, state: runner.state };
  }

  async delete(id: string): Promise<boolean> {
    if (this.get(id)?.camera.origin === 'demo') await this.#context.onDemoDismissed();
    return this.#remove(id);
  }

  reconnect(id: string): void {
    this.#runnerOf(id).reconnect();
  }

  async preview(id: string): Promise<Picture> {
    return this.#runnerOf(id).takePicture();
  }

  watchVideo(id: string, viewer: LiveViewer): () => void {
    return this.#runnerOf(id).liveView.watch(viewer);
  }

  watchPictures(id: string, viewer: PictureViewer): () => void {
    return this.#runnerOf(id).pictureFeed.watch(viewer);
  }

  async analyze(id: string): Promise<VedetteEvent> {
    return this.#runnerOf(id).analyze();
  }

  async test(input: CameraInput): Promise<CameraTest> {
    return testCamera(input, this.#context);
  }

  async hints(input: CameraInput, cause: CameraCause): Promise<readonly AddressHint[]> {
    return findAddressHints(input, cause, this.#context.clock, this.#context.abort);
  }

  async discover(options: DiscoverOptions): Promise<readonly DiscoveredDevice[]> {
    return discoverCameras(options, this.#context.clock, this.#context.abort);
  }

  #startRunner(camera: Camera): CameraRunner {
    if (this.#stop.signal.aborted)
      throw new AppError('SHUTTING_DOWN', 'Vedette is shutting down; try again after the restart');
    const news = this.#news.get(camera.id) ?? new CameraNewsDesk(this.#context.news);
    this.#news.set(camera.id, news);
    const runner = new CameraRunner(
      camera,
      () => openCameraSource(camera, this.#context),
      this.#context,
      news,
    );
    this.#runners.set(camera.id, runner);
    runner.start();
    return runner;
  }

  async #attend(): Promise<void> {
    const { clock } = this.#context;
    try {
      for (;;) {
        await clock.sleep(attendEveryMs, this.#stop.signal);
        for (const runner of this.#runners.values()) runner.attend();
        await this.#context.people.flush();
      }
    } catch (error) {
      if (!isAbort(error)) throw error;
    }
  }

  async #remove(id: string): Promise<boolean> {
    const isDeleted = await this.#context.store.delete(id);
    await this.#endRunner(id);
    this.#news.delete(id);
    return isDeleted;
  }

  async #endRunner(id: string): Promise<void> {
    const runner = this.#runners.get(id);
    this.#runners.delete(id);
    await runner?.stop();
  }

  #runnerOf(id: string): CameraRunner {
    const runner = this.#runners.get(id);
    if (runner === undefined)
      throw new AppError('CAMERA_NOT_FOUND', `There is no camera with the id "${id}"`);
    return runner;
  }
}
