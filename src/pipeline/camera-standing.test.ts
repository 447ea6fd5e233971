import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { exampleCamera } from '../../test/support/store-examples.ts';
import { defaultCameraSettings, type Schedule } from '../core/camera-settings.ts';
import type { CameraState } from '../core/camera.ts';
import { LiveFeed } from '../core/live-feed.ts';
import { silentLog } from '../core/log.ts';
import { CameraStanding } from './camera-standing.ts';

const hourMs = 3_600_000;
const start = Date.UTC(2026, 0, 1, 12);

interface Rig {
  readonly clock: FakeClock;
  readonly standing: CameraStanding;
  /** What those who are connected were told. */
  readonly told: CameraState['schedule'][];
}

function openStanding(schedule: Schedule | null): Rig {
  const clock = new FakeClock(start);
  const live = new LiveFeed({ now: () => clock.now() });
  const told: CameraState['schedule'][] = [];
  live.subscribe(({ message }) => {
    if (message.type === 'CAMERA_STATUS_CHANGED') told.push(message.state.schedule);
  });
  const camera = {
    ...defaultCameraSettings,
    ...exampleCamera({ schedule }),
    isLocalOnly: false,
    promptAddition: null,
    maxEventsPerHour: null,
    schedule,
    id: 'yard',
    createdAt: 0,
    updatedAt: 0,
  };
  const standing = new CameraStanding(camera, {
    live,
    clock,
    log: silentLog(),
    streams: () => null,
    decode: () => null,
    nativeEvents: () => null,
    onLook: () => undefined,
  });
  return { clock, standing, told };
}

test('a camera says whether it is within its schedule, and until when, and tells of the change once', async () => {
  const evening = { timeZone: 'UTC', daysOfWeek: [], timeRanges: [{ start: '20:00', end: '22:00' }] };
  const { clock, standing, told } = openStanding(evening);
  const outside = { isActive: false, changesAt: start + 8 * hourMs };
  expect(standing.state.schedule).toEqual(outside);
  standing.attend();
  expect(told).toEqual([]);
  await clock.advance(8 * hourMs);
  standing.attend();
  standing.attend();
  expect(told).toEqual([{ isActive: true, changesAt: start + 10 * hourMs }]);
  await clock.advance(2 * hourMs);
  standing.attend();
  expect(told[1]).toEqual({ isActive: false, changesAt: start + 32 * hourMs });
});

test('without a schedule there is none, and none is told of', async () => {
  const { clock, standing, told } = openStanding(null);
  expect(standing.state.schedule).toBeNull();
  await clock.advance(48 * hourMs);
  standing.attend();
  expect(told).toEqual([]);
});

test('frames a second are those of the stream, also when several come at once', async () => {
  const { clock, standing } = openStanding(null);
  const send = (mediaTimeMs: number): void => {
    standing.sent({ sequence: 0, capturedAt: clock.now(), mediaTimeMs, width: 320, height: 180 }, undefined);
  };
  const rates: number[] = [];
  for (let at = 0; at < 20_000; at += 1000) {
    await clock.advance(1000);
    for (let frame = 0; frame < 5; frame += 1) send(at + frame * 200);
    rates.push(standing.state.framesPerSecond);
  }
  expect(rates.slice(4)).toEqual(rates.slice(4).map(() => 5));
  await clock.advance(4000);
  expect(standing.state.framesPerSecond).toBe(5);
  await clock.advance(2000);
  expect(standing.state.framesPerSecond).toBe(0);
  // The stream's clock is set back.
  send(0);
  expect(standing.state.framesPerSecond).toBe(0.2);
});
