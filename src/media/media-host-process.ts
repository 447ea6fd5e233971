/**
 * A media host: the only kind of process that decodes video, and where it is looked at for motion. It is started by `media-host.ts`, speaks
 * `host-protocol.ts` over IPC, and may be killed at any moment without harm.
 */
import { AV_LOG_FATAL } from 'node-av/constants';
import { Log } from 'node-av/lib';
import { systemClock } from '../core/clock.ts';
import { createLookingDetector } from '../motion/looking-detector.ts';
import { DetectorShelf } from './detector-shelf.ts';
import {
  noCounters,
  type FromHost,
  type HostCounter,
  type HostCounters,
  type ToHost,
} from './host-protocol.ts';
import { DecoderTurns } from './decoder-turns.ts';
import { HostStream } from './host-stream.ts';

/** For pictures: what one decoder needs is known, what all cameras' at once need is not. */
const turns = new DecoderTurns(2, systemClock);
const streams = new Map<number, HostStream>();
const shelf = new DetectorShelf(systemClock, createLookingDetector);
const counters: Record<HostCounter, number> = { ...noCounters };

function send(message: FromHost): void {
  // The channel may close at any moment; `disconnect` below deals with that.
  process.send?.(message, undefined, undefined, () => undefined);
}

function count(counter: keyof HostCounters, by: number): void {
  counters[counter] += by;
}

/** Threads of the decoder library may be blocked for long, and a regular exit would wait for them. */
function endNow(): void {
  process.kill(process.pid, 'SIGKILL');
}

async function close(id: number): Promise<void> {
  const stream = streams.get(id);
  streams.delete(id);
  await stream?.close();
}

function receive(message: ToHost): void {
  switch (message.kind) {
    case 'open': {
      const { stream: id, request, limits, proof } = message;
      const stream = new HostStream({
        id,
        request,
        limits,
        proof,
        clock: systemClock,
        shelf,
        turns,
        send,
        count,
      });
      streams.set(id, stream);
      stream.start();
      return;
    }
    case 'stop':
      streams.get(message.stream)?.stop();
      return;
    case 'close':
      // A failure to close is a bug in this process: it ends it, as any unhandled rejection.
      void close(message.stream);
      return;
    case 'ack':
      streams.get(message.stream)?.judge?.acknowledge(message.isClose);
      return;
    case 'expect':
      streams.get(message.stream)?.judge?.expectMotion(message.isExpected);
      return;
    case 'pictures':
      streams.get(message.stream)?.requestPictures(message.request, message.capturedAt);
      return;
    case 'forget':
      streams.get(message.stream)?.forgetPictures(message.request);
      return;
    case 'clip_begin':
    case 'clip_end':
    case 'clip_discard':
    case 'live_begin':
    case 'live_end':
    case 'live_ack':
      streams.get(message.stream)?.receive(message);
      return;
    case 'ping':
      for (const { judge } of streams.values()) judge?.tick();
      shelf.clear();
      send({ kind: 'pong', counters: { ...counters } });
      return;
    case 'shutdown':
      void Promise.all([...streams.keys()].map(close)).then(endNow);
      return;
  }
}

// Ctrl+C and the service manager signal the whole group of processes: when hosts end is for the service to say.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', endNow);
process.on('message', receive);
Log.setLevel(AV_LOG_FATAL);
send({ kind: 'ready' });
