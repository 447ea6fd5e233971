import sharp from 'sharp';
import { CameraLostError, type CameraSource, type StreamRequest } from '../../src/core/camera-source.ts';
import type { AnalysisFrame, Picture } from '../../src/core/frame.ts';
import { createId } from '../../src/core/ids.ts';
import { grayFrames } from './gray-frames.ts';
import { readCounter } from './render-clip.ts';

export function recording(url: string, change: Partial<StreamRequest> = {}): StreamRequest {
  return {
    name: 'yard',
    cameraId: createId(),
    purpose: 'analysis',
    decode: 'full',
    protocol: 'file',
    url,
    username: null,
    password: null,
    transport: 'tcp',
    masks: [],
    frameRate: 30,
    pacing: 'fastest',
    isLooping: false,
    ...change,
  };
}

export async function framesOf(source: CameraSource): Promise<AnalysisFrame[]> {
  const frames: AnalysisFrame[] = [];
  for await (const frame of grayFrames(source.open(new AbortController().signal))) frames.push(frame);
  return frames;
}

export function counterOf({ gray, width, height }: AnalysisFrame): number | null {
  return readCounter(gray, width, height);
}

export interface Pixels {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
}

export async function pixelsOf({ jpeg }: Picture): Promise<Pixels> {
  const { data, info } = await sharp(jpeg).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

export async function numberOf(picture: Picture): Promise<number | null> {
  const { data, width, height } = await pixelsOf(picture);
  return readCounter(data, width, height, 3);
}

export function colourAt({ data, width, height }: Pixels, x: number, y: number): number[] {
  const offset = (Math.round(height * y) * width + Math.round(width * x)) * 3;
  return [...data.subarray(offset, offset + 3)];
}

export async function lossOf(source: CameraSource): Promise<CameraLostError> {
  const error: unknown = await framesOf(source).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof CameraLostError) return error;
  throw new Error(`expected a CameraLostError, got ${String(error)}`);
}
