import type { Clock } from '../core/clock.ts';
import type { LiveFeed } from '../core/live-feed.ts';
import type { Logger } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import type { Stop } from '../core/stop.ts';
import type { Notifier } from '../notify/notifier.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { Store } from '../store/event-store.ts';
import type { DiskRoom } from '../store/disk-room.ts';
import type { MediaFiles } from '../store/media-files.ts';
import type { DescribeChain } from '../vision/describe-chain.ts';
import type { DescribeInput } from '../vision/vision-provider.ts';
import { createCapture, type Capture } from './capture.ts';
import { createDeliverer, type Deliverer } from './deliver.ts';
import { runWorker, type WorkerTally } from './describe.ts';
import { createFinish, type Finish } from './finish.ts';
import { createImprover } from './improve.ts';
import type { Spool } from './spool.ts';

export interface PipelineOptions {
  readonly store: Store;
  readonly media: MediaFiles;
  readonly spool: Spool;
  readonly room?: DiskRoom;
  readonly queue: JobQueue;
  readonly chain: DescribeChain;
  readonly notifiers: readonly Notifier[];
  readonly live: LiveFeed;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly workerCount: number;
  /** What the prompt is told beside the event, the same for all cameras. */
  readonly speech?: Pick<DescribeInput, 'language' | 'timeZone'>;
}

/** The stages behind the cameras: capture → queue → describe → finish → deliver. */
export interface Pipeline {
  readonly capture: Capture;
  readonly finish: Finish;
  readonly queue: JobQueue;
  readonly tally: WorkerTally;
  readonly deliverer: Deliverer;
  /** Resolves when every worker has ended, which `stop` asks for. */
  runWorkers(stop: Stop): Promise<void>;
  /** Resolves when no better description is waited for any more, which an aborted stop brings about. */
  settle(): Promise<void>;
}

export function createPipeline(options: PipelineOptions): Pipeline {
  const {
    store,
    media,
    spool,
    queue,
    chain,
    notifiers,
    live,
    metrics,
    clock,
    log,
    workerCount,
    speech = {},
  } = options;
  const deliveryTargets = notifiers.map(({ name }) => name);
  const deliverer = createDeliverer({ store, notifiers, metrics, clock, log });
  const onDeliveriesDue = (): void => {
    deliverer.wake();
  };
  const finish = createFinish({
    store: store.events,
    live,
    metrics,
    clock,
    log,
    deliveryTargets,
    onDeliveriesDue,
  });
  const capture = createCapture({
    store: store.events,
    media,
    queue,
    spool,
    finish,
    live,
    metrics,
    clock,
    log,
    deliveryTargets,
    onDeliveriesDue,
    ...(options.room === undefined ? {} : { room: options.room }),
  });
  const improver = createImprover({
    store: store.events,
    chain,
    live,
    metrics,
    log,
    deliveryTargets,
    onDeliveriesDue,
  });
  const tally: WorkerTally = { finished: 0, aborted: 0 };
  return {
    capture,
    finish,
    queue,
    tally,
    deliverer,
    async runWorkers(stop) {
      const context = {
        queue,
        store: store.events,
        cameras: store.cameras,
        media,
        chain,
        finish,
        improve: improver.improve,
        metrics,
        clock,
        log,
        speech,
      };
      await Promise.all(
        Array.from({ length: workerCount }, (_, index) => runWorker(index + 1, context, stop, tally)),
      );
    },
    settle: () => improver.settle(),
  };
}
