import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventWire } from '../../src/core/event-wire.ts';
import { childrenOf } from './processes.ts';
import { pause } from './pause.ts';
import { startService, type ServiceProcess } from './service-process.ts';
import { waitUntil } from './wait-until.ts';
import { createWireClient } from './wire-client.ts';

export interface KillSeriesOptions {
  readonly dataDir: string;
  /** How often something is killed. */
  readonly kills: number;
  /** Addresses of cameras, given to every start. */
  readonly cameras: readonly string[];
  /** A picture that is submitted again and again while the service runs. */
  readonly picture: Uint8Array;
  /** 0..1; makes a series repeatable. */
  readonly random: () => number;
  /** Longest life of the service between two kills, milliseconds. */
  readonly longestLifeMs: number;
  readonly onKill?: (count: number, what: string) => void;
}

export interface KillSeriesResult {
  readonly serviceKills: number;
  readonly hostKills: number;
  /** Events whose storage was announced before a kill: by an answer of the API or a line of the log. */
  readonly promised: number;
  /** Events that cameras made, of all that are stored. */
  readonly fromCameras: number;
  readonly stored: number;
  /** Promised and not there. Must be empty. */
  readonly lost: readonly string[];
  /** Stored twice: the same request, or the same moment of the same camera. Must be empty. */
  readonly doubled: readonly string[];
  /** There without the picture that they were promised with. Must be empty. */
  readonly withoutPicture: readonly string[];
  /** Not described in the end. Must be empty. */
  readonly undescribed: readonly string[];
}

const firstTimestamp = Date.UTC(2026, 0, 1);

/** Slow enough for the queue: what is dropped on purpose would hide what is lost. */
const submitEveryMs = 300;

/**
 * Kills the service or one of its decoder processes with SIGKILL at random instants while cameras and a client make
 * events, starts it again each time, and looks at the end whether every event that was promised is there, once, with
 * its picture and its description.
 */
export async function runKillSeries(options: KillSeriesOptions): Promise<KillSeriesResult> {
  const { dataDir, random } = options;
  const promised = new Set<string>();
  let serviceKills = 0;
  let hostKills = 0;
  let requests = 0;
  const cameras = options.cameras.map((url, index) => ({
    name: `Camera ${index + 1}`,
    url,
    motion_cooldown: 0,
  }));

  const start = (): Promise<ServiceProcess> =>
    startService({
      dataDir,
      config: { cameras },
      onLine: (line) => {
        if (line.msg === 'event captured') promised.add(String(line['eventId']));
      },
    });

  /** Submits events one after the other until the service is gone. */
  async function submitUntilGone(service: ServiceProcess, gone: AbortSignal): Promise<void> {
    const client = createWireClient(service.url);
    const camera = await client.firstCameraId();
    while (!gone.aborted) {
      requests += 1;
      // The same content at every try, or the key would be refused.
      const request = {
        idempotencyKey: `request-${requests}`,
        timestamp: new Date(firstTimestamp + requests * 1000).toISOString(),
      };
      try {
        promised.add((await client.submit(camera, options.picture, request)).id);
      } catch {
        // Killed while it was asked: the same request again, as a client would, must not make a second event.
        requests -= 1;
        return;
      }
      await pause(submitEveryMs);
    }
  }

  while (serviceKills + hostKills < options.kills) {
    const service = await start();
    const gone = new AbortController();
    const submitting = submitUntilGone(service, gone.signal);
    await pause(random() * options.longestLifeMs);
    const hosts = (await childrenOf(service.child.pid ?? 0)).filter(({ command }) =>
      command.includes('media-host-process'),
    );
    const host = hosts[Math.floor(random() * hosts.length)];
    // One kill in four hits a decoder first: its cameras must come back while the service lives.
    if (host !== undefined && random() < 0.25) {
      process.kill(host.pid, 'SIGKILL');
      hostKills += 1;
      options.onKill?.(serviceKills + hostKills, 'decoder');
      await pause(random() * options.longestLifeMs);
    }
    gone.abort();
    await service.end('SIGKILL');
    serviceKills += 1;
    options.onKill?.(serviceKills + hostKills, 'service');
    await submitting;
  }

  await using service = await start();
  const client = createWireClient(service.url);
  await waitUntil(
    'every job of the earlier lives to be done',
    async () => (await client.events('description_status=pending')).length === 0,
    { timeoutMs: 120_000, everyMs: 200 },
  );
  const stored = await client.events();
  const byId = new Map(stored.map((event) => [event.id, event]));
  const moments = new Map<string, string[]>();
  for (const event of stored.filter(({ source }) => source === 'motion')) {
    const moment = `${event.camera_id} ${event.started_at}`;
    moments.set(moment, [...(moments.get(moment) ?? []), event.id]);
  }
  const apiEvents = stored.filter(({ source }) => source === 'api').length;
  const lost = [...promised].filter((id) => !byId.has(id));
  return {
    serviceKills,
    hostKills,
    promised: promised.size,
    fromCameras: stored.length - apiEvents,
    stored: stored.length,
    lost,
    doubled: [
      ...[...moments].filter(([, ids]) => ids.length > 1).map(([moment]) => moment),
      // Every request has one event at most; the last one may have been stored without an answer.
      ...(apiEvents > requests + 1 ? [`${apiEvents} events of ${requests} requests`] : []),
    ],
    withoutPicture: stored.filter((event) => !hasPicture(dataDir, event)).map(({ id }) => id),
    undescribed: stored
      .filter((event) => event.description_status !== 'done')
      .map((event) => `${event.id}: ${event.description_status} ${event.description_reason}`),
  };
}

/** The thumbnail is a whole JPEG on the disk. */
function hasPicture(dataDir: string, event: EventWire): boolean {
  const day = event.timestamp.slice(0, 10);
  const path = join(dataDir, 'media', day, `event_${event.id}.jpg`);
  if (!existsSync(path)) return false;
  const bytes = readFileSync(path);
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes.at(-2) === 0xff && bytes.at(-1) === 0xd9;
}
