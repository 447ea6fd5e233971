import { AV_CODEC_ID_MJPEG, AV_CODEC_ID_RAWVIDEO } from 'node-av/constants';
import type { CodecParameters, Packet } from 'node-av/lib';
import type { StreamRequest } from '../core/camera-source.ts';
import type { CameraCause } from '../core/camera.ts';
import type { Clock } from '../core/clock.ts';
import { isAbort, messageOf } from '../core/errors.ts';
import { redact } from '../core/redact.ts';
import { lost, StreamLost } from './camera-cause.ts';
import type { DetectorShelf } from './detector-shelf.ts';
import { FrameAnalyser, type AnalysisItem, type DecodedFacts } from './frame-analyser.ts';
import { DecodeGate } from './decode-gate.ts';
import { DecodeReport } from './decode-report.ts';
import type { DecoderTurns } from './decoder-turns.ts';
import { FrameGate } from './frame-gate.ts';
import { FrameJudge } from './frame-judge.ts';
import { GatedPackets } from './gated-packets.ts';
import { type FromHost, type HostCounter, type StreamLimits, type ToOutlets } from './host-protocol.ts';
import { KeyframeWatch } from './keyframe-watch.ts';
import { createPacketInput } from './create-packet-input.ts';
import type { PacketInput } from './packet-input.ts';
import { PacketBursts } from './packet-bursts.ts';
import { PacketOutlets } from './packet-outlets.ts';
import { PacketQueue } from './packet-queue.ts';
import { PacketRing } from './packet-ring.ts';
import { PacketTimes } from './packet-times.ts';
import { PictureDesk } from './picture-desk.ts';
import { checkSight, type Sight } from './stream-sight.ts';
import type { StreamProof } from './stream-proof.ts';
import { codecNameOf } from './video-decoder.ts';

/** What a packet takes beside its bytes, measured: without it, a stream of tiny packets would fill the memory. */
const packetOverheadBytes = 1_400;

const watchEveryMs = 500;

/** A camera that sends ends a pending read in less; it can then be told that it is over, which an interruption prevents. */
const goodbyeMs = 300;

export interface HostStreamOptions {
  readonly id: number;
  readonly request: StreamRequest;
  readonly limits: StreamLimits;
  /** Of the camera's connection before. */
  readonly proof: StreamProof | undefined;
  readonly clock: Clock;
  readonly shelf: DetectorShelf;
  readonly send: (message: FromHost) => void;
  readonly count: (counter: HostCounter, by: number) => void;
  /** Shared by the streams of the process. */
  readonly turns: DecoderTurns;
}

/**
 * One stream inside a media host: reads packets, keeps the last of them for pictures, and, where it is to be analysed,
 * decodes them, looks for motion and sends what it saw. The reader and the decoder run side by side, so that packets are
 * timed when they arrive and a slow decoder skips instead of lagging behind.
 */
export class HostStream {
  /** Of a stream that is analysed. */
  readonly judge: FrameJudge | undefined;
  readonly #options: HostStreamOptions;
  readonly #isLive: boolean;
  /** Aborted when nothing more is to be read or decoded, whatever the reason. */
  readonly #halted = new AbortController();
  /** Aborted when the connection is closed. */
  readonly #done = new AbortController();
  readonly #queue: PacketQueue<AnalysisItem>;
  readonly #ring: PacketRing<Packet>;
  readonly #desk: PictureDesk;
  readonly #times: PacketTimes;
  readonly #outlets: PacketOutlets;
  #input: PacketInput;
  #parameters: CodecParameters | undefined;
  #analyser: FrameAnalyser | undefined;
  readonly #gated: GatedPackets<AnalysisItem> | undefined;
  readonly #decodeReport: DecodeReport | undefined;
  /** Of a stream whose packets are only kept. */
  #keyframes: KeyframeWatch | undefined;
  /** Thins out what is read where every packet is a whole picture. */
  #packetGate: FrameGate | undefined;
  #finished: Promise<void> | undefined;
  /** What was learnt of the scene was learnt of damaged pictures. */
  #isSpoilt = false;
  /** Set once: no `end` or `lost` is sent after it. */
  #isOver = false;
  /** Monotonic, while a native call is under way. */
  #openingSince: number | undefined;
  #readingSince: number | undefined;

  constructor(options: HostStreamOptions) {
    const { id, request, limits, send, count } = options;
    this.#options = options;
    this.#isLive = request.protocol !== 'file';
    const isLossless = !this.#isLive && request.pacing === 'fastest';
    this.#queue = new PacketQueue(isLossless ? 'lossless' : 'drop_late', (dropped) => {
      count('packetsSkipped', dropped);
    });
    if (!isLossless && request.purpose === 'analysis') {
      const gate = new DecodeGate(request.decode);
      this.#gated = new GatedPackets(this.#queue, gate);
      this.#decodeReport = new DecodeReport(gate, options);
    }
    if (request.purpose === 'analysis')
      this.judge = new FrameJudge({ ...options, isLossless, packets: this.#gated });
    const keepMs = Math.max(limits.ringMs, request.keepMs ?? 0);
    this.#ring = new PacketRing(keepMs, limits.ringBytes, (evicted) => {
      count('packetsEvicted', evicted);
    });
    this.#desk = new PictureDesk(id, this.#ring, request, send, options.turns);
    this.#times = new PacketTimes(request, options.clock);
    const dimensions = (): DecodedFacts | undefined => (this.#analyser ?? this.#keyframes)?.facts;
    this.#outlets = new PacketOutlets({ stream: id, ring: this.#ring, send, count, dimensions });
    this.#input = createPacketInput(this.#options);
  }

  /** Sends what comes of the stream, at the end `end` or `lost`, unless it was stopped, and `stopped`. */
  start(): void {
    this.#finished ??= this.#run();
  }

  stop(): void {
    this.#isOver = true;
    this.#halt();
    // Never rejects.
    void this.#interruptUnlessDone();
  }

  requestPictures(request: number, capturedAt: readonly number[]): void {
    this.#desk.request(request, capturedAt, this.#parameters);
  }

  forgetPictures(request: number): void {
    this.#desk.forget(request);
  }

  /** What concerns clips and the live view. */
  receive(message: ToOutlets): void {
    this.#outlets.receive(message, this.#parameters);
  }

  /** Stops, frees everything and sends `closed`. */
  async close(): Promise<void> {
    this.stop();
    await this.#finished;
    await this.#outlets.finish();
    await this.#desk.close();
    this.#ring.clear();
    this.#parameters?.free();
    this.#parameters = undefined;
    this.#options.send({ kind: 'closed', stream: this.#options.id });
  }

  async #run(): Promise<void> {
    const watching = this.#watch();
    let analysing: Promise<void> | undefined;
    try {
      await this.#open();
      analysing = this.#begin();
      await this.#readAll();
    } catch (error) {
      // What was read before is still decoded: of a recording nothing is left out, of a camera it takes moments.
      this.#queue.close();
      await analysing;
      this.#fail(error);
    }
    this.#queue.close();
    await analysing;
    this.#conclude();
    this.#halt();
    await watching;
    // Nobody waits for the disk here: `close` does.
    void this.#outlets.finish();
    await this.#input.close();
    this.#done.abort();
    this.#decodeReport?.tellProof();
    this.#options.send({ kind: 'stopped', stream: this.#options.id });
  }

  /** The end of a recording that was read to its end. */
  #conclude(): void {
    if (this.#isOver) return;
    if (this.#analyser?.frameCount === 0) {
      this.#fail(this.#lost('corrupt', 'no picture could be decoded'));
      return;
    }
    this.#isOver = true;
    this.judge?.flush();
    this.#options.send({ kind: 'end', stream: this.#options.id });
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { cameraCause: cause, message } =
      error instanceof StreamLost ? error : this.#lost('unknown', messageOf(error));
    this.#isSpoilt = cause === 'corrupt';
    this.judge?.flush();
    this.#options.send({ kind: 'lost', stream: this.#options.id, cause, message: redact(message) });
    this.#halt();
    this.#input.interrupt();
  }

  #lost(cause: CameraCause, detail = ''): StreamLost {
    return lost(cause, this.#options.request, detail);
  }

  /** Makes everything that waits return, but for a call to the input. */
  #halt(): void {
    this.#halted.abort();
    this.#queue.abandon();
    this.judge?.close();
  }

  async #interruptUnlessDone(): Promise<void> {
    const { clock, request } = this.#options;
    const hasGoodbye = request.protocol === 'rtsp' && this.#openingSince === undefined;
    // The sleep ends early when all is done: then there is nothing left to interrupt.
    if (hasGoodbye) await clock.sleep(goodbyeMs, this.#done.signal).catch(() => undefined);
    this.#input.interrupt();
  }

  async #open(): Promise<void> {
    this.#openingSince = this.#options.clock.monotonic();
    await this.#input.open();
    this.#openingSince = undefined;
    const parameters = this.#input.copyParameters();
    if (this.#parameters === undefined) {
      this.#parameters = parameters;
      return;
    }
    const isSame =
      parameters.codecId === this.#parameters.codecId &&
      Buffer.compare(parameters.extradata ?? Buffer.of(), this.#parameters.extradata ?? Buffer.of()) === 0;
    parameters.free();
    if (!isSame) throw this.#lost('reset', 'another video stands in its place');
  }

  async #readAll(): Promise<void> {
    for (;;) {
      const packetCount = await this.#readToEnd();
      if (this.#halted.signal.aborted || !this.#options.request.isLooping) return;
      if (packetCount === 0) throw this.#lost('invalid_data', 'no packets');
      await this.#input.close();
      this.#input = createPacketInput(this.#options);
      // A stop during the closing did not reach the new one.
      if (this.#halted.signal.aborted) return;
      await this.#open();
      this.#times.restart();
    }
  }

  /** @returns the number of packets */
  async #readToEnd(): Promise<number> {
    for (let count = 0; ; count += 1) {
      if (this.#halted.signal.aborted) return count;
      this.#readingSince = this.#options.clock.monotonic();
      const packet = await this.#input.read();
      this.#readingSince = undefined;
      if (packet === undefined) return count;
      if (this.#halted.signal.aborted) {
        packet.free();
        return count;
      }
      await this.#handle(packet);
    }
  }

  /** Takes the packet over. */
  async #handle(packet: Packet): Promise<void> {
    const timeUs = this.#times.stamp(packet, this.#input.facts);
    const waitMs = this.#times.waitMs(timeUs);
    if (waitMs > 0) await this.#options.clock.sleep(waitMs, this.#halted.signal);
    const { isKeyframe } = packet;
    if (isKeyframe && this.#input.codecId !== this.#parameters?.codecId) {
      throw this.#lost('reset', 'the video format changed');
    }
    if (this.#packetGate?.admits(timeUs) === false) {
      packet.free();
      return;
    }
    if (this.#keyframes !== undefined) await this.#lookAt(packet, this.#keyframes);
    const copy = this.#keyframes === undefined ? cloneOf(packet) : undefined;
    const entry = { packet, timeUs, isKeyframe, sizeBytes: packet.size + packetOverheadBytes };
    this.#outlets.push(entry);
    this.#ring.push(entry);
    if (copy !== undefined) await this.#queue.put({ packet: copy, timeUs, isKeyframe });
  }

  async #lookAt(packet: Packet, keyframes: KeyframeWatch): Promise<void> {
    if (packet.isKeyframe && !(await keyframes.look(packet))) throw this.#noDecoder();
    this.#checkSight(keyframes);
  }

  /** Resolves when what there was to analyse is analysed. Never rejects: what goes wrong ends the stream. */
  async #begin(): Promise<void> {
    const { clock, request } = this.#options;
    const parameters = this.#parameters;
    if (parameters === undefined) return;
    // Pictures that nobody will look at need neither memory nor decoding.
    const isIntraOnly = [AV_CODEC_ID_MJPEG, AV_CODEC_ID_RAWVIDEO].includes(parameters.codecId);
    if (isIntraOnly) this.#packetGate = new FrameGate(request.frameRate);
    const onFacts = (facts: DecodedFacts): void => {
      this.#sendInfo(facts, isIntraOnly);
    };
    if (request.purpose === 'pictures') this.#keyframes = new KeyframeWatch({ clock, parameters, onFacts });
    else await this.#analyse(parameters, isIntraOnly, onFacts);
  }

  async #analyse(
    parameters: CodecParameters,
    isIntraOnly: boolean,
    onFacts: (facts: DecodedFacts) => void,
  ): Promise<void> {
    const { clock, request, count } = this.#options;
    const analyser = new FrameAnalyser({
      clock,
      queue:
        isIntraOnly || this.#gated === undefined
          ? this.#queue
          : new PacketBursts(this.#gated, request.frameRate),
      frameRate: isIntraOnly ? undefined : request.frameRate,
      masks: request.masks,
      hasPrints: this.#isLive,
      count,
      onFacts,
      onFrame: async (frame) => {
        await this.judge?.push(frame);
      },
      onProgress: () => {
        this.#checkSight(analyser);
        if (!isIntraOnly) this.#decodeReport?.progress();
      },
    });
    this.#analyser = analyser;
    this.#decodeReport?.begin(parameters);
    try {
      if (!(await analyser.run(parameters))) throw this.#noDecoder();
      await this.judge?.finish();
    } catch (error) {
      this.#fail(error);
    }
    if (!this.#isSpoilt) this.judge?.keepBackground();
  }

  #checkSight(sight: Sight): void {
    const { request, limits, clock } = this.#options;
    if (this.#isLive) checkSight(sight, request, limits.onlyErrorsMs, clock.monotonic());
  }

  #noDecoder(): StreamLost {
    const format = this.#parameters === undefined ? 'unknown' : codecNameOf(this.#parameters);
    return this.#lost('unsupported_codec', `its format is ${format}`);
  }

  #sendInfo({ codec, width, height, framesPerSecond }: DecodedFacts, isIntraOnly: boolean): void {
    const declared = this.#input.facts;
    this.#options.send({
      kind: 'info',
      stream: this.#options.id,
      info: {
        codec,
        width,
        height,
        framesPerSecond: declared.framesPerSecond ?? (isIntraOnly ? null : framesPerSecond),
        durationMs: declared.durationMs,
      },
    });
  }

  /** Ends the stream when a native call does not come back. */
  async #watch(): Promise<void> {
    const { clock, limits, request } = this.#options;
    for (;;) {
      try {
        await clock.sleep(watchEveryMs, this.#halted.signal);
      } catch (error) {
        if (isAbort(error)) return;
        throw error;
      }
      const now = clock.monotonic();
      // A segment is awaited whole, and lasts up to 10 s.
      const packetMs = limits.noPacketMs * (request.protocol === 'hls' ? 3 : 1);
      const isLate = (since: number | undefined, limitMs: number): boolean =>
        since !== undefined && now - since > limitMs;
      if (isLate(this.#openingSince, limits.openMs)) this.#fail(this.#lost('timeout'));
      else if (isLate(this.#readingSince, packetMs)) this.#fail(this.#lost('no_frames'));
      else if (isLate((this.#analyser ?? this.#keyframes)?.decodingSince, limits.noPacketMs)) {
        this.#fail(this.#lost('decoder_crashed', 'a call does not come back'));
      }
    }
  }
}

function cloneOf(packet: Packet): Packet {
  const clone = packet.clone();
  if (clone === null) throw new Error('no memory for a packet');
  return clone;
}
