import { fileURLToPath } from 'node:url';
import { siblingModule } from '../../src/core/sibling-module.ts';
import { spawnAsked, type AskedProcess } from './asked-process.ts';
import type { WireFault } from './fault-proxy.ts';

export interface FleetCamera {
  readonly type: 'rtsp' | 'http_mjpeg' | 'http_snapshot' | 'hls';
  /** Begins with a slash; unique within the fleet. */
  readonly path: string;
  readonly clipPath: string;
  /** 0 for any. */
  readonly port: number;
}

export interface FleetCommand {
  /** Which one, from 0. */
  readonly camera: number;
  readonly fault: WireFault | null;
}

/** Cameras that share a process and its fate; each has an address of its own that stays the same. */
export interface CameraFleet extends AsyncDisposable {
  /** Of HLS, the playlist is `/index.m3u8` below it. */
  readonly urls: readonly string[];
  /** While the fleet is killed it waits; a fleet that is killed meanwhile comes back without faults. */
  setFault(camera: number, fault: WireFault | null): Promise<void>;
  /** With SIGKILL: the kernel ends the connections. */
  kill(): Promise<void>;
  /** After `kill`, at the same addresses and without faults. */
  restart(): Promise<void>;
}

export async function startCameraFleet(cameras: readonly FleetCamera[]): Promise<CameraFleet> {
  let child: AskedProcess<FleetCommand, readonly number[]> = await spawnFleet(cameras);
  const ports = child.first;
  let isUp = true;
  let up = Promise.withResolvers<void>();
  up.resolve();
  const onSamePorts = cameras.map((camera, index) => ({ ...camera, port: ports[index] ?? 0 }));
  return {
    urls: onSamePorts.map(
      ({ type, path, port }) => `${type === 'rtsp' ? 'rtsp' : 'http'}://127.0.0.1:${port}${path}`,
    ),
    setFault: async (camera, fault) => {
      await up.promise;
      const asked = child;
      try {
        await asked.ask({ camera, fault });
      } catch (error) {
        if (asked === child && isUp) throw error;
      }
    },
    kill: async () => {
      isUp = false;
      up = Promise.withResolvers();
      await child.kill('SIGKILL');
    },
    restart: async () => {
      child = await spawnFleet(onSamePorts);
      isUp = true;
      up.resolve();
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

function spawnFleet(cameras: readonly FleetCamera[]): Promise<AskedProcess<FleetCommand, readonly number[]>> {
  const path = fileURLToPath(siblingModule(import.meta.url, 'camera-fleet-process'));
  return spawnAsked(path, [JSON.stringify(cameras)]);
}
