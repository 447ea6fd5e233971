import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MotionSample } from '../core/motion.ts';
import { EpisodeTracker } from './episodes.ts';
import { NativeMotionJoin, sameMotionMs } from './native-motion.ts';

const frameRate = 5;
const frameMs = 1000 / frameRate;

/** What was seen here and what the camera says, for some frames on end. */
interface Stretch {
  readonly frames: number;
  readonly isSeen: boolean;
  readonly isSaid: boolean;
}

interface Frame {
  readonly sample: MotionSample;
  readonly isSaid: boolean;
}

function framesOf(stretches: readonly Stretch[]): Frame[] {
  const frames: Frame[] = [];
  for (const { frames: count, isSeen, isSaid } of stretches)
    for (let i = 0; i < count; i += 1) frames.push({ sample: makeSample(frames.length, isSeen), isSaid });
  return frames;
}

function makeSample(index: number, isMotion: boolean): MotionSample {
  return {
    capturedAt: 1_700_000_000_000 + index * frameMs,
    mediaTimeMs: index * frameMs,
    isMotion,
    score: isMotion ? 0.5 : 0,
    regions: [],
    zones: [],
    reason: isMotion ? 'motion' : 'quiet',
    quality: isMotion ? 0.5 : 0,
  };
}

function outsideZones({ sample, isSaid }: Frame): Frame {
  return { sample: { ...sample, reason: 'outside_zones' }, isSaid };
}

interface Opened {
  /** Of the first moving frame, ms of the stream. */
  readonly startedMs: number;
  endedMs: number;
}

/** The episodes that a row of samples makes. */
function episodesOf(samples: readonly MotionSample[]): Opened[] {
  const tracker = new EpisodeTracker({ frameRate });
  const episodes: Opened[] = [];
  for (const sample of samples) {
    const transition = tracker.push(sample);
    if (transition.kind === 'opened')
      episodes.push({
        startedMs: transition.episode.startedMediaTimeMs,
        endedMs: Number.POSITIVE_INFINITY,
      });
    const last = episodes.at(-1);
    if (transition.kind === 'closed' && last !== undefined)
      last.endedMs = transition.episode.lastMotionMediaTimeMs;
  }
  return episodes;
}

function joined(mode: 'assist' | 'replace', frames: readonly Frame[]): MotionSample[] {
  const join = new NativeMotionJoin({ mode, frameRate });
  return frames.map(({ sample, isSaid }) => join.join(sample, isSaid));
}

/** Shorter than the longest episode, which would be cut in two whoever sees it. */
const stretches = fc.array(
  fc.record({ frames: fc.integer({ min: 1, max: 120 }), isSeen: fc.boolean(), isSaid: fc.boolean() }),
  { maxLength: 12 },
);

describe('assist', () => {
  test('makes an episode where only the camera saw something, and says so', () => {
    const samples = joined('assist', framesOf([{ frames: 10, isSeen: false, isSaid: true }]));

    expect(episodesOf(samples)).toHaveLength(1);
    expect(samples[0]).toMatchObject({ isMotion: true, reason: 'camera' });
  });

  test.each([
    [
      'tells of it while it is seen',
      [
        [20, true, false],
        [20, true, true],
        [30, false, true],
        [60, false, false],
      ],
    ],
    [
      'tells of it when it is over',
      [
        [20, true, false],
        [25, false, false],
        [30, false, true],
        [60, false, false],
      ],
    ],
    [
      'tells of it before it is seen',
      [
        [5, false, true],
        [20, true, true],
        [60, false, false],
      ],
    ],
    [
      'tells of it for much longer',
      [
        [20, true, true],
        [500, false, true],
        [60, false, false],
      ],
    ],
  ] as const)('makes one episode of one motion when the camera %s', (_when, rows) => {
    const frames = framesOf(rows.map(([frames, isSeen, isSaid]) => ({ frames, isSeen, isSaid })));

    expect(episodesOf(joined('assist', frames))).toHaveLength(1);
  });

  test('takes a camera at its word again once what was seen is long over', () => {
    const frames = framesOf([
      { frames: 20, isSeen: true, isSaid: true },
      { frames: (sameMotionMs / 1000) * frameRate + 20, isSeen: false, isSaid: false },
      { frames: 20, isSeen: false, isSaid: true },
    ]);

    expect(episodesOf(joined('assist', frames))).toHaveLength(2);
  });

  test.each([
    ['before it', 10],
    ['as it begins', 0],
  ])('is not told by the camera of motion that the zones let not count (seen %s)', (_when, framesBefore) => {
    const frames = framesOf([
      { frames: framesBefore, isSeen: false, isSaid: false },
      { frames: 40, isSeen: false, isSaid: true },
    ]);
    const seen = frames.map((frame, index) => (index <= framesBefore ? outsideZones(frame) : frame));

    expect(episodesOf(joined('assist', frames))).toHaveLength(1);
    expect(episodesOf(joined('assist', seen))).toHaveLength(0);
  });

  test('loses nothing that is seen, and never makes two events of one motion', () => {
    fc.assert(
      fc.property(stretches, (rows) => {
        const frames = framesOf(rows);
        const own = episodesOf(frames.map(({ sample }) => sample));
        const samples = joined('assist', frames);
        const all = episodesOf(samples);
        const isSeenAt = (ms: number): boolean => frames[Math.round(ms / frameMs)]?.sample.isMotion === true;
        // Every motion that was seen begins within an episode.
        const isKept = own.every((each) =>
          all.some(({ startedMs, endedMs }) => startedMs <= each.startedMs && each.startedMs <= endedMs),
        );
        // One that begins with the camera's word does not follow on motion that was seen.
        const isSingle = all
          .filter(({ startedMs }) => !isSeenAt(startedMs))
          .every(({ startedMs }) =>
            own.every(
              (each) =>
                startedMs < each.startedMs || startedMs - Math.min(each.endedMs, startedMs) > sameMotionMs,
            ),
          );
        // Nothing is taken away from what was seen.
        const isWhole = frames.every(({ sample }, index) => !sample.isMotion || samples[index] === sample);
        return isKept && isSingle && isWhole;
      }),
      { numRuns: 500 },
    );
  });

  test('changes nothing while the camera is silent', () => {
    fc.assert(
      fc.property(stretches, (rows) => {
        const frames = framesOf(rows.map((row) => ({ ...row, isSaid: false })));
        return joined('assist', frames).every((sample, index) => sample === frames[index]?.sample);
      }),
    );
  });
});

describe('replace', () => {
  test('counts as motion what the camera says, and nothing else', () => {
    fc.assert(
      fc.property(stretches, (rows) => {
        const frames = framesOf(rows);
        return joined('replace', frames).every(
          (sample, index) =>
            sample.isMotion === frames[index]?.isSaid && (sample.reason === 'camera') === sample.isMotion,
        );
      }),
    );
  });

  test('keeps what was seen for the choice of the pictures', () => {
    const [sample] = joined('replace', framesOf([{ frames: 1, isSeen: true, isSaid: true }]));

    expect(sample).toMatchObject({ score: 0.5, quality: 0.5, reason: 'camera' });
  });
});
