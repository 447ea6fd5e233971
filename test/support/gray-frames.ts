import type { StreamOpener } from '../../src/core/camera-source.ts';
import type { AnalysedFrame, AnalysisFrame } from '../../src/core/frame.ts';

/** The frames of a stream that is not judged: each has its gray picture. */
export async function* grayFrames(
  frames: AsyncIterable<AnalysedFrame>,
): AsyncGenerator<AnalysisFrame, void, undefined> {
  for await (const frame of frames) {
    const { gray } = frame;
    if (gray === undefined) throw new Error('a frame came without its gray picture: its stream is judged');
    yield { ...frame, gray };
  }
}

/** The same streams, of which nothing is judged: their frames come one by one, as they are. */
export function unjudged(streams: StreamOpener): StreamOpener {
  return {
    openStream({ motion, ...request }) {
      void motion;
      return streams.openStream(request);
    },
  };
}
