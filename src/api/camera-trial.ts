import type { z } from 'zod';
import { CameraLostError } from '../core/camera-source.ts';
import { redact } from '../core/redact.ts';
import type { CameraInput } from '../store/event-store.ts';
import type { CameraService } from './api-services.ts';
import { toStreamInfoWire, type cameraTestResultSchema } from './camera-wire.ts';

export type CameraTrial = z.output<typeof cameraTestResultSchema>;

/** Tries a camera out and answers how it went: a camera that does not answer is what a test is there to find out. */
export async function tryCamera(
  cameras: Pick<CameraService, 'test' | 'hints'>,
  input: CameraInput,
): Promise<CameraTrial> {
  try {
    const { info, analysis, picture, latencyMs } = await cameras.test(input);
    return {
      ok: true,
      ...toStreamInfoWire(info),
      analysis: toStreamInfoWire(analysis),
      latency_ms: Math.round(latencyMs),
      picture: `data:image/jpeg;base64,${Buffer.from(picture.jpeg).toString('base64')}`,
    };
  } catch (error) {
    if (!(error instanceof CameraLostError)) throw error;
    const hints = await cameras.hints(input, error.cameraCause);
    return {
      ok: false,
      cause: error.cameraCause,
      message: redact(error.message),
      hints: hints.map(({ text, url, subUrl }) => ({ text, url, sub_url: subUrl })),
    };
  }
}
