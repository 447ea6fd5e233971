import type { CameraAdapter } from '../../src/cameras/camera-adapter.ts';
import { cameraAdapters } from '../../src/app/builtins.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { StreamOpener } from '../../src/core/camera-source.ts';
import type { VedetteEvent } from '../../src/core/event.ts';
import type { AnalysedFrame } from '../../src/core/frame.ts';
import { silentLog, type Logger } from '../../src/core/log.ts';
import {
  createMediaService,
  type MediaService,
  type MediaServiceOptions,
} from '../../src/media/media-service.ts';
import { CameraSupervisor } from '../../src/pipeline/camera-supervisor.ts';
import { createClipFiles } from '../../src/store/clip-files.ts';
import { PeopleNotifier } from '../../src/pipeline/notify-people.ts';
import type { CameraInput } from '../../src/store/event-store.ts';
import { createScriptedChain } from '../fakes/scripted-chain.ts';
import { openPipelineRig, type PipelineRig } from './pipeline-rig.ts';

export interface CameraRigOptions extends Pick<MediaServiceOptions, 'limits' | 'camerasPerHost'> {
  readonly log?: Logger;
  readonly keepsMessages?: boolean;
  /** Called as each frame comes out of the decoder processes. */
  readonly onFrame?: (camera: string) => void;
  /** All that there are unless given. */
  readonly adapters?: readonly CameraAdapter[];
}

/** Cameras over real decoder processes, real motion analysis and a real store; only the describing is the test's own. */
export interface CameraRig extends AsyncDisposable {
  readonly rig: PipelineRig;
  readonly streams: MediaService;
  readonly cameras: CameraSupervisor;
}

export async function openCameraRig(dataDir: string, options: CameraRigOptions = {}): Promise<CameraRig> {
  const {
    log = silentLog(),
    onFrame,
    adapters = cameraAdapters,
    keepsMessages = true,
    ...mediaOptions
  } = options;
  const rig = await openPipelineRig({
    dataDir,
    chain: createScriptedChain(() => 'A block.', false),
    log,
    keepsMessages,
  });
  await rig.store.cameras.delete(rig.camera.id);
  const streams = createMediaService({ clock: systemClock, log, ...mediaOptions });
  const people = new PeopleNotifier({
    store: rig.store.notifications,
    live: rig.live,
    metrics: rig.metrics,
    clock: systemClock,
    log,
    deliveryTargets: [],
    onDeliveriesDue: () => undefined,
  });
  const cameras = new CameraSupervisor({
    store: rig.store.cameras,
    adapters,
    notifications: rig.store.notifications,
    people,
    news: { lostAfterMs: 60_000, conditions: ['dark', 'covered', 'defocused'] },
    streams: onFrame === undefined ? streams : watched(streams, onFrame),
    capture: rig.pipeline.capture,
    events: rig.store.events,
    clipFiles: await createClipFiles({ dataDir }),
    live: rig.live,
    metrics: rig.metrics,
    clock: systemClock,
    log,
    onDemoDismissed: () => Promise.resolve(),
    captureWindowMs: 1200,
    picturesPerEvent: 3,
    abort: rig.stop.abort,
  });
  await cameras.start();
  return {
    rig,
    streams,
    cameras,
    async [Symbol.asyncDispose]() {
      await cameras.stop();
      await streams[Symbol.asyncDispose]();
      await rig[Symbol.asyncDispose]();
    },
  };
}

/** The same streams; each frame is told before it is handed on. */
function watched(streams: StreamOpener, onFrame: (camera: string) => void): StreamOpener {
  return {
    openStream(request) {
      const source = streams.openStream(request);
      const open = source.open.bind(source);
      source.open = async function* (signal): AsyncGenerator<AnalysedFrame> {
        for await (const frame of open(signal)) {
          onFrame(request.name);
          yield frame;
        }
      };
      return source;
    },
  };
}

/** A camera whose type follows from its address, and whose every motion is an event. */
export function cameraInput(name: string, url: string, change: Partial<CameraInput> = {}): CameraInput {
  return {
    name,
    type: typeOf(url),
    url,
    username: null,
    password: null,
    frameRate: 5,
    isEnabled: true,
    motionSensitivity: 'medium',
    motionCooldown: 0,
    origin: 'api',
    ...change,
  };
}

function typeOf(url: string): string {
  const adapter: CameraAdapter | undefined = cameraAdapters.find((each) => each.accepts(url));
  if (adapter === undefined) throw new Error(`No type of camera accepts the address ${url}.`);
  return adapter.type;
}

/** In the order in which they happened. */
export async function eventsOf(rig: PipelineRig, cameraId: string): Promise<readonly VedetteEvent[]> {
  const { events } = await rig.store.events.list({
    cameraIds: [cameraId],
    limit: 100,
    offset: 0,
    sortOrder: 'asc',
  });
  return events;
}
