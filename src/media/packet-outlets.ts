import { AV_CODEC_ID_H264, AV_CODEC_ID_HEVC } from 'node-av/constants';
import type { CodecParameters, Packet } from 'node-av/lib';
import type { ClipOrder, ClipOutcome } from '../core/camera-video.ts';
import { ClipRecording, clipStart } from './clip-recording.ts';
import type { FromHost, HostCounter, ToOutlets } from './host-protocol.ts';
import { LiveMuxing } from './live-muxing.ts';
import type { PacketRing, RingEntry } from './packet-ring.ts';
import type { PlayableCodec } from './parameter-sets.ts';
import type { Dimensions } from './picture-dimensions.ts';
import { codecNameOf } from './video-decoder.ts';

/** Clips of one stream that may be written at the same time; a further one is refused. */
const clipLimit = 8;

export interface PacketOutletsOptions {
  readonly stream: number;
  readonly ring: PacketRing<Packet>;
  readonly send: (message: FromHost) => void;
  readonly count: (counter: HostCounter, by: number) => void;
  /** Of the picture that was decoded last; `undefined` before the first one. */
  readonly dimensions: () => Dimensions | undefined;
}

/**
 * Where the packets of one stream go beside the decoder: into clips, and to whoever watches. With neither under way,
 * nothing is done with a packet.
 */
export class PacketOutlets {
  readonly #options: PacketOutletsOptions;
  readonly #clips = new Map<number, ClipRecording>();
  readonly #settling = new Set<Promise<unknown>>();
  #live: { readonly id: number; readonly muxing: LiveMuxing } | undefined;
  #isFinished = false;

  constructor(options: PacketOutletsOptions) {
    this.#options = options;
  }

  /** @param parameters `undefined` as long as the stream is not open; they stay with the caller until `close` resolves */
  receive(message: ToOutlets, parameters: CodecParameters | undefined): void {
    switch (message.kind) {
      case 'clip_begin':
        this.#beginClip(message.clip, message.order, parameters);
        return;
      case 'clip_end':
        this.#clips.get(message.clip)?.endAt(message.at * 1000);
        return;
      case 'clip_discard':
        this.#clips.get(message.clip)?.discard();
        return;
      case 'live_begin':
        this.#beginLive(message.live, parameters);
        return;
      case 'live_end':
        if (this.#live?.id === message.live) this.#endLive();
        return;
      case 'live_ack':
        if (this.#live?.id === message.live) this.#live.muxing.acknowledge(message.sizeBytes);
    }
  }

  /** Takes note of a packet before the ring takes it over. */
  push(entry: RingEntry<Packet>): void {
    for (const clip of this.#clips.values()) clip.push(entry);
    this.#live?.muxing.push(entry);
  }

  /** The stream is over: completes what is being written. Resolves when it is on the disk. */
  async finish(): Promise<void> {
    this.#isFinished = true;
    for (const clip of this.#clips.values()) clip.finish();
    this.#endLive();
    await Promise.all(this.#settling);
  }

  #beginClip(id: number, order: ClipOrder, parameters: CodecParameters | undefined): void {
    const { ring, dimensions: latest } = this.#options;
    const dimensions = latest();
    const codec = playableCodecOf(parameters);
    const start = codec === undefined ? -1 : clipStart(ring.entries, order.from * 1000, codec);
    const first = ring.entries[start];
    if (parameters !== undefined && codec === undefined) {
      this.#sendClip(id, {
        kind: 'failed',
        reason: 'codec_not_playable',
        message: `browsers can't play ${codecNameOf(parameters)} in an MP4 file; expected H.264 or H.265`,
      });
      return;
    }
    if (
      parameters === undefined ||
      codec === undefined ||
      dimensions === undefined ||
      first === undefined ||
      this.#isFinished
    ) {
      this.#sendClip(id, { kind: 'failed', reason: 'no_video', message: 'no packets are kept' });
      return;
    }
    if (this.#clips.size >= clipLimit) {
      const message = `${clipLimit} clips of this stream are being written already`;
      this.#sendClip(id, { kind: 'failed', reason: 'too_slow', message });
      return;
    }
    const codecName = codecNameOf(parameters);
    const clip = new ClipRecording({ order, codec, codecName, parameters, dimensions }, first);
    this.#clips.set(id, clip);
    for (const entry of ring.entries.slice(start)) clip.push(entry);
    this.#track(this.#answerClip(id, clip));
  }

  async #answerClip(id: number, clip: ClipRecording): Promise<void> {
    const outcome = await clip.done;
    this.#clips.delete(id);
    this.#sendClip(id, outcome);
  }

  #beginLive(id: number, parameters: CodecParameters | undefined): void {
    const { stream, ring, send, count, dimensions } = this.#options;
    this.#endLive();
    const codec = playableCodecOf(parameters);
    if (this.#isFinished) {
      send({ kind: 'live_end', stream, live: id });
      return;
    }
    if (parameters === undefined || codec === undefined) {
      const format = parameters === undefined ? 'not known yet' : codecNameOf(parameters);
      send({ kind: 'live_refused', stream, live: id, codec: format });
      return;
    }
    const muxing = new LiveMuxing({
      codec,
      parameters,
      dimensions,
      backlog: ring.entries.slice(
        Math.max(
          0,
          ring.entries.findLastIndex(({ isKeyframe }) => isKeyframe),
        ),
      ),
      send: (chunk) => {
        send({ kind: 'live_chunk', stream, live: id, chunk });
      },
      onSkipped: (packets) => {
        count('liveSkipped', packets);
      },
    });
    this.#live = { id, muxing };
    this.#track(this.#answerLive(id, muxing));
  }

  async #answerLive(live: number, muxing: LiveMuxing): Promise<void> {
    await muxing.done;
    this.#options.send({ kind: 'live_end', stream: this.#options.stream, live });
  }

  #endLive(): void {
    this.#live?.muxing.stop();
    this.#live = undefined;
  }

  #sendClip(clip: number, outcome: ClipOutcome): void {
    this.#options.send({ kind: 'clip', stream: this.#options.stream, clip, outcome });
  }

  #track(work: Promise<unknown>): void {
    const tracked = work.finally(() => this.#settling.delete(tracked));
    this.#settling.add(tracked);
  }
}

function playableCodecOf(parameters: CodecParameters | undefined): PlayableCodec | undefined {
  if (parameters?.codecId === AV_CODEC_ID_H264) return 'h264';
  return parameters?.codecId === AV_CODEC_ID_HEVC ? 'hevc' : undefined;
}
