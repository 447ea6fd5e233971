import type { Description, Detection, EventMotion } from '../core/event.ts';
import type { MotionRegion } from '../core/motion.ts';
import type { TokenUsage } from '../core/vision.ts';

export interface DescribeFrame {
  readonly capturedAt: number;
  readonly jpeg: Uint8Array;
  /** What moved in it, when known. */
  readonly regions: readonly MotionRegion[];
}

/** What the object detector thinks it saw: told to a model as a hint, never as a truth. */
export interface DetectorHints {
  /** Of the best frame. */
  readonly detections: readonly Detection[];
  /** What the local describer made of all frames. */
  readonly sentence: string | null;
}

export interface DescribeInput {
  readonly eventId: string;
  readonly cameraId: string;
  readonly cameraName: string;
  /** When the event began, epoch ms. */
  readonly startedAt: number;
  /** In the order of time, at least one. */
  readonly frames: readonly DescribeFrame[];
  /** Of the frame whose picture stands for the event: the description's detections are to be of that one. */
  readonly bestCapturedAt?: number;
  readonly motion: EventMotion | null;
  /** The camera's pictures must not leave this machine, whatever fails. */
  readonly isLocalOnly: boolean;
  /** Names of the zones in which something moved. */
  readonly zones?: readonly string[];
  /** What the user adds to the prompt for this camera. */
  readonly instructions?: string;
  /** IANA name; without it the machine's own zone. */
  readonly timeZone?: string;
  /** Of the answer: `English` (the default), `German`, `pt-BR`, … */
  readonly language?: string;
  /** Filled in by the chain. */
  readonly hints?: DetectorHints;
}

/**
 * Puts an event into words. Providers never retry by themselves.
 *
 * @throws VisionError (an AppError) that names the fault, or an `AbortError` when the signal aborts
 */
export interface VisionProvider extends AsyncDisposable {
  readonly name: string;
  describe(input: DescribeInput, signal: AbortSignal): Promise<Description>;
}

export interface SentPicture {
  /** As the model reads it: `Frame 2 of 3, +1.4 s`. */
  readonly label: string;
  readonly jpeg: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Exactly what a provider is given, for the person whose cameras these are to see. */
export interface SentRequest {
  readonly promptVersion: string;
  readonly system: string;
  readonly prompt: string;
  readonly pictures: readonly SentPicture[];
}

/** One call, ready to be made. Nothing has left the machine yet. */
export interface PreparedCall {
  /** `null` where nothing is sent at all. */
  readonly request: SentRequest | null;
  /** The most that the call can cost, US dollars; `null` when the price is not known. */
  readonly estimateUsd: number | null;
  /** What a call cost for which so many tokens were counted; `null` when the price is not known. */
  costOf(usage: TokenUsage): number | null;
  /** May be called again, for another try. */
  send(signal: AbortSignal): Promise<Description>;
}

/** A provider as the chain knows it. */
export interface ChainMember extends VisionProvider {
  /** Names its adapter: `openai`, `local`, … */
  readonly type: string;
  /** `null` when that is not known before it answers. */
  readonly model: string | null;
  /** Nothing that it is given leaves this machine. */
  readonly isLocal: boolean;
  /** Costs nothing: no budget stops it. */
  readonly isFree: boolean;
  /** Requests a minute that the user allows; `null` for no limit. */
  readonly requestsPerMinute: number | null;
  /** The longest that one call may take, ms. */
  readonly timeoutMs: number;
  prepare(input: DescribeInput, signal: AbortSignal): Promise<PreparedCall>;
}
