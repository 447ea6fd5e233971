import { z } from 'zod';
import { siblingModule } from '../core/sibling-module.ts';
import type { CameraAdapter } from './camera-adapter.ts';
import { demoFramesPerSecond, demoView } from './demo-frames.ts';
import { openLiveCamera } from './live-camera.ts';

const street = 'synthetic:street';

/**
 * A scene that this machine paints: a street on which cars, a bus, people and a dog pass, over and over. For trying things
 * out without a camera.
 */
export const syntheticCamera: CameraAdapter = {
  type: 'synthetic',
  title: 'Painted scene, for trying out',
  url: z.string().refine((url) => url === street, { error: `expected ${street}` }),
  hasSubStream: false,
  accepts: (url) => url.startsWith('synthetic:'),
  create: (context) =>
    openLiveCamera(context, () => ({
      protocol: 'synthetic',
      url: siblingModule(import.meta.url, 'demo-scene-worker').href,
      transport: 'tcp',
      capture: {
        size: { width: demoView.width, height: demoView.height },
        framesPerSecond: demoFramesPerSecond,
        format: null,
      },
    })),
};
