import type { CodecParameters, Packet } from 'node-av/lib';
import type { LiveChunk } from '../core/camera-video.ts';
import { codecStringOf } from './codec-string.ts';
import { Mp4Muxer, MuxError } from './mp4-muxer.ts';
import { PacketQueue } from './packet-queue.ts';
import type { RingEntry } from './packet-ring.ts';
import type { Dimensions } from './picture-dimensions.ts';
import { readParameterSets, type PlayableCodec } from './parameter-sets.ts';

/** Bytes on their way to the service; beyond that, packets wait in the queue, which skips to a key frame. */
const windowBytes = 4 * 1024 * 1024;

export interface LiveMuxingOptions {
  readonly codec: PlayableCodec;
  /** They stay with the caller, who keeps them until `done` resolves. */
  readonly parameters: CodecParameters;
  /** Those of the picture that was decoded last; `undefined` before the first one. */
  readonly dimensions: () => Dimensions | undefined;
  /** From a key frame on; they stay with the caller. Empty when none has come yet. */
  readonly backlog: readonly RingEntry<Packet>[];
  readonly send: (chunk: LiveChunk) => void;
  readonly onSkipped: (packets: number) => void;
}

/** The live view of one stream inside a media host: each packet becomes a fragment as soon as it has come. */
export class LiveMuxing {
  readonly #options: LiveMuxingOptions;
  readonly #backlog: readonly RingEntry<Packet>[];
  readonly #queue: PacketQueue<RingEntry<Packet>>;
  #muxer: Mp4Muxer | undefined;
  /** Of the running init segment. */
  #identity: Buffer | undefined;
  #bytes: Uint8Array[] = [];
  #underWayBytes = 0;
  #isStopped = false;
  #wake: (() => void) | undefined;
  /** Resolves when nothing more is sent and nothing is held. */
  readonly done: Promise<void>;

  constructor(options: LiveMuxingOptions) {
    this.#options = options;
    this.#queue = new PacketQueue('drop_late', options.onSkipped);
    this.#backlog = options.backlog.flatMap(copyOf);
    this.done = this.#run();
  }

  /** The packet stays with the caller. */
  push(entry: RingEntry<Packet>): void {
    // A live queue never makes its caller wait.
    for (const copy of copyOf(entry)) void this.#queue.put(copy);
  }

  /** The service has handed on so many bytes. */
  acknowledge(sizeBytes: number): void {
    this.#underWayBytes -= sizeBytes;
    this.#wake?.();
  }

  stop(): void {
    this.#isStopped = true;
    this.#queue.abandon();
    this.#wake?.();
  }

  async #run(): Promise<void> {
    const backlog = [...this.#backlog];
    try {
      for (;;) {
        const entry = backlog.shift() ?? (await this.#queue.take());
        if (entry === undefined) return;
        using packet = entry.packet;
        await this.#room();
        if (this.#isStopped) return;
        await this.#write(packet, entry);
      }
    } finally {
      for (const { packet } of backlog) packet.free();
      await this.#endMuxer();
    }
  }

  async #write(packet: Packet, entry: RingEntry<Packet>): Promise<void> {
    try {
      if (entry.isKeyframe) await this.#beginWhereOther(packet, entry);
      // Before the first key frame there is nothing that could be shown.
      if (this.#muxer === undefined) return;
      await this.#muxer.write(packet);
      this.#send({ kind: 'media', isKeyframe: entry.isKeyframe, bytes: this.#takeBytes() });
    } catch (error) {
      if (!(error instanceof MuxError)) throw error;
      // A damaged packet that the container does not take: anew with the next key frame.
      this.#options.onSkipped(1);
      this.#bytes = [];
      await this.#endMuxer();
    }
  }

  /** A new beginning where the video has become another one, with the next key frame: by then its size is known. */
  async #beginWhereOther(packet: Packet, entry: RingEntry<Packet>): Promise<void> {
    const { codec, parameters } = this.#options;
    const { data } = packet;
    const sets = data === null ? undefined : readParameterSets(data, codec);
    const isSame = sets === undefined || this.#identity?.equals(sets.identity) === true;
    if (this.#muxer !== undefined && isSame) return;
    const wasRunning = this.#muxer !== undefined;
    await this.#endMuxer();
    this.#identity = sets?.identity;
    const dimensions = this.#options.dimensions();
    if (wasRunning || dimensions === undefined) return;
    this.#muxer = await Mp4Muxer.open(
      { parameters, dimensions, extradata: sets?.bytes },
      {
        onBytes: (bytes) => {
          this.#bytes.push(bytes);
        },
      },
    );
    const bytes = this.#takeBytes();
    const mimeType = `video/mp4; codecs="${codecStringOf(bytes) ?? codec}"`;
    this.#send({ kind: 'init', mimeType, startedAt: Math.round(entry.timeUs / 1000), bytes });
  }

  async #endMuxer(): Promise<void> {
    const muxer = this.#muxer;
    this.#muxer = undefined;
    await muxer?.free();
  }

  #send(chunk: LiveChunk): void {
    if (this.#isStopped) return;
    this.#underWayBytes += chunk.bytes.byteLength;
    this.#options.send(chunk);
  }

  #takeBytes(): Uint8Array {
    const bytes = Buffer.concat(this.#bytes);
    this.#bytes = [];
    return bytes;
  }

  async #room(): Promise<void> {
    while (this.#underWayBytes > windowBytes && !this.#isStopped) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function copyOf(entry: RingEntry<Packet>): RingEntry<Packet>[] {
  const packet = entry.packet.clone();
  return packet === null ? [] : [{ ...entry, packet }];
}
