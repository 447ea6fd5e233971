import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CameraState, PictureState } from '../core/camera.ts';
import { CameraNewsDesk, type CameraNews, type NewsOptions } from './camera-news.ts';
import { wordNews } from './notification-words.ts';

const options: NewsOptions = { lostAfterMs: 60_000, conditions: ['dark', 'covered', 'defocused'] };

class Reader {
  readonly desk: CameraNewsDesk;
  readonly news: { readonly at: number; readonly news: CameraNews }[] = [];
  now = Date.UTC(2026, 5, 1);
  #picture: PictureState | null = null;

  constructor(change: Partial<NewsOptions> = {}, isToldLost = false) {
    this.desk = new CameraNewsDesk({ ...options, ...change }, isToldLost);
  }

  /** For so many seconds, looked at every five. */
  pass(isUp: boolean, seconds: number): void {
    const state: CameraState = {
      status: isUp ? 'streaming' : 'disconnected',
      cause: isUp ? null : 'refused',
      message: isUp ? null : 'Nobody listens.',
      since: this.now,
      attempts: 0,
      nextAttemptAt: null,
      picture: this.#picture,
      framesPerSecond: 0,
      lastFrameAt: null,
      streams: null,
      decode: null,
      nativeEvents: null,
      schedule: null,
    };
    for (const end = this.now + seconds * 1000; this.now < end; this.now += 5000) {
      for (const news of this.desk.note(state, this.now)) this.news.push({ at: this.now, news });
    }
  }

  look(condition: PictureState['condition'], isSudden: boolean, seconds: number): void {
    this.#picture = { condition, isSudden, since: this.now };
    this.pass(true, seconds);
  }

  types(): string[] {
    return this.news.map(({ news }) => news.type);
  }
}

describe('a camera that is lost', () => {
  test('for a minute is told, with its cause, and told back when it has held for half a minute', () => {
    const reader = new Reader();
    reader.pass(true, 600);
    const lostAt = reader.now;
    reader.pass(false, 300);
    reader.pass(true, 25);
    expect(reader.news).toMatchObject([
      { at: lostAt + 60_000, news: { type: 'camera.lost', cause: 'refused', since: lostAt, losses: 1 } },
    ]);
    reader.pass(true, 60);
    expect(reader.news[1]?.news).toEqual({
      type: 'camera.recovered',
      since: lostAt + 300_000,
      lostSince: lostAt,
      losses: 1,
    });
  });

  test('for less than that is none of anybody’s business', () => {
    const reader = new Reader();
    for (let count = 0; count < 50; count += 1) {
      reader.pass(true, 120);
      reader.pass(false, 55);
    }
    expect(reader.news).toEqual([]);
  });

  test('from the start on is told like one that was lost later', () => {
    const reader = new Reader();
    reader.pass(false, 120);
    expect(reader.types()).toEqual(['camera.lost']);
  });

  test('is not told again by the next run, which tells that it is back', () => {
    const reader = new Reader({}, true);
    reader.pass(false, 3600);
    expect(reader.news).toEqual([]);
    reader.pass(true, 60);
    expect(reader.types()).toEqual(['camera.recovered']);
  });

  test('is never told where that is not wanted', () => {
    const reader = new Reader({ lostAfterMs: null });
    reader.pass(false, 36_000);
    expect(reader.news).toEqual([]);
  });
});

test('whatever a camera does, news come in pairs, at most one within ten minutes, and every loss is counted', () => {
  const acts = fc.array(
    fc.record({ up: fc.integer({ min: 1, max: 40 }), down: fc.integer({ min: 1, max: 60 }) }),
    {
      minLength: 1,
      maxLength: 150,
    },
  );
  fc.assert(
    fc.property(acts, (list) => {
      const reader = new Reader();
      for (const { up, down } of list) {
        reader.pass(true, up * 5);
        reader.pass(false, down * 5);
      }
      reader.pass(true, 700);
      const lost = reader.news.filter(({ news }) => news.type === 'camera.lost');
      for (const [index, { at }] of lost.entries()) {
        expect(at - (lost[index - 1]?.at ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(600_000);
      }
      const expected = Array.from({ length: lost.length }, () => ['camera.lost', 'camera.recovered']).flat();
      expect(reader.types()).toEqual(expected);
      const counted = reader.news.reduce(
        (sum, { news }) => sum + (news.type === 'camera.recovered' ? news.losses : 0),
        0,
      );
      expect(counted).toBeGreaterThanOrEqual(lost.length);
      expect(counted).toBeLessThanOrEqual(list.length);
    }),
  );
});

describe('the condition of a picture', () => {
  test('is told when it changes, and when it is over', () => {
    const reader = new Reader();
    reader.look('clear', false, 60);
    reader.look('covered', true, 1200);
    reader.look('clear', false, 60);
    expect(reader.news.map(({ news }) => news)).toMatchObject([
      { type: 'camera.condition_changed', condition: 'covered', previous: 'clear' },
      { type: 'camera.condition_changed', condition: 'clear', previous: 'covered' },
    ]);
  });

  test('is not told of the dark of night, nor where it is not wanted', () => {
    const reader = new Reader({ conditions: ['covered'] });
    reader.look('dark', false, 1200);
    reader.look('defocused', true, 1200);
    reader.look('clear', false, 1200);
    expect(reader.news).toEqual([]);
  });

  test('that comes and goes is told at most every ten minutes, and the last word is the true one', () => {
    const reader = new Reader();
    for (let count = 0; count < 40; count += 1) {
      reader.look('covered', true, 60);
      reader.look('clear', false, 60);
    }
    reader.look('covered', true, 700);
    const times = reader.news.map(({ at }) => at);
    expect(times.every((at, index) => index === 0 || at - (times[index - 1] ?? 0) >= 600_000)).toBe(true);
    expect(reader.news.at(-1)?.news).toMatchObject({ condition: 'covered' });
  });
});

test('the words name the camera, say what to do, and hold particulars in the form of the wire', () => {
  const since = Date.UTC(2026, 5, 1);
  expect(
    wordNews({ type: 'camera.lost', cause: 'refused', message: 'Nobody listens.', since, losses: 3 }, 'Gate'),
  ).toEqual({
    type: 'camera.lost',
    title: 'Gate is lost',
    message: 'Nobody listens. It was lost 3 times meanwhile.',
    details: { cause: 'refused', since: '2026-06-01T00:00:00.000Z', losses: 3 },
  });
  expect(
    wordNews({ type: 'camera.recovered', since: since + 90_000, lostSince: since, losses: 1 }, 'Gate'),
  ).toMatchObject({ title: 'Gate is back', details: { lost_seconds: 90 } });
  expect(
    wordNews({ type: 'camera.condition_changed', condition: 'covered', previous: 'clear', since }, 'Gate'),
  ).toMatchObject({ title: 'Gate is covered', details: { condition: 'covered', previous: 'clear' } });
});
