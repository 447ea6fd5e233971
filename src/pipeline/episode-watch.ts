import sharp from 'sharp';
import type { CameraSource } from '../core/camera-source.ts';
import type { Camera } from '../core/camera.ts';
import { AppError, messageOf } from '../core/errors.ts';
import type { EventMotion } from '../core/event.ts';
import type { AnalysedFrame, AnalysisFrame, Picture } from '../core/frame.ts';
import type { LiveFeed } from '../core/live-feed.ts';
import type { Logger } from '../core/log.ts';
import type { Metrics, SuppressionReason } from '../core/metrics.ts';
import type { MotionEvidence } from '../core/motion-evidence.ts';
import type { MotionSample } from '../core/motion.ts';
import { ScheduleTimes } from '../core/schedule.ts';
import { FrameCandidates } from '../motion/best-frame.ts';
import { EpisodeEvidence } from '../motion/episode-evidence.ts';
import { EpisodeTracker, type Episode } from '../motion/episodes.ts';
import type { EventStore } from '../store/event-store.ts';
import type { EventPicture } from '../store/media-files.ts';
import type { Capture } from './capture.ts';
import type { ClipRecorder, PendingClip } from './clip-recorder.ts';

/** Captures of one camera under way; beyond that its frames wait, and newer ones take their place. */
const maxCapturesUnderWay = 4;
/** More frames than come within the capture window at 30 fps; the oldest gives way. */
const maxGrays = 64;
/** The reader of the frames says so much before an event may begin that it would be one, ms. */
const attentiveBeforeMs = 2_000;

export interface EpisodeWatchContext {
  readonly capture: Capture;
  readonly events: EventStore;
  readonly live: LiveFeed;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Milliseconds from the first moving frame to the choice of the pictures. */
  readonly captureWindowMs: number;
  /** 1–8. */
  readonly picturesPerEvent: number;
  /** Ends captures under way; they are spooled when the database does not take them. */
  readonly abort: AbortSignal;
}

export interface EpisodeWatchOptions extends EpisodeWatchContext {
  readonly camera: Camera;
  readonly source: CameraSource;
  /** True for a recording that is read as fast as it goes: its frames wait while pictures are taken. */
  readonly isLossless: boolean;
  /** Without it no clips are recorded. */
  readonly clips?: ClipRecorder;
}

/** What is being made of the episode that is open now. */
interface OpenEvent {
  /** What the event counts from: the first moving frame, or the first one after the cooldown and within the schedule. */
  readonly startedAt: number;
  /** Resolves to the event's id; `undefined` until the pictures are chosen. */
  captured: Promise<string | undefined> | undefined;
  readonly clip: PendingClip | undefined;
}

/** What an event is made of. */
interface ToCapture {
  readonly startedAt: number;
  readonly episode: Episode;
  readonly evidence: MotionEvidence;
  readonly chosen: readonly MotionSample[];
  readonly grays: readonly AnalysisFrame[];
}

/**
 * Makes events of one connection's motion samples: joins them into episodes, chooses the pictures within the capture
 * window, captures, and tells the event when its episode ends. Fed with every sample, also during the cooldown and
 * outside the schedule.
 */
export class EpisodeWatch implements AsyncDisposable {
  readonly #options: EpisodeWatchOptions;
  readonly #tracker: EpisodeTracker;
  readonly #candidates = new FrameCandidates();
  readonly #evidence: EpisodeEvidence;
  /** The gray pictures of the candidates: what is left when the camera is lost before its pictures are taken. */
  #grays: AnalysisFrame[] = [];
  #open: OpenEvent | undefined;
  #cooldownUntil: number;
  #lastFrameAt = 0;
  readonly #schedule: ScheduleTimes;
  readonly #underWay = new Set<Promise<unknown>>();

  /** @param cooldownUntil epoch ms, from an earlier connection of the same camera */
  constructor(options: EpisodeWatchOptions, cooldownUntil = 0) {
    this.#options = options;
    const { frameRate, motionSensitivity: sensitivity, decode } = options.camera;
    this.#tracker = new EpisodeTracker({ frameRate });
    this.#evidence = new EpisodeEvidence({ sensitivity, decode, frameRate });
    this.#cooldownUntil = cooldownUntil;
    this.#schedule = new ScheduleTimes(options.camera.schedule);
  }

  /** Until when no further event begins, epoch ms. */
  get cooldownUntil(): number {
    return this.#cooldownUntil;
  }

  /** Whether motion would be made an event of, now or soon: then no time is to be lost. */
  get isAttentive(): boolean {
    if (this.#open !== undefined) return this.#open.captured === undefined;
    return this.#mayBegin(this.#lastFrameAt) || this.#mayBegin(this.#lastFrameAt + attentiveBeforeMs);
  }

  async push(frame: AnalysedFrame, sample: MotionSample): Promise<void> {
    this.#lastFrameAt = frame.capturedAt;
    const transition = this.#tracker.push(sample);
    if (transition.kind === 'closed') await this.#close(transition.episode);
    const isOfEvent = this.#open !== undefined || this.#mayBegin(frame.capturedAt);
    const isPictureWanted = isOfEvent && this.#open?.captured === undefined;
    if (sample.isMotion && isPictureWanted) this.#addCandidate(frame, sample);
    this.#evidence.add(sample, isOfEvent);
    if (transition.kind === 'quiet' && !sample.isMotion) {
      this.#forgetCandidates();
      this.#evidence.clear();
    }
    if (transition.kind === 'opened') this.#noteMotion(transition.episode);
    if (transition.kind === 'opened' || transition.kind === 'continues')
      await this.#advance(frame, sample, transition.episode);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const episode = this.#tracker.end();
    if (episode !== undefined) await this.#close(episode);
    await Promise.all(this.#underWay);
  }

  #noteMotion(episode: Episode): void {
    this.#options.log.info(
      { startedAt: new Date(episode.startedAt).toISOString(), score: round(episode.peakScore) },
      'motion detected',
    );
  }

  async #advance(frame: AnalysedFrame, sample: MotionSample, episode: Episode): Promise<void> {
    if (this.#open === undefined) {
      const { motionCooldown } = this.#options.camera;
      if (this.#mayBegin(episode.startedAt)) this.#open = this.#openEvent(episode.startedAt);
      else if (sample.isMotion && this.#mayBegin(frame.capturedAt)) {
        // Motion that outlasts the cooldown, or runs into the schedule, is an event of its own, which begins now.
        this.#open = this.#openEvent(frame.capturedAt);
      } else return;
      this.#cooldownUntil = this.#open.startedAt + motionCooldown * 1000;
    }
    // The frame nearest to the end of the window is its last one: times are never quite even, and waiting for the one
    // after it would take as long as a frame lasts.
    const toleranceMs = 500 / this.#options.camera.frameRate;
    const isDue = frame.capturedAt - this.#open.startedAt >= this.#options.captureWindowMs - toleranceMs;
    if (isDue && this.#open.captured === undefined) await this.#beginCapture(this.#open, episode);
  }

  /** @param at when an event would begin, epoch ms */
  #mayBegin(at: number): boolean {
    return at >= this.#cooldownUntil && this.#schedule.isActiveAt(at);
  }

  #whySuppressed({ startedAt, lastMotionAt }: Episode): SuppressionReason {
    const isScheduled = this.#schedule.isActiveAt(startedAt) || this.#schedule.isActiveAt(lastMotionAt);
    return isScheduled ? 'cooldown' : 'schedule';
  }

  #openEvent(startedAt: number): OpenEvent {
    const clip = this.#options.clips?.begin(this.#options.source, startedAt);
    return { startedAt, captured: undefined, clip };
  }

  async #beginCapture(open: OpenEvent, episode: Episode): Promise<void> {
    const chosen = this.#candidates.pick(this.#options.picturesPerEvent);
    const grays = this.#grays;
    this.#forgetCandidates();
    while (this.#underWay.size >= maxCapturesUnderWay) await Promise.race(this.#underWay);
    const evidence = this.#evidence.evidence(open.startedAt, false);
    open.captured = this.#captureEvent({ startedAt: open.startedAt, episode, evidence, chosen, grays });
    this.#track(open.captured);
    open.clip?.belongTo(open.captured);
    if (this.#options.isLossless) await open.captured;
  }

  async #close(episode: Episode): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) {
      this.#evidence.clear();
      this.#options.metrics.countSuppressed(this.#options.camera.name, this.#whySuppressed(episode));
      return;
    }
    if (open.captured === undefined) await this.#beginCapture(open, episode);
    open.clip?.end(episode.lastMotionAt);
    this.#forgetCandidates();
    const evidence = this.#evidence.evidence(open.startedAt, true);
    this.#evidence.clear();
    const extended = this.#extendEvent(open, episode, evidence);
    this.#track(extended);
    if (this.#options.isLossless) await extended;
  }

  /** Never rejects: an episode that can't be captured is counted and logged, and the camera goes on. */
  async #captureEvent({
    startedAt,
    episode,
    evidence,
    chosen,
    grays,
  }: ToCapture): Promise<string | undefined> {
    const { camera, capture, abort } = this.#options;
    try {
      const pictures = await this.#takePictures(chosen, grays);
      const result = await capture.capture(
        {
          cameraId: camera.id,
          cameraName: camera.name,
          source: 'motion',
          startedAt,
          endedAt: null,
          timestamp: pictures[0]?.capturedAt ?? startedAt,
          pictures,
          motion: motionOf(episode),
          evidence,
        },
        abort,
      );
      return result?.kind === 'stored' ? result.event.id : undefined;
    } catch (error) {
      this.#countFailure('capture', error);
      return undefined;
    }
  }

  async #extendEvent(open: OpenEvent, episode: Episode, evidence: MotionEvidence): Promise<void> {
    const { events, live } = this.#options;
    const id = await open.captured;
    if (id === undefined) return;
    try {
      const event = await events.extend(id, {
        endedAt: episode.lastMotionAt,
        motion: motionOf(episode),
        evidence,
      });
      if (event !== undefined) live.publish({ type: 'EVENT_UPDATED', event });
    } catch (error) {
      this.#countFailure('extend', error);
    }
  }

  /** In full resolution, or, when the camera has just been lost, what motion analysis saw of them. */
  async #takePictures(
    chosen: readonly MotionSample[],
    grays: readonly AnalysisFrame[],
  ): Promise<EventPicture[]> {
    const { source, abort, log } = this.#options;
    const times = chosen.map(({ capturedAt }) => capturedAt);
    let pictures: Picture[];
    try {
      pictures = times.length === 0 ? [] : await source.pictures(times, abort);
    } catch (error) {
      log.warn(
        { error: messageOf(error) },
        'the pictures are gone with the connection; the analysis pictures are kept instead',
      );
      pictures = await Promise.all(
        grays.filter(({ capturedAt }) => times.includes(capturedAt)).map(encodeGray),
      );
      pictures.sort((a, b) => times.indexOf(a.capturedAt) - times.indexOf(b.capturedAt));
    }
    return pictures.map(({ capturedAt, width, height, jpeg }, index) => ({
      capturedAt,
      width,
      height,
      jpeg,
      regions: chosen[index]?.regions ?? [],
    }));
  }

  #addCandidate(frame: AnalysedFrame, sample: MotionSample): void {
    this.#candidates.add(sample);
    const { gray } = frame;
    if (gray === undefined) return;
    this.#grays.push({ ...frame, gray });
    if (this.#grays.length > maxGrays) this.#grays.shift();
  }

  #forgetCandidates(): void {
    this.#candidates.clear();
    this.#grays = [];
  }

  #track(work: Promise<unknown>): void {
    const tracked = work.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  #countFailure(stage: string, error: unknown): void {
    const code = error instanceof AppError ? error.code : 'INTERNAL';
    this.#options.metrics.countError(stage, code);
    if (stage === 'capture') {
      const reason = code === 'DISK_FULL' ? 'disk_full' : 'capture_failed';
      this.#options.metrics.countDropped(this.#options.camera.name, reason);
    }
    this.#options.log.error({ stage, type: code, error: messageOf(error) }, `${stage} failed`);
  }
}

function motionOf({ peakScore, peakRegions, zones, reason }: Episode): EventMotion {
  return { score: peakScore, regions: peakRegions, zones, reason };
}

async function encodeGray({ capturedAt, width, height, gray }: AnalysisFrame): Promise<Picture> {
  const jpeg = await sharp(gray, { raw: { width, height, channels: 1 } })
    .jpeg({ quality: 85 })
    .toBuffer();
  return { capturedAt, width, height, jpeg };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
