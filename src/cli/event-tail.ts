import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { eventWireSchema, type EventWire } from '../core/event-wire.ts';

const firstWaitMs = 1_000;
const longestWaitMs = 30_000;
/** The service closes a connection that says nothing for a minute. */
const pingEveryMs = 20_000;

const messageSchema = z.object({ type: z.string(), seq: z.number(), data: z.unknown() });

export interface EventTailOptions {
  /** Of the service. */
  readonly url: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** An event that is new, or was described or changed. */
  readonly onEvent: (event: EventWire, type: 'EVENT_CREATED' | 'EVENT_UPDATED') => void;
  /** Something that whoever watches should know: a connection that is lost, events that were missed. */
  readonly onNote: (text: string) => void;
}

/**
 * Follows the live messages until the signal aborts. A connection that is lost is made again for ever, and what
 * happened meanwhile is asked for.
 *
 * @throws AppError `ADDRESS_UNAVAILABLE` when the first connection can't be made
 */
export async function tailEvents(options: EventTailOptions): Promise<void> {
  const { clock, signal, onNote } = options;
  let since: number | undefined;
  let waitMs = firstWaitMs;
  while (!signal.aborted) {
    const { seq, reason } = await followOnce(options, since);
    if (signal.aborted) return;
    if (seq === undefined && since === undefined) {
      throw new AppError(
        'ADDRESS_UNAVAILABLE',
        `No live messages come from ${options.url} (${reason}). Start the service with "vedette serve", or name its address with --url.`,
      );
    }
    if (seq !== undefined) {
      since = seq;
      waitMs = firstWaitMs;
    }
    onNote(`The connection is lost (${reason}); connecting again.`);
    await clock.sleep(waitMs * (0.5 + Math.random() / 2), signal).catch(() => {
      // The end of the loop.
    });
    waitMs = Math.min(longestWaitMs, waitMs * 2);
  }
}

interface ConnectionEnd {
  /** Of the last message; `undefined` when none came. */
  readonly seq: number | undefined;
  readonly reason: string;
}

async function followOnce(
  { url, signal, onEvent, onNote }: EventTailOptions,
  since: number | undefined,
): Promise<ConnectionEnd> {
  const address = new URL('/ws', url);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  if (since !== undefined) address.searchParams.set('since', String(since));
  const socket = new WebSocket(address);
  const ended = Promise.withResolvers<string>();
  let seq: number | undefined;
  const ping = setInterval(() => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'PING' }));
  }, pingEveryMs);
  const stop = (): void => {
    socket.close();
    ended.resolve('stopped');
  };
  signal.addEventListener('abort', stop, { once: true });
  socket.addEventListener('message', ({ data }) => {
    const message = messageSchema.safeParse(readJson(String(data)));
    if (!message.success) return;
    seq = message.data.seq;
    const { type } = message.data;
    if (type === 'RELOAD')
      onNote('More has happened meanwhile than the service remembers: "vedette events search" finds it.');
    if (type !== 'EVENT_CREATED' && type !== 'EVENT_UPDATED') return;
    const event = eventWireSchema.safeParse(message.data.data);
    if (event.success) onEvent(event.data, type);
  });
  socket.addEventListener('error', () => {
    ended.resolve('it was refused');
  });
  socket.addEventListener('close', ({ reason }) => {
    ended.resolve(reason === '' ? 'it was closed' : reason);
  });
  try {
    return { reason: await ended.promise, seq };
  } finally {
    clearInterval(ping);
    signal.removeEventListener('abort', stop);
    socket.close();
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Fits no schema.
    return undefined;
  }
}
