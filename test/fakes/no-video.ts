import type { CameraSource } from '../../src/core/camera-source.ts';

/** For cameras that show no video of their own: their clips are given up at once, their live view ends. */
export const noVideo: Pick<CameraSource, 'recordClip' | 'live'> = {
  recordClip: () => ({
    endAt: () => undefined,
    discard: () => undefined,
    done: Promise.resolve({ kind: 'discarded' }),
  }),
  // oxlint-disable-next-line require-yield -- nothing comes
  async *live() {
    return;
  },
};
