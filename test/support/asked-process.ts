import { fork } from 'node:child_process';
import { once } from 'node:events';
import { messageOf } from '../../src/core/errors.ts';

/** What goes over the channel; the reply with id 0 says that the child is ready. */
type Request<C> = { readonly id: number; readonly command: C };
type Reply<R> = { readonly id: number; readonly result?: R; readonly error?: string };

/** A child process that does what it is asked, so that it can be killed and its CPU time is not the tests'. */
export interface AskedProcess<C, R> extends AsyncDisposable {
  readonly pid: number;
  /** What it said when it was ready. */
  readonly first: R;
  readonly ask: (command: C) => Promise<R>;
  /** Signals the process. Resolves once a deadly signal has worked. */
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
}

/** @param path of a module that calls `answerParent` */
export async function spawnAsked<C extends object, R>(
  path: string,
  args: readonly string[] = [],
): Promise<AskedProcess<C, R>> {
  const child = fork(path, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
  const waiting = new Map<number, PromiseWithResolvers<R>>();
  const ready = Promise.withResolvers<R>();
  waiting.set(0, ready);
  let nextId = 1;
  child.on('message', (reply: Reply<R>) => {
    const promise = waiting.get(reply.id);
    waiting.delete(reply.id);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- without an error there is a result
    if (reply.error === undefined) promise?.resolve(reply.result as R);
    else promise?.reject(new Error(reply.error));
  });
  const exited = once(child, 'exit');
  child.once('exit', (code, signal) => {
    for (const promise of waiting.values()) {
      promise.reject(new Error(`The process of ${path} ended with ${signal ?? `exit code ${code}`}.`));
    }
    waiting.clear();
  });
  const first = await ready.promise;
  const { pid } = child;
  if (pid === undefined) throw new Error(`The process of ${path} has no id.`);
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await exited;
  };
  return {
    pid,
    first,
    ask(command) {
      if (!child.connected) throw new Error(`The process of ${path} has ended.`);
      const promise = Promise.withResolvers<R>();
      const request: Request<C> = { id: nextId, command };
      waiting.set(nextId, promise);
      child.send(request);
      nextId += 1;
      return promise.promise;
    },
    kill,
    [Symbol.asyncDispose]: () => kill('SIGKILL'),
  };
}

/**
 * The child's side.
 *
 * @param first what the parent is told at once
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it names what the parent asks
export function answerParent<C, R>(first: R, obey: (command: C) => Promise<R>): void {
  const reply = (answer: Reply<R>): void => {
    process.send?.(answer);
  };
  const answer = async ({ id, command }: Request<C>): Promise<void> => {
    try {
      reply({ id, result: await obey(command) });
    } catch (error) {
      reply({ id, error: messageOf(error) });
    }
  };
  process.on('message', (request: Request<C>) => {
    // Never rejects: a failure is a reply too.
    void answer(request);
  });
  // A parent that has gone leaves no child behind.
  process.on('disconnect', () => process.exit());
  reply({ id: 0, result: first });
}
