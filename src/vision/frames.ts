import type { FrameLook } from './frame-look.ts';
import { gistDifference } from './frame-look.ts';

/** Mean distance of the gray values (0..255) below which a second picture says nothing that the first does not. */
const noticeable = 0.4;

/**
 * Which frames to send: the best one, then those that differ most from what is chosen already, the sharper of equals. A
 * frame that shows nothing new is left out, as it would only cost.
 *
 * @param best index of the frame that stands for the event
 * @param most 1..6
 * @returns indices in the order of time
 */
export function chooseFrames(
  looks: readonly Pick<FrameLook, 'gist' | 'sharpness'>[],
  best: number,
  most: number,
): number[] {
  const sharpest = Math.max(...looks.map(({ sharpness }) => sharpness), Number.MIN_VALUE);
  const chosen = [best];
  while (chosen.length < most) {
    const next = looks
      .map((look, index) => {
        const difference = Math.min(
          ...chosen.map((other) => gistDifference(look.gist, looks[other]?.gist ?? look.gist)),
        );
        // Blur halves the worth at most: a blurred picture of something new beats a sharp one of nothing new.
        return { index, difference, worth: difference * (0.5 + (0.5 * look.sharpness) / sharpest) };
      })
      .filter(({ index, difference }) => !chosen.includes(index) && difference >= noticeable)
      .toSorted((a, b) => b.worth - a.worth)[0];
    if (next === undefined) break;
    chosen.push(next.index);
  }
  return chosen.toSorted((a, b) => a - b);
}
