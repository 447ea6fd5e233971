import { isDeepStrictEqual } from 'node:util';
import type { CameraAdapter } from '../cameras/camera-adapter.ts';
import { CameraLostError, type CameraSource, type StreamOpener } from '../core/camera-source.ts';
import { defaultCameraSettings } from '../core/camera-settings.ts';
import type { Camera } from '../core/camera.ts';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Picture, StreamInfo } from '../core/frame.ts';
import { createId } from '../core/ids.ts';
import type { CameraInput } from '../store/event-store.ts';

/** A test that takes longer has failed: the longest any camera was seen to need for its first picture is a few seconds. */
const timeoutMs = 15_000;

/** For a camera that is only tried. */
const noLimits = {
  ...defaultCameraSettings,
  isLocalOnly: true,
  promptAddition: null,
  maxEventsPerHour: null,
} as const;

export interface CameraTestContext {
  readonly adapters: readonly CameraAdapter[];
  readonly streams: StreamOpener;
  readonly clock: Clock;
}

export interface CameraTest {
  /** Of the stream that pictures come from. */
  readonly info: StreamInfo;
  /** Of the one that is analysed. */
  readonly analysis: StreamInfo;
  readonly picture: Picture;
  /** From the start of connecting to the picture. */
  readonly latencyMs: number;
}

/**
 * Connects, takes one picture and disconnects; nothing is stored. Throws a `CameraLostError` with its typed cause; where the
 * camera has two streams, both must be there.
 */
export async function testCamera(input: CameraInput, context: CameraTestContext): Promise<CameraTest> {
  const { clock } = context;
  const startedAt = clock.monotonic();
  await using source = openCameraSource(
    { ...noLimits, ...input, id: createId(), createdAt: clock.now(), updatedAt: clock.now() },
    context,
  );
  const signal = AbortSignal.timeout(timeoutMs);
  for await (const frame of source.open(signal)) {
    const { info: analysis, pictureStream } = source;
    if (analysis === undefined || pictureStream === undefined) continue;
    const { info, loss } = pictureStream;
    if (loss !== null) throw new CameraLostError(loss.cause, `The large stream: ${loss.message}`);
    const [picture] = await source.pictures([frame.capturedAt], signal);
    if (picture === undefined) break;
    return { info, analysis, picture, latencyMs: Math.round(clock.monotonic() - startedAt) };
  }
  throw new AppError('CAMERA_LOST', `No picture came within ${timeoutMs / 1000} s`);
}

/** An event is noticed so much later than its first motion at most: a clip that begins before it needs the packets still. */
const noticedWithinMs = 5000;

function keepingEnough({ clip }: Camera, streams: StreamOpener): StreamOpener {
  if (!clip.isEnabled) return streams;
  const keepMs = clip.beforeMs + noticedWithinMs;
  return { openStream: (request) => streams.openStream({ ...request, keepMs }) };
}

/** A source for the camera, made by the adapter of its type; not connected yet. */
export function openCameraSource(
  camera: Camera,
  { adapters, streams, clock }: CameraTestContext,
): CameraSource {
  const adapter = adapters.find(({ type }) => type === camera.type);
  if (adapter === undefined) {
    const known = adapters.map(({ type }) => type).join(', ');
    throw new AppError(
      'VALIDATION_FAILED',
      `The camera type "${camera.type}" is not known; expected one of ${known}`,
    );
  }
  const source = adapter.create({
    camera,
    streams: keepingEnough(camera, streams),
    clock,
    pacing: 'realtime',
  });
  if (!isDeepStrictEqual(source.masks, camera.privacyMasks)) {
    throw new AppError(
      'INTERNAL',
      `The camera type "${camera.type}" does not apply the privacy masks of the camera, so it is not opened.`,
    );
  }
  return source;
}
