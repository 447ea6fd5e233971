/** Cameras in a process of their own, each behind a fault proxy; started by `camera-fleet.ts`. */
import { answerParent } from './asked-process.ts';
import type { FleetCamera, FleetCommand } from './camera-fleet.ts';
import { startFaultProxy } from './fault-proxy.ts';
import { startHlsServer } from './hls-server.ts';
import { startMjpegServer } from './mjpeg-server.ts';
import { startRtspServer } from './rtsp-server.ts';
import { startSnapshotServer } from './snapshot-server.ts';

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own parent wrote it
const cameras = JSON.parse(process.argv[2] ?? '[]') as readonly FleetCamera[];

interface Server {
  readonly port: number;
  readonly add: (path: string, clipPath: string) => Promise<void>;
}

async function startServer(type: FleetCamera['type']): Promise<Server> {
  if (type === 'http_snapshot') {
    const server = await startSnapshotServer();
    return { port: server.port, add: (path, clipPath) => server.addCamera(path, { clipPath }) };
  }
  const starts = { rtsp: startRtspServer, http_mjpeg: startMjpegServer, hls: startHlsServer };
  const server = await starts[type]();
  return { port: server.port, add: (path, clipPath) => server.addStream(path, { clipPath }) };
}

const servers = new Map<FleetCamera['type'], Promise<Server>>();
const proxies = await Promise.all(
  cameras.map(async ({ type, path, clipPath, port }) => {
    const starting = servers.get(type) ?? startServer(type);
    servers.set(type, starting);
    const server = await starting;
    await server.add(path, clipPath);
    return startFaultProxy({ targetPort: server.port, port });
  }),
);

async function obey({ camera, fault }: FleetCommand): Promise<readonly number[]> {
  await proxies[camera]?.setFault(fault);
  return proxies.map(({ port }) => port);
}

answerParent(
  proxies.map(({ port }) => port),
  obey,
);
