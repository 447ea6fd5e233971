/** Cameras in a process of their own, each behind a fault proxy; started by `camera-fleet.ts`. */
import { answerParent } from './asked-process.ts';
import type { FleetCamera, FleetCommand } from './camera-fleet.ts';
import { startFaultProxy } from './fault-proxy.ts';
import { startMjpegServer } from './mjpeg-server.ts';
import { startRtspServer } from './rtsp-server.ts';

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own parent wrote it
const cameras = JSON.parse(process.argv[2] ?? '[]') as readonly FleetCamera[];
const rtsp = await startRtspServer();
const mjpeg = await startMjpegServer();
const proxies = await Promise.all(
  cameras.map(async ({ type, path, clipPath, port }) => {
    const server = type === 'rtsp' ? rtsp : mjpeg;
    await server.addStream(path, { clipPath });
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
