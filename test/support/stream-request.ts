import type { StreamRequest } from '../../src/core/camera-source.ts';

/** A live RTSP camera that is analysed at 15 frames a second, unless the change says otherwise. */
export function streamRequest(url: string, change: Partial<StreamRequest> = {}): StreamRequest {
  return {
    name: 'yard',
    cameraId: 'yard',
    purpose: 'analysis',
    protocol: 'rtsp',
    url,
    username: null,
    password: null,
    transport: 'tcp',
    frameRate: 15,
    pacing: 'realtime',
    decode: 'full',
    isLooping: false,
    masks: [],
    ...change,
  };
}
