import { open, stat } from 'node:fs/promises';
import { AVERROR_INVALIDDATA } from 'node-av/constants';
import type { CodecParameters, Packet } from 'node-av/lib';
import type { ClipFailure, ClipOrder, ClipOutcome } from '../core/camera-video.ts';
import { messageOf } from '../core/errors.ts';
import { Mp4Muxer, MuxError } from './mp4-muxer.ts';
import type { RingEntry } from './packet-ring.ts';
import type { Dimensions } from './picture-dimensions.ts';
import { readParameterSets, type ParameterSets, type PlayableCodec } from './parameter-sets.ts';

/** Packets that may wait for the disk: what the ring holds at most, and some seconds more. */
const maxWaitingBytes = 48 * 1024 * 1024;

export interface ClipRecordingOptions {
  readonly order: ClipOrder;
  readonly codec: PlayableCodec;
  /** As FFmpeg names it. */
  readonly codecName: string;
  /** They stay with the caller, who keeps them until the recording has settled. */
  readonly parameters: CodecParameters;
  readonly dimensions: Dimensions;
}

/**
 * One clip under way inside a media host: writes packets to its file from the moment it is made, each as it comes. Ends
 * where it is told to, at the bound, where the video becomes another one, and with the stream; then the file is whole and
 * on the disk.
 */
export class ClipRecording {
  readonly #options: ClipRecordingOptions;
  readonly #first: RingEntry<Packet>;
  /** Of the first key frame; the file can hold no others. */
  readonly #sets: ParameterSets | undefined;
  #waiting: RingEntry<Packet>[] = [];
  #waitingBytes = 0;
  #endUs: number;
  #lastUs: number;
  #isClosed = false;
  #isDiscarded = false;
  #failure: { readonly reason: ClipFailure; readonly message: string } | undefined;
  #wake: (() => void) | undefined;
  readonly done: Promise<ClipOutcome>;

  /** @param first the key frame with which the clip begins; it stays with the caller and is to be pushed, too */
  constructor(options: ClipRecordingOptions, first: RingEntry<Packet>) {
    this.#options = options;
    this.#first = first;
    this.#lastUs = first.timeUs;
    this.#endUs = first.timeUs + options.order.maxMs * 1000;
    this.#sets = setsOf(first, options.codec);
    this.done = this.#write();
  }

  /** The packet stays with the caller. */
  push(entry: RingEntry<Packet>): void {
    if (this.#isClosed) return;
    if (entry.timeUs > this.#endUs || this.#isOtherVideo(entry)) {
      this.#close();
      return;
    }
    if (this.#waitingBytes + entry.sizeBytes > maxWaitingBytes) {
      this.#fail('too_slow', `more than ${maxWaitingBytes >> 20} MiB wait for the disk`);
      return;
    }
    const packet = entry.packet.clone();
    if (packet === null) {
      this.#fail('write_failed', 'no memory for a packet');
      return;
    }
    this.#waiting.push({ ...entry, packet });
    this.#waitingBytes += entry.sizeBytes;
    this.#lastUs = Math.max(this.#lastUs, entry.timeUs);
    this.#wake?.();
  }

  /** @param timeUs epoch; what was written already stays in the clip */
  endAt(timeUs: number): void {
    this.#endUs = Math.min(this.#endUs, timeUs);
    if (this.#lastUs >= this.#endUs) this.#close();
  }

  /** The stream is over: what there is becomes the clip. */
  finish(): void {
    this.#close();
  }

  discard(): void {
    this.#isDiscarded = true;
    this.#close();
  }

  #isOtherVideo(entry: RingEntry<Packet>): boolean {
    if (!entry.isKeyframe || this.#sets === undefined) return false;
    const sets = setsOf(entry, this.#options.codec);
    return sets !== undefined && !sets.identity.equals(this.#sets.identity);
  }

  #close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  #fail(reason: ClipFailure, message: string): void {
    this.#failure ??= { reason, message };
    this.#close();
  }

  async #write(): Promise<ClipOutcome> {
    const { order, parameters, dimensions, codecName } = this.#options;
    const extradata = this.#sets?.bytes;
    let muxer: Mp4Muxer | undefined;
    try {
      muxer = await Mp4Muxer.open({ parameters, dimensions, extradata }, { path: order.path });
      await this.#writePackets(muxer);
      if (this.#failure === undefined && !this.#isDiscarded) await muxer.finish();
    } catch (error) {
      const isDiskFull = error instanceof MuxError && error.isDiskFull;
      this.#fail(isDiskFull ? 'disk_full' : 'write_failed', messageOf(error));
    } finally {
      await muxer?.free();
      for (const { packet } of this.#waiting) packet.free();
      this.#waiting = [];
    }
    if (this.#isDiscarded) return { kind: 'discarded' };
    if (this.#failure !== undefined) return { kind: 'failed', ...this.#failure };
    try {
      return {
        kind: 'written',
        startedAt: Math.round(this.#first.timeUs / 1000),
        endedAt: Math.round(this.#lastUs / 1000),
        sizeBytes: await flushFile(order.path),
        codec: codecName,
        width: dimensions.width,
        height: dimensions.height,
      };
    } catch (error) {
      return { kind: 'failed', reason: 'write_failed', message: messageOf(error) };
    }
  }

  async #writePackets(muxer: Mp4Muxer): Promise<void> {
    for (;;) {
      const entry = this.#waiting.shift();
      if (entry !== undefined) {
        this.#waitingBytes -= entry.sizeBytes;
        using packet = entry.packet;
        await writeUnlessDamaged(muxer, packet);
      } else if (this.#isClosed) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      if (this.#failure !== undefined || this.#isDiscarded) return;
    }
  }
}

async function writeUnlessDamaged(muxer: Mp4Muxer, packet: Packet): Promise<void> {
  try {
    await muxer.write(packet);
  } catch (error) {
    // What came damaged over the network is left out; everything else is the disk's.
    if (!(error instanceof MuxError && error.code === AVERROR_INVALIDDATA)) throw error;
  }
}

function setsOf({ packet }: RingEntry<Packet>, codec: PlayableCodec): ParameterSets | undefined {
  const { data } = packet;
  return data === null ? undefined : readParameterSets(data, codec);
}

/**
 * Where a clip begins: the last key frame at or before the wanted moment, or the oldest there is; but not before the video
 * became what it is now.
 *
 * @returns -1 when there is no key frame
 */
export function clipStart(
  entries: readonly RingEntry<Packet>[],
  fromUs: number,
  codec: PlayableCodec,
): number {
  let start = -1;
  let identity: Buffer | undefined;
  for (const [index, entry] of entries.entries()) {
    if (!entry.isKeyframe) continue;
    const sets = setsOf(entry, codec);
    const isOtherVideo = identity !== undefined && sets !== undefined && !sets.identity.equals(identity);
    identity = sets?.identity ?? identity;
    if (start === -1 || isOtherVideo || entry.timeUs <= fromUs) start = index;
  }
  return start;
}

/** @returns its size, once its bytes are on the disk */
async function flushFile(path: string): Promise<number> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  return (await stat(path)).size;
}
