import type { CameraSource, StreamOpener, StreamRequest } from '../core/camera-source.ts';
import type { Clock } from '../core/clock.ts';
import { AppError, isAbort } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { backgroundValidMs } from './detector-shelf.ts';
import { noCounters, type HostCounters, type StreamLimits } from './host-protocol.ts';
import { MediaHost, type HostLimits, type HostLoss } from './media-host.ts';
import { Quarantine } from './quarantine.ts';
import { StreamProofs } from './stream-proof.ts';
import { StreamSource, type HostPlace } from './stream-source.ts';

export interface MediaLimits extends HostLimits, StreamLimits {
  /** How long a host without streams is kept for the next one, ms. */
  readonly idleMs: number;
}

/** What users are told of these stands in `docs/cameras.md`. */
export const defaultMediaLimits: MediaLimits = {
  startMs: 20_000,
  // A host that hangs is noticed after 2 to 2.5 s. Decoding happens on other threads, so the one that answers is
  // idle nearly always; on two busy cores it was never late by more than a fraction of this.
  heartbeatMs: 500,
  missedHeartbeats: 4,
  settleMs: 5_000,
  exitMs: 4_000,
  openMs: 10_000,
  noPacketMs: 10_000,
  onlyErrorsMs: 10_000,
  ringMs: 10_000,
  ringBytes: 24 * 1024 * 1024,
  idleMs: backgroundValidMs,
};

export interface MediaServiceOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** How many cameras share a process, and its fate; default 8. */
  readonly camerasPerHost?: number;
  readonly onHostLost?: (loss: HostLoss) => void;
  /** Overrides single ones of the defaults. */
  readonly limits?: Partial<MediaLimits>;
}

export interface MediaStats extends HostCounters {
  /** Running now. */
  readonly hosts: number;
  /** Hosts that crashed or hung since the service started; each is replaced when a stream is opened. */
  readonly hostRestarts: number;
  readonly streams: number;
}

/** Opens streams in media host processes, which it starts, supervises and ends. */
export interface MediaService extends StreamOpener, AsyncDisposable {
  stats(): MediaStats;
  /** Of the hosts that are running. */
  pids(): number[];
}

export function createMediaService(options: MediaServiceOptions): MediaService {
  return new HostPool(options);
}

class HostPool implements MediaService {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #camerasPerHost: number;
  readonly #onHostLost: ((loss: HostLoss) => void) | undefined;
  readonly #limits: MediaLimits;
  readonly #hosts = new Set<MediaHost>();
  readonly #quarantine: Quarantine;
  readonly #proofs = new StreamProofs();
  /** Where each camera was last: what was learnt of its scene may still be there. */
  readonly #lastHosts = new Map<string, MediaHost>();
  readonly #disposed = new AbortController();
  /** Of the hosts that are gone. */
  #pastCounters = noCounters;
  #nextStream = 0;
  #lostCount = 0;

  constructor({ clock, log, camerasPerHost = 8, onHostLost, limits = {} }: MediaServiceOptions) {
    this.#clock = clock;
    this.#quarantine = new Quarantine(clock);
    this.#log = log;
    this.#camerasPerHost = camerasPerHost;
    this.#onHostLost = onHostLost;
    this.#limits = { ...defaultMediaLimits, ...limits };
  }

  openStream(request: StreamRequest): CameraSource {
    return new StreamSource(request, this.#proofs, () => this.#takePlace(request.cameraId));
  }

  stats(): MediaStats {
    const hosts = [...this.#hosts];
    return {
      hosts: hosts.length,
      hostRestarts: this.#lostCount,
      streams: hosts.reduce((sum, host) => sum + host.streamCount, 0),
      ...hosts.reduce((sum, host) => addCounters(sum, host.counters), this.#pastCounters),
    };
  }

  pids(): number[] {
    return [...this.#hosts].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort();
    await Promise.all([...this.#hosts].map((host) => host.end()));
  }

  #takePlace(cameraId: string): HostPlace {
    if (this.#disposed.signal.aborted) {
      throw new AppError('SHUTTING_DOWN', 'No stream is opened any more: Vedette is shutting down.');
    }
    const usable = [...this.#hosts].filter((host) => host.isUsable);
    const last = this.#lastHosts.get(cameraId);
    const withPlace = usable.filter(({ cameraIds }) => this.#hasPlace(cameraIds, cameraId));
    const host =
      usable.find(({ cameraIds }) => cameraIds.has(cameraId)) ??
      withPlace.find((each) => each === last) ??
      withPlace[0] ??
      this.#startHost();
    this.#lastHosts.set(cameraId, host);
    const stream = this.#nextStream;
    this.#nextStream += 1;
    return { host, stream };
  }

  /** @param present cameras of a host */
  #hasPlace(present: ReadonlySet<string>, cameraId: string): boolean {
    if (present.size === 0) return true;
    const isShared = ![cameraId, ...present].some((id) => this.#quarantine.isIsolated(id));
    return isShared && present.size < this.#camerasPerHost;
  }

  #startHost(): MediaHost {
    const host = new MediaHost({
      clock: this.#clock,
      log: this.#log,
      limits: this.#limits,
      streamLimits: this.#limits,
      // Of a camera, reading two streams and decoding one block a thread each; the rest is for pictures and names.
      threads: this.#camerasPerHost * 3 + 4,
      onEnded: (ended) => {
        this.#forget(ended);
      },
      onSuspected: ({ cameraIds, isProof }) => {
        for (const cameraId of this.#quarantine.noteLoss(cameraIds, isProof)) {
          this.#log.warn({ cameraId }, 'camera decoded by itself from now on: its decoder process was lost');
        }
      },
      onLost: (lost, loss) => {
        this.#forget(lost);
        this.#lostCount += 1;
        this.#onHostLost?.(loss);
      },
      onIdle: (idle) => {
        // Ends by itself; nothing waits for it.
        void this.#endWhenIdle(idle);
      },
    });
    this.#hosts.add(host);
    this.#log.debug({ pid: host.pid }, 'media host started');
    return host;
  }

  #forget(host: MediaHost): void {
    this.#hosts.delete(host);
    for (const [cameraId, last] of this.#lastHosts) if (last === host) this.#lastHosts.delete(cameraId);
    this.#pastCounters = addCounters(this.#pastCounters, host.counters);
  }

  async #endWhenIdle(host: MediaHost): Promise<void> {
    try {
      await this.#clock.sleep(this.#limits.idleMs, this.#disposed.signal);
    } catch (error) {
      if (isAbort(error)) return;
      throw error;
    }
    if (host.streamCount === 0) await host.end();
  }
}

function addCounters(a: HostCounters, b: HostCounters): HostCounters {
  return {
    framesDropped: a.framesDropped + b.framesDropped,
    packetsCorrupt: a.packetsCorrupt + b.packetsCorrupt,
    packetsSkipped: a.packetsSkipped + b.packetsSkipped,
    packetsEvicted: a.packetsEvicted + b.packetsEvicted,
    liveSkipped: a.liveSkipped + b.liveSkipped,
  };
}
