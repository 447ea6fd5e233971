import { expect, test } from 'vitest';
import { eventDetailWireSchema, eventWireSchema, toEventDetailWire, toEventWire } from './event-wire.ts';
import type { VedetteEvent } from './event.ts';

const event: VedetteEvent = {
  id: '01900000-0000-7000-8000-000000000001',
  cameraId: '01900000-0000-7000-8000-000000000002',
  cameraName: 'Front door',
  source: 'motion',
  timestamp: Date.UTC(2026, 2, 1, 8, 0, 1, 5),
  startedAt: Date.UTC(2026, 2, 1, 8),
  endedAt: null,
  description: 'A person and a dog.',
  descriptionStatus: 'done',
  descriptionReason: null,
  confidence: 87.5,
  title: 'A person',
  actions: [],
  isNothingOfInterest: false,
  promptVersion: null,
  sameAs: null,
  clip: null,
  objectsDetected: ['person', 'dog'],
  detections: [{ label: 'dog', score: 0.81640625, box: [0.8191158771514893, 0.5, 0.1, 0.2] }],
  motion: {
    score: 0.9999999975,
    regions: [{ box: [0, 1 / 3, 1, 2 / 3], area: 0.04958333 }],
    zones: ['door'],
    reason: 'motion',
  },
  provider: 'local',
  model: null,
  frames: [
    {
      number: 1,
      capturedAt: Date.UTC(2026, 2, 1, 8, 0, 1, 5),
      path: 'media/2026-03-01/event_1_1.jpg',
      width: 1920,
      height: 1080,
      sizeBytes: 123_456,
      regions: [],
    },
  ],
  thumbnailPath: 'media/2026-03-01/event_1.jpg',
  alertTriggered: false,
  userFeedback: 'wrong',
  note: 'A fox, not a dog',
  isStarred: true,
  timings: { captured: 1005, queued: 1006, described: 1300, stored: null, total: null },
  costUsd: 0,
  createdAt: Date.UTC(2026, 2, 1, 8, 0, 1, 6),
  updatedAt: Date.UTC(2026, 2, 1, 8, 0, 2),
};

test('an event leaves in snake case, with times in UTC and milliseconds, and without paths of the disk', () => {
  const wire = toEventWire(event);
  expect(eventWireSchema.strict().parse(wire)).toEqual(wire);
  expect(wire).toMatchObject({
    camera_name: 'Front door',
    timestamp: '2026-03-01T08:00:01.005Z',
    started_at: '2026-03-01T08:00:00.000Z',
    ended_at: null,
    thumbnail_url: '/api/v1/events/01900000-0000-7000-8000-000000000001/thumbnail',
    timings_ms: { captured: 1005, stored: null },
    user_feedback: 'wrong',
    note: 'A fox, not a dog',
    starred: true,
  });
  expect(JSON.stringify(wire)).not.toMatch(/[a-z][A-Z]\w*":|media\//);
});

test('shares of a picture leave with four digits', () => {
  const wire = toEventWire(event);
  expect(wire.detections).toEqual([{ label: 'dog', score: 0.8164, box: [0.8191, 0.5, 0.1, 0.2] }]);
  expect(wire.motion).toEqual({
    score: 1,
    regions: [{ box: [0, 0.3333, 1, 0.6667], area: 0.0496 }],
    zones: ['door'],
    reason: 'motion',
  });
});

test('one event alone names its pictures by their addresses', () => {
  const wire = toEventDetailWire(event);
  expect(eventDetailWireSchema.strict().parse(wire)).toEqual(wire);
  expect(wire.frames).toEqual([
    {
      number: 1,
      captured_at: '2026-03-01T08:00:01.005Z',
      url: '/api/v1/events/01900000-0000-7000-8000-000000000001/frames/1',
      width: 1920,
      height: 1080,
      size_bytes: 123_456,
      regions: [],
    },
  ]);
  expect(JSON.stringify(wire)).not.toContain('media/');
});

test('an event without a picture names none', () => {
  expect(toEventWire({ ...event, thumbnailPath: null }).thumbnail_url).toBeNull();
});
