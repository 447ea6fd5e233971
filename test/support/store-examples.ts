import { defaultCameraSettings } from '../../src/core/camera-settings.ts';
import type { Description } from '../../src/core/event.ts';
import { createId } from '../../src/core/ids.ts';
import { openSecretKeyring, type SecretKeyring } from '../../src/core/secret-keys.ts';
import type { MotionEvidence } from '../../src/core/motion-evidence.ts';
import type { ProviderAttempt } from '../../src/core/vision.ts';
import type { CameraInput, CapturedEvent, EventQuery } from '../../src/store/event-store.ts';

/** A moment that examples count from, epoch ms. */
export const exampleTime = Date.UTC(2026, 4, 17, 12);

export function exampleCamera(change: Partial<CameraInput> = {}): CameraInput {
  return {
    name: 'Front Door',
    type: 'rtsp',
    url: 'rtsp://camera.test/stream',
    username: 'viewer',
    password: 'secret',
    frameRate: 5,
    isEnabled: true,
    motionSensitivity: 'medium',
    motionCooldown: 60,
    isLocalOnly: false,
    promptAddition: null,
    maxEventsPerHour: null,
    ...defaultCameraSettings,
    origin: 'api',
    ...change,
  };
}

/** An event as a camera's motion makes it: undescribed, with two frames. */
export function exampleCapture(cameraId: string, change: Partial<CapturedEvent> = {}): CapturedEvent {
  const id = change.id ?? createId();
  const timestamp = change.timestamp ?? exampleTime;
  return {
    id,
    cameraId,
    source: 'motion',
    timestamp,
    startedAt: timestamp - 900,
    endedAt: null,
    motion: { score: 0.4, regions: [{ box: [0.1, 0.2, 0.3, 0.4], area: 0.05 }], zones: [], reason: 'motion' },
    frames: [1, 2].map((number) => ({
      number,
      capturedAt: timestamp - number,
      path: `media/2026-05-17/event_${id}_${number}.jpg`,
      width: 1280,
      height: 720,
      sizeBytes: 1_000 + number,
      regions: [{ box: [0, 0, 0.5, 0.5], area: 0.1 }],
    })),
    thumbnailPath: `media/2026-05-17/event_${id}.jpg`,
    timings: { captured: 1_100, queued: null, described: null, stored: null, total: null },
    ...change,
  };
}

/** Of somebody who walked to the right. */
export function exampleEvidence(change: Partial<MotionEvidence> = {}): MotionEvidence {
  const seconds = Array.from({ length: 32 * 18 }, (_, field) => (field >= 320 && field < 340 ? 0.4 : 0));
  return {
    sensitivity: 'medium',
    decode: 'auto',
    isComplete: true,
    frames: 28,
    heat: { columns: 32, rows: 18, seconds },
    samples: [
      {
        atMs: 0,
        regions: [{ box: [0.1, 0.5, 0.05, 0.2], area: 0.01 }],
        zones: [],
        areas: { low: 0.008, medium: 0.01, high: null },
      },
      {
        atMs: 6_000,
        regions: [{ box: [0.55, 0.5, 0.05, 0.2], area: 0.012 }],
        zones: [],
        areas: { low: 0.01, medium: 0.012, high: null },
      },
    ],
    path: {
      points: [
        { x: 0.1, y: 0.6 },
        { x: 0.44, y: 0.6 },
      ],
      length: 0.34,
      area: 0.012,
      framesFound: 28,
      framesFollowed: 30,
      seconds: 6.2,
    },
    guards: [
      { name: 'small', margin: 2, value: 0.0012, limit: 0.0006, side: 'least', unit: 'picture' },
      { name: 'brief', margin: 9.33, value: 28, limit: 3, side: 'least', unit: 'frames' },
    ],
    ...change,
  };
}

export function exampleDescription(text: string, change: Partial<Description> = {}): Description {
  return {
    text,
    title: null,
    confidence: 80,
    objects: ['person'],
    actions: [],
    isNothingOfInterest: false,
    detections: [{ label: 'person', score: 0.8, box: [0.1, 0.1, 0.2, 0.4] }],
    provider: 'local',
    model: 'efficientdet-lite0',
    costUsd: 0,
    usage: null,
    ...change,
  };
}

export function exampleQuery(change: Partial<EventQuery> = {}): EventQuery {
  return { limit: 50, offset: 0, sortOrder: 'desc', ...change };
}

/** One provider that described within a second, for a cent. */
export function exampleAttempt(change: Partial<ProviderAttempt> = {}): ProviderAttempt {
  return {
    provider: 'openai',
    model: 'small-vision',
    startedAt: exampleTime,
    latencyMs: 900,
    outcome: 'described',
    message: null,
    inputTokens: 1_500,
    outputTokens: 120,
    costUsd: 0.01,
    ...change,
  };
}

/** A key that no file holds. */
export function exampleKeyring(): SecretKeyring {
  const key = Buffer.alloc(32, 7).toString('base64');
  return openSecretKeyring({ env: { VEDETTE_SECRET_KEY: key }, keyFile: '/nowhere/secret.key' });
}
