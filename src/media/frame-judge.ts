import type { StreamRequest } from '../core/camera-source.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { AnalysedFrame, AnalysisFrame } from '../core/frame.ts';
import type { MotionSample } from '../core/motion.ts';
import type { MotionDetector, MotionOptions } from '../motion/motion-detector.ts';
import type { DetectorShelf } from './detector-shelf.ts';
import type { GatedPackets } from './gated-packets.ts';
import { FrameOutlet } from './frame-outlet.ts';
import { frameWindow, type FromHost, type HostCounter } from './host-protocol.ts';

/** After motion frames go on to be sent at once for so long: an episode is over by then, and its pictures are chosen. */
const closeAfterMotionMs = 5_000;

export interface FrameJudgeOptions {
  /** Of the stream. */
  readonly id: number;
  readonly request: StreamRequest;
  readonly isLossless: boolean;
  readonly shelf: DetectorShelf;
  readonly clock: Clock;
  readonly send: (message: FromHost) => void;
  readonly count: (counter: HostCounter, by: number) => void;
  /** Told what was seen. */
  readonly packets: Pick<GatedPackets<never>, 'note' | 'expectMotion'> | undefined;
}

/** Looks for motion in the frames of one stream, right where they were decoded, and sends what it saw. */
export class FrameJudge {
  readonly #options: FrameJudgeOptions;
  readonly #outlet: FrameOutlet;
  readonly #motion: MotionOptions | undefined;
  #detector: MotionDetector | undefined;
  /** Of a recording: what the empty scene is learnt from. */
  #beginning: AnalysisFrame[] | undefined;
  #isFirst = true;
  #isClose = true;
  #isExpecting = false;
  /** Of a frame, epoch ms. */
  #closeUntil = Number.NEGATIVE_INFINITY;

  constructor(options: FrameJudgeOptions) {
    this.#options = options;
    const { id, isLossless, clock, send, count } = options;
    this.#outlet = new FrameOutlet({
      window: isLossless ? frameWindow.lossless : frameWindow.live,
      policy: isLossless ? 'lossless' : 'newest_wins',
      clock,
      send: (frames) => {
        send({ kind: 'frames', stream: id, frames });
      },
      onDropped: () => {
        count('framesDropped', 1);
      },
    });
    const { motion, masks, frameRate } = options.request;
    if (motion === undefined) return;
    const { sensitivity, zones, isExplaining = false, learnFirstMs } = motion;
    this.#motion = { sensitivity, zones, masks, frameRate, isExplaining };
    if (learnFirstMs !== undefined) this.#beginning = [];
  }

  /** @param isClose as `CameraSource.watchClosely` says */
  acknowledge(isClose: boolean): void {
    this.#isClose = isClose;
    this.#outlet.acknowledge();
  }

  /** The service is about to be woken. */
  tick(): void {
    this.#outlet.tick();
  }

  /** As `CameraSource.expectMotion`. */
  expectMotion(isExpected: boolean): void {
    this.#isExpecting = isExpected;
    if (isExpected) this.#options.packets?.expectMotion();
  }

  /** @param frame whose pixels are the caller's again afterwards */
  async push(frame: AnalysisFrame): Promise<void> {
    if (this.#beginning === undefined) {
      await this.#judge(frame);
      return;
    }
    this.#beginning.push({ ...frame, gray: frame.gray.slice() });
    if (frame.mediaTimeMs >= (this.#options.request.motion?.learnFirstMs ?? 0)) await this.#judgeBeginning();
  }

  /** There are no more frames: judges what waits for that. */
  async finish(): Promise<void> {
    await this.#judgeBeginning();
  }

  /** Sends what waits to be sent. */
  flush(): void {
    this.#outlet.finish();
  }

  /** Nothing is sent from now on. */
  close(): void {
    this.#outlet.close();
  }

  /** What was learnt of the scene is kept for the camera's next connection. */
  keepBackground(): void {
    const { shelf, request } = this.#options;
    if (this.#motion !== undefined && this.#detector !== undefined)
      shelf.keep(request.cameraId, this.#motion, this.#detector);
  }

  async #judgeBeginning(): Promise<void> {
    const frames = this.#beginning ?? [];
    this.#beginning = undefined;
    if (this.#motion !== undefined) this.#detectorOf(this.#motion).prime(frames);
    for (const frame of frames) await this.#judge(frame);
  }

  async #judge(frame: AnalysisFrame): Promise<void> {
    if (this.#motion === undefined) {
      await this.#outlet.put({ ...frame, gray: frame.gray.slice() }, true);
      return;
    }
    const { gray, ...facts } = frame;
    let judged: AnalysedFrame;
    try {
      judged = { ...facts, sample: this.#detectorOf(this.#motion).detect(frame) };
    } catch (error) {
      judged = { ...facts, failure: messageOf(error) };
    }
    const { sample } = judged;
    if (sample !== undefined) this.#note(sample);
    const isMoving = sample?.isMotion === true || this.#isExpecting;
    const { capturedAt } = frame;
    if (isMoving) this.#closeUntil = capturedAt + closeAfterMotionMs;
    const isUrgent = this.#isFirst || this.#isExpecting || (this.#isClose && capturedAt < this.#closeUntil);
    this.#isFirst = false;
    const isGrayWanted = isMoving && this.#isClose;
    await this.#outlet.put(isGrayWanted ? { ...judged, gray: gray.slice() } : judged, isUrgent);
  }

  /** Taken with the first frame: a connection that brings none leaves it where it is. */
  #detectorOf(motion: MotionOptions): MotionDetector {
    this.#detector ??= this.#options.shelf.take(this.#options.request.cameraId, motion);
    return this.#detector;
  }

  #note({ capturedAt, isMotion, reason }: MotionSample): void {
    const isCalm = !isMotion && !this.#isExpecting && reason !== 'small' && reason !== 'outside_zones';
    this.#options.packets?.note({ timeUs: capturedAt * 1000, isMotion, isCalm });
  }
}
