import sharp from 'sharp';
import { expect } from 'vitest';
import { CameraLostError, type CameraSource } from '../../src/core/camera-source.ts';
import type { AnalysisFrame } from '../../src/core/frame.ts';
import { grayFrames } from './gray-frames.ts';
import { readCounter } from './render-clip.ts';

/** The first frames of a camera. */
export async function takeFrames(source: CameraSource, count: number): Promise<AnalysisFrame[]> {
  const frames: AnalysisFrame[] = [];
  for await (const frame of grayFrames(source.open(AbortSignal.timeout(20_000)))) {
    frames.push(frame);
    if (frames.length === count) break;
  }
  return frames;
}

/** Reads until the stream is lost. */
export async function lossOf(
  source: CameraSource,
  onFrame: (count: number) => void = () => undefined,
  timeoutMs = 20_000,
): Promise<CameraLostError> {
  let count = 0;
  try {
    for await (const frame of grayFrames(source.open(AbortSignal.timeout(timeoutMs)))) {
      count += frame.gray.length > 0 ? 1 : 0;
      onFrame(count);
    }
  } catch (error) {
    if (error instanceof CameraLostError) return error;
    throw error;
  }
  throw new Error(`The stream ended after ${count} frames, expected it to be lost.`);
}

/** The number that stands in the frame, of a scene with a counter. */
export function counterOf({ gray, width, height }: AnalysisFrame): number {
  return readCounter(gray, width, height) ?? Number.NaN;
}

/**
 * Frames in order, one after the other, none twice; and of a live camera, each when it was taken.
 *
 * @param frameTotal of the clip that is shown round and round
 */
export function expectLive(frames: readonly AnalysisFrame[], frameTotal: number, stepAtMost = 15): void {
  for (const [index, frame] of frames.slice(1).entries()) {
    const before = frames[index];
    if (before === undefined) continue;
    const step = (counterOf(frame) - counterOf(before) + frameTotal) % frameTotal;
    expect(step).toBeGreaterThan(0);
    expect(step).toBeLessThanOrEqual(stepAtMost);
    expect(frame.capturedAt).toBeGreaterThan(before.capturedAt);
    expect(frame.mediaTimeMs).toBe(frame.capturedAt - (frames[0]?.capturedAt ?? 0));
    expect(frame.sequence).toBeGreaterThan(before.sequence);
  }
  expect(frames.at(-1)?.capturedAt).toBeLessThanOrEqual(Date.now());
}

/** The full-resolution pictures of some of the frames show the same numbers as the frames. */
export async function expectPictures(source: CameraSource, frames: readonly AnalysisFrame[]): Promise<void> {
  const wanted = [frames.at(-1), frames[3]].filter((frame) => frame !== undefined);
  const pictures = await source.pictures(
    wanted.map(({ capturedAt }) => capturedAt),
    AbortSignal.timeout(20_000),
  );
  const numbers = await Promise.all(
    pictures.map(async ({ jpeg }) => {
      const { data, info } = await sharp(jpeg).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      return readCounter(data, info.width, info.height, 3);
    }),
  );
  expect(numbers).toEqual(wanted.map(counterOf));
}
