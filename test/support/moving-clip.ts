import type { ClipOptions } from '../../src/media/clip-writer.ts';
import { makeClip, type SceneObject } from './render-clip.ts';

/** Seconds from one pass to the next: long enough for the episode before it to have closed. */
const passEvery = 8;

/**
 * A clip in which a bright block crosses a still picture again and again, each pass an episode of its own.
 *
 * @param passes how many; the clip is 8 s long for each
 */
export async function makeMovingClip(
  path: string,
  passes = 2,
  options: {
    /** Pixels, even; default 640. The height follows at 16:9. */
    readonly width?: number;
    /** Each pass at another height: what moves in the same places again and again is taken for a tree in the wind. */
    readonly isVaried?: boolean;
  } & Partial<Pick<ClipOptions, 'codec' | 'keyframeInterval'>> = {},
): Promise<void> {
  const { width = 640, isVaried = false, ...coding } = options;
  const height = Math.round((width * 9) / 32) * 2;
  const scale = width / 640;
  const heightOf = (pass: number): number => (isVaried ? 80 + ((pass * 110) % 220) : 200);
  const objects: SceneObject[] = Array.from({ length: passes }, (_, pass) => ({
    from: pass * passEvery + 1,
    to: pass * passEvery + 4,
    size: [90 * scale, 120 * scale],
    path: [
      [60 * scale, heightOf(pass) * scale],
      [580 * scale, heightOf(pass) * scale],
    ],
    colour: [220, 200, 40],
  }));
  await makeClip(
    path,
    { width, height, framesPerSecond: 10, seconds: passes * passEvery, noise: 3, objects },
    coding,
  );
}
