import { makeClip, type SceneObject } from './render-clip.ts';

/** Seconds from one pass to the next: long enough for the episode before it to have closed. */
const passEvery = 8;

/**
 * A clip in which a bright block crosses a still picture again and again, each pass an episode of its own.
 *
 * @param passes how many; the clip is 8 s long for each
 */
export async function makeMovingClip(path: string, passes = 2): Promise<void> {
  const [width, height] = [640, 360];
  const objects: SceneObject[] = Array.from({ length: passes }, (_, pass) => ({
    from: pass * passEvery + 1,
    to: pass * passEvery + 4,
    size: [90, 120],
    path: [
      [60, 200],
      [580, 200],
    ],
    colour: [220, 200, 40],
  }));
  await makeClip(path, {
    width,
    height,
    framesPerSecond: 10,
    seconds: passes * passEvery,
    noise: 3,
    objects,
  });
}
