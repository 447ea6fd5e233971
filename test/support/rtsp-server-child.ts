import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { siblingModule } from '../../src/core/sibling-module.ts';
import type { RtspFault, RtspServerStats, RtspStreamOptions } from './rtsp-server.ts';

export type RtspCommand =
  | { readonly call: 'addStream'; readonly path: string; readonly options: RtspStreamOptions }
  | { readonly call: 'switchClip'; readonly path: string; readonly clipPath: string }
  | { readonly call: 'setFault'; readonly path: string; readonly fault: RtspFault | null }
  | { readonly call: 'stats' }
  | { readonly call: 'killConnections' | 'stop'; readonly how: 'reset' | 'close' }
  | { readonly call: 'restart' };

/** The reply with id 0 says that the server listens, and on which port. */
export interface RtspReply {
  readonly id: number;
  readonly port?: number;
  readonly stats?: RtspServerStats;
  readonly error?: string;
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
  const child = fork(
    fileURLToPath(siblingModule(import.meta.url, 'rtsp-server-process')),
    ['--port', String(options.port ?? 0)],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] },
  );
  const waiting = new Map<number, PromiseWithResolvers<RtspReply>>();
  const ready = Promise.withResolvers<RtspReply>();
  waiting.set(0, ready);
  let nextId = 1;
  child.on('message', (reply: RtspReply) => {
    const promise = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (reply.error === undefined) promise?.resolve(reply);
    else promise?.reject(new Error(reply.error));
  });
  const exited = once(child, 'exit');
  child.once('exit', (code, signal) => {
    for (const promise of waiting.values()) {
      promise.reject(new Error(`The RTSP server's process ended with ${signal ?? `exit code ${code}`}.`));
    }
    waiting.clear();
  });
  const ask = (command: RtspCommand): Promise<RtspReply> => {
    const promise = Promise.withResolvers<RtspReply>();
    if (!child.connected) throw new Error("The RTSP server's process has ended.");
    waiting.set(nextId, promise);
    child.send({ id: nextId, command });
    nextId += 1;
    return promise.promise;
  };
  const { port = 0 } = await ready.promise;
  const { pid } = child;
  if (pid === undefined) throw new Error("The RTSP server's process has no id.");
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await exited;
  };
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
      if (stats === undefined) throw new Error("The RTSP server's process answered without stats.");
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
