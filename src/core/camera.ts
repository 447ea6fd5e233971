import type { CameraSettings } from './camera-settings.ts';
import type { StreamInfo } from './frame.ts';
import type { Sensitivity } from './motion.ts';

/** A camera as it is stored. `url` never holds credentials: they stand in `username` and `password`. */
export interface Camera extends CameraSettings {
  /** UUIDv7. */
  readonly id: string;
  /** 1–100 characters, unique among the cameras that are not deleted. */
  readonly name: string;
  /** Names an adapter of `app/builtins.ts`: `rtsp`, `http_mjpeg`, `file`, … */
  readonly type: string;
  readonly url: string;
  readonly username: string | null;
  readonly password: string | null;
  /** Analysed frames per second, 1–30. */
  readonly frameRate: number;
  readonly isEnabled: boolean;
  readonly motionSensitivity: Sensitivity;
  /** Seconds from the start of one event to the next on the same camera, 0–3600. */
  readonly motionCooldown: number;
  /** Its pictures never leave this machine, whatever fails. */
  readonly isLocalOnly: boolean;
  /** What the user adds to the prompt for this camera; at most 2,000 characters. */
  readonly promptAddition: string | null;
  /** Events an hour that paid providers are asked for, the rest goes to free ones; `null` for no limit. */
  readonly maxEventsPerHour: number | null;
  /** `config`: set in the configuration file or on the command line, and changed only there. */
  readonly origin: 'config' | 'api' | 'demo';
  readonly createdAt: number;
  readonly updatedAt: number;
}

/**
 * Why a camera is not streaming. `invalid_data`: what is there was no video from the start; `corrupt`: it was, and can't
 * be decoded any more. `no_frames`: connected, but no picture comes; `frozen`: always the same one does. `ended`: the end
 * of a recording or of a stream that was closed in good order. `decoder_crashed`: a decoder that crashed or hung.
 */
export const cameraCauses = [
  'refused',
  'no_such_host',
  'unreachable',
  'timeout',
  'unauthorized',
  'not_found',
  'unsupported_codec',
  'invalid_data',
  'corrupt',
  'reset',
  'no_frames',
  'frozen',
  'ended',
  'decoder_crashed',
  'unknown',
] as const;
export type CameraCause = (typeof cameraCauses)[number];

export type CameraStatus = 'connecting' | 'streaming' | 'disconnected' | 'disabled';

/** The stream that a camera's full-resolution pictures come from. */
export interface PictureStream {
  readonly info: StreamInfo;
  /** Why the large stream is away, in whose place the analysed one stands; `null` when nothing is amiss. */
  readonly loss: { readonly cause: CameraCause; readonly message: string } | null;
}

/** What a connected camera sends. Both are the same stream where it has only one. */
export interface CameraStreams {
  readonly analysis: StreamInfo;
  /** `null` until its first key frame has come. */
  readonly pictures: PictureStream | null;
}

/** How it stands with a camera's own motion events. */
export interface NativeEventsState {
  readonly status: 'connecting' | 'listening' | 'disconnected';
  readonly cause: CameraCause | null;
  /** What the cause means and what to do; without secrets. */
  readonly message: string | null;
  /** When the status last changed, epoch ms. */
  readonly since: number;
}

/**
 * What is wrong with the picture of a camera that streams. `dark`: nearly all of it is black. `covered`: something hides
 * the scene. `defocused`: the scene is there, and blurred.
 */
export const pictureConditions = ['clear', 'dark', 'covered', 'defocused'] as const;
export type PictureCondition = (typeof pictureConditions)[number];

export interface PictureState {
  readonly condition: PictureCondition;
  /** When it came to be so, epoch ms. */
  readonly since: number;
  /** Whether it came from one moment to the next: a hand does that, dusk does not. */
  readonly isSudden: boolean;
}

/** What is decoded for motion analysis now, and why: see `DecodeMode`. */
export interface DecodeState {
  readonly mode: 'full' | 'keyframes';
  readonly reason: string;
}

export interface CameraState {
  readonly status: CameraStatus;
  readonly cause: CameraCause | null;
  /** What the cause means and what to do; without secrets. */
  readonly message: string | null;
  /** When the status last changed, epoch ms. */
  readonly since: number;
  /** Connections that failed one after the other since it last streamed; 0 while it streams. */
  readonly attempts: number;
  /** When it is connected to again, epoch ms; `null` while it streams or is being connected to. */
  readonly nextAttemptAt: number | null;
  /** `null` until the scene is known. Stays as it was while the camera is lost. */
  readonly picture: PictureState | null;
  /** Measured over the last seconds; 0 when nothing comes. */
  readonly framesPerSecond: number;
  readonly lastFrameAt: number | null;
  /** `null` while it is not streaming. */
  readonly streams: CameraStreams | null;
  /** `null` while it is not streaming, and for kinds of camera that have no choice. */
  readonly decode: DecodeState | null;
  /** `null` for a camera without a schedule. */
  readonly schedule: {
    /** Whether motion makes events now. */
    readonly isActive: boolean;
    /** Epoch ms; `null` when not within two weeks. */
    readonly changesAt: number | null;
  } | null;
  /** `null` for a camera whose own motion events are not asked for. */
  readonly nativeEvents: NativeEventsState | null;
}
