import { fileURLToPath } from 'node:url';
import { siblingModule } from '../../src/core/sibling-module.ts';
import { spawnAsked } from './asked-process.ts';
import type { RtspFault, RtspServerStats, RtspStreamOptions } from './rtsp-server.ts';

export type RtspCommand =
  | { readonly call: 'addStream'; readonly path: string; readonly options: RtspStreamOptions }
  | { readonly call: 'switchClip'; readonly path: string; readonly clipPath: string }
  | { readonly call: 'setFault'; readonly path: string; readonly fault: RtspFault | null }
  | { readonly call: 'stats' }
  | { readonly call: 'killConnections' | 'stop'; readonly how: 'reset' | 'close' }
  | { readonly call: 'restart' };

export interface RtspReply {
  readonly port: number;
  readonly stats: RtspServerStats;
}

/** `RtspServer` in a process of its own; the methods mean the same. */
export interface RtspServerChild extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  url(path: string): string;
  addStream(path: string, options: RtspStreamOptions): Promise<void>;
  switchClip(path: string, clipPath: string): Promise<void>;
  setFault(path: string, fault: RtspFault | null): Promise<void>;
  stats(): Promise<RtspServerStats>;
  killConnections(how?: 'reset' | 'close'): Promise<void>;
  stop(how?: 'reset' | 'close'): Promise<void>;
  restart(): Promise<void>;
  /** Signals the process; with `SIGKILL` the kernel ends its connections. Resolves once a deadly signal has worked. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

export async function spawnRtspServer(options: { readonly port?: number } = {}): Promise<RtspServerChild> {
  const { pid, first, ask, kill } = await spawnAsked<RtspCommand, RtspReply>(
    fileURLToPath(siblingModule(import.meta.url, 'rtsp-server-process')),
    ['--port', String(options.port ?? 0)],
  );
  const { port } = first;
  return {
    pid,
    port,
    url: (path) => `rtsp://127.0.0.1:${port}${path}`,
    addStream: async (path, streamOptions) => {
      await ask({ call: 'addStream', path, options: streamOptions });
    },
    switchClip: async (path, clipPath) => {
      await ask({ call: 'switchClip', path, clipPath });
    },
    setFault: async (path, fault) => {
      await ask({ call: 'setFault', path, fault });
    },
    stats: async () => {
      const { stats } = await ask({ call: 'stats' });
      return stats;
    },
    killConnections: async (how = 'reset') => {
      await ask({ call: 'killConnections', how });
    },
    stop: async (how = 'reset') => {
      await ask({ call: 'stop', how });
    },
    restart: async () => {
      await ask({ call: 'restart' });
    },
    kill,
    [Symbol.asyncDispose]: () => kill('SIGKILL'),
  };
}
