import type { StreamRequest } from '../core/camera-source.ts';
import { lost } from './camera-cause.ts';

/** What decoding a stream has brought so far. Times are monotonic, milliseconds. */
export interface Sight {
  /** Something could not be decoded lately. */
  readonly hasErrors: boolean;
  /** A picture came at some time. */
  readonly hasPictures: boolean;
  readonly lastFrameAt: number;
  /** A picture without damage came at some time. */
  readonly hasWhole?: boolean;
  /** Since when every picture is damaged. */
  readonly damagedSince?: number | undefined;
}

/**
 * A camera that sends only what can't be decoded is as good as lost. One that was joined between two key frames gets
 * longer: some have one only every half a minute. Nor is a camera seen of which every picture is damaged. One that never
 * sent a whole picture gets longer: with some, nothing seems to be right and everything can be seen.
 *
 * @param limitMs how long
 * @param now monotonic
 * @throws StreamLost `no_frames`, `corrupt` or `invalid_data`
 */
export function checkSight(
  { hasErrors, hasPictures, lastFrameAt, hasWhole, damagedSince }: Sight,
  request: StreamRequest,
  limitMs: number,
  now: number,
): void {
  if (now - lastFrameAt > limitMs * (hasErrors || hasPictures ? 1 : 3)) {
    if (!hasErrors) throw lost('no_frames', request, 'packets come, but no picture can be made of them');
    throw lost(hasPictures ? 'corrupt' : 'invalid_data', request, 'nothing could be decoded for a while');
  }
  if (damagedSince !== undefined && now - damagedSince > limitMs * (hasWhole === true ? 1 : 3))
    throw lost('corrupt', request, 'every picture is damaged');
}
