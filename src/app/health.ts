import type { ComponentHealth, HealthReport } from '../api/api-services.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { CameraSupervisor } from '../pipeline/camera-supervisor.ts';
import type { Spool } from '../pipeline/spool.ts';
import { isDiskFull } from '../pipeline/store-retry.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { DiskRoom } from '../store/disk-room.ts';
import type { Store } from '../store/event-store.ts';
import type { Backups } from './backups.ts';
import type { DatabaseCare } from './database-care.ts';
import type { EmbeddedEye } from './embedded-eye.ts';

/** What takes longer than this to answer is not well, and the report does not wait for it. */
const answerWithinMs = 400;

export interface HealthContext {
  readonly store: Store;
  readonly eye: EmbeddedEye;
  readonly cameras: CameraSupervisor;
  readonly queue: JobQueue;
  readonly spool: Spool;
  readonly room: DiskRoom;
  readonly care: DatabaseCare;
  /** Where backups are made. */
  readonly backups: Backups | undefined;
  readonly clock: Clock;
}

const healthy: ComponentHealth = { status: 'healthy', cause: null };

/** Looks at every component when it is asked, each time anew. */
export function createHealth(context: HealthContext): () => Promise<HealthReport> {
  return async () => {
    const components: Record<string, ComponentHealth> = {
      store: await storeHealth(context),
      vision: visionHealth(context),
      cameras: cameraHealth(context),
      queue: queueHealth(context),
      disk: context.room.cause === null ? healthy : { status: 'degraded', cause: context.room.cause },
      ...(context.backups === undefined ? {} : { backup: context.backups.health() }),
    };
    const states = Object.values(components).map(({ status }) => status);
    const status =
      components['store']?.status === 'down'
        ? 'down'
        : states.every((state) => state === 'healthy')
          ? 'healthy'
          : 'degraded';
    return { status, components };
  };
}

async function storeHealth({ store, spool, room, care, clock }: HealthContext): Promise<ComponentHealth> {
  const timeout = new AbortController();
  try {
    const isAnswered = await Promise.race([
      store.checkHealth().then(() => true),
      clock.sleep(answerWithinMs, timeout.signal).then(() => false),
    ]);
    if (!isAnswered)
      return { status: 'degraded', cause: `the database did not answer within ${answerWithinMs} ms` };
  } catch (error) {
    room.noteFailure(error);
    // On a full disk everything that is stored can be read.
    return { status: isDiskFull(error) ? 'degraded' : 'down', cause: messageOf(error) };
  } finally {
    timeout.abort();
  }
  if (spool.size() > 0)
    return { status: 'degraded', cause: `${spool.size()} captures wait on the disk for the database` };
  return care.health();
}

function visionHealth({ eye }: HealthContext): ComponentHealth {
  return eye.problem === null ? healthy : { status: 'degraded', cause: eye.problem };
}

function cameraHealth({ cameras }: HealthContext): ComponentHealth {
  const lost = cameras.list().filter(({ state }) => state.status === 'disconnected');
  if (lost.length === 0) return healthy;
  return {
    status: 'degraded',
    cause: lost.map(({ camera, state }) => `${camera.name}: ${state.cause ?? 'disconnected'}`).join('; '),
  };
}

function queueHealth({ queue }: HealthContext): ComponentHealth {
  return queue.depth() < queue.capacity
    ? healthy
    : { status: 'degraded', cause: `the queue is full: ${queue.depth()} of ${queue.capacity} jobs wait` };
}
