import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MotionSample } from '../core/motion.ts';
import { EpisodeTracker, type Episode } from './episodes.ts';

const epoch = 1_700_000_000_000;

type Mark = '#' | '-' | '.';

/** `#` moves, `-` stands still, `.` has gone. */
function sampleAt(mediaTimeMs: number, mark: Mark, score = mark === '#' ? 0.5 : 0): MotionSample {
  const isMotion = mark === '#';
  return {
    capturedAt: epoch + mediaTimeMs,
    mediaTimeMs,
    isMotion,
    score,
    regions: isMotion ? [{ box: [0, 0, 0.1, 0.1], area: score / 10 }] : [],
    zones: [],
    reason: isMotion ? 'motion' : mark === '-' ? 'small' : 'quiet',
    quality: score,
  };
}

function isMark(text: string): text is Mark {
  return text === '#' || text === '-' || text === '.';
}

function samplesOf(pattern: string, intervalMs = 200): MotionSample[] {
  return pattern
    .split('')
    .filter(isMark)
    .map((mark, i) => sampleAt(i * intervalMs, mark));
}

function kindsOf(tracker: EpisodeTracker, samples: readonly MotionSample[]): string[] {
  return samples.map((sample) => tracker.push(sample).kind);
}

function episodesOf(tracker: EpisodeTracker, samples: readonly MotionSample[]): Episode[] {
  const episodes: Episode[] = [];
  for (const sample of samples) {
    const transition = tracker.push(sample);
    if (transition.kind === 'closed') episodes.push(transition.episode);
  }
  const last = tracker.end();
  return last === undefined ? episodes : [...episodes, last];
}

test('two moving frames open nothing, the third opens an episode that began with the first', () => {
  const tracker = new EpisodeTracker({ frameRate: 5 });
  const samples = samplesOf('.##.###');
  expect(kindsOf(tracker, samples)).toEqual(['quiet', 'quiet', 'quiet', 'quiet', 'quiet', 'quiet', 'opened']);
  expect(tracker.current).toMatchObject({
    startedAt: epoch + 800,
    lastMotionAt: epoch + 1200,
    movingFrames: 3,
  });
});

test('an episode names every zone once, in the order in which they were touched', () => {
  const tracker = new EpisodeTracker({ frameRate: 5 });
  const touched = [['path'], ['path'], ['lawn', 'path'], ['door']];
  const samples = touched.map((zones, index) => Object.assign(sampleAt(index * 200, '#'), { zones }));
  expect(episodesOf(tracker, samples)[0]?.zones).toEqual(['path', 'lawn', 'door']);
});

test('at 25 fps an episode opens after 0.6 s, and one still frame does not break the run', () => {
  const tracker = new EpisodeTracker({ frameRate: 25 });
  const kinds = kindsOf(tracker, samplesOf('#######.########', 40));
  expect(kinds.indexOf('opened')).toBe(15);
});

test('at 5 fps one still frame breaks the run, even when it comes early', () => {
  const tracker = new EpisodeTracker({ frameRate: 5 });
  expect(kindsOf(tracker, samplesOf('##.##.##.', 160))).not.toContain('opened');
});

test('motion that pauses for less than the quiet gap stays one episode', () => {
  const tracker = new EpisodeTracker({ frameRate: 5 });
  const episodes = episodesOf(tracker, samplesOf(`###${'-'.repeat(18)}#${'-'.repeat(30)}`));
  expect(episodes).toHaveLength(1);
  expect(episodes[0]?.lastMotionMediaTimeMs).toBe(21 * 200);
});

test('an episode closes at the first still frame after the quiet gap', () => {
  const tracker = new EpisodeTracker({ frameRate: 5, quietGapMs: 1000 });
  const kinds = kindsOf(tracker, samplesOf('###-------'));
  expect(kinds).toEqual([
    'quiet',
    'quiet',
    'opened',
    'continues',
    'continues',
    'continues',
    'continues',
    'closed',
    'quiet',
    'quiet',
  ]);
});

test('when nothing is left of what moved, the episode ends sooner than when it merely stands', () => {
  const stood = new EpisodeTracker({ frameRate: 5 });
  const gone = new EpisodeTracker({ frameRate: 5 });
  expect(episodesOf(stood, samplesOf(`###${'-'.repeat(12)}###`))).toHaveLength(1);
  expect(episodesOf(gone, samplesOf(`###${'.'.repeat(12)}###`))).toHaveLength(2);
  expect(episodesOf(gone, samplesOf(`###${'.'.repeat(8)}-...###`))).toHaveLength(1);
});

test('motion without end is cut at the longest length and goes on as a new episode', () => {
  const tracker = new EpisodeTracker({ frameRate: 5, maxLengthMs: 10_000 });
  const episodes = episodesOf(tracker, samplesOf('#'.repeat(120)));
  expect(episodes.map((episode) => episode.startedMediaTimeMs)).toEqual([0, 10_000, 20_000]);
});

test('the peak keeps the score and regions of the strongest frame', () => {
  const tracker = new EpisodeTracker({ frameRate: 5 });
  const scores = [0.2, 0.9, 0.4, 0.3];
  const [episode] = episodesOf(
    tracker,
    scores.map((score, i) => sampleAt(i * 200, '#', score)),
  );
  expect(episode?.peakScore).toBe(0.9);
  expect(episode?.peakRegions[0]?.area).toBeCloseTo(0.09);
});

test('a stream that begins anew closes what was open', () => {
  const tracker = new EpisodeTracker({ frameRate: 5 });
  kindsOf(tracker, [...samplesOf('......###')]);
  expect(tracker.push(sampleAt(0, '#')).kind).toBe('closed');
  expect(tracker.current).toBeUndefined();
});

interface Gaps {
  readonly quietGapMs: number;
  readonly emptyGapMs: number;
  readonly maxLengthMs: number;
}

/** Looks forward over the whole recording instead of remembering; valid up to 5 fps. */
function episodesByLookingAhead(samples: readonly MotionSample[], gaps: Gaps): number[][] {
  const found: number[][] = [];
  const time = (i: number): number => samples[i]?.mediaTimeMs ?? 0;
  const emptyFor = (i: number): number => {
    let first = i + 1;
    while (first > 0 && samples[first - 1]?.reason === 'quiet') first -= 1;
    return first > i ? -1 : time(i) - time(first);
  };
  let from = 0;
  while (from < samples.length) {
    const opens = [from, from + 1, from + 2].every(
      (i) => samples[i]?.isMotion === true && (i === from || time(i) - time(i - 1) <= gaps.quietGapMs),
    );
    if (!opens) {
      from += 1;
      continue;
    }
    let last = from + 2;
    let next = from + 3;
    while (
      next < samples.length &&
      time(next) - time(last) < gaps.quietGapMs &&
      emptyFor(next) < gaps.emptyGapMs &&
      time(next) - time(from) < gaps.maxLengthMs
    ) {
      if (samples[next]?.isMotion === true) last = next;
      next += 1;
    }
    found.push([time(from), time(last)]);
    from = next;
  }
  return found;
}

describe('against a model that sees all samples at once', () => {
  test('finds the same episodes in any stream', () => {
    const stream = fc.array(
      fc.record({
        waitMs: fc.oneof(
          { weight: 8, arbitrary: fc.constant(200) },
          { weight: 1, arbitrary: fc.integer({ min: 150, max: 6000 }) },
        ),
        mark: fc.constantFrom<Mark>('#', '-', '.'),
        repeats: fc.integer({ min: 1, max: 12 }),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(
        stream,
        fc.record({
          quietGapMs: fc.constantFrom(1000, 4000),
          emptyGapMs: fc.constantFrom(600, 1000),
          maxLengthMs: fc.constantFrom(3000, 20_000),
        }),
        (parts, gaps) => {
          const samples: MotionSample[] = [];
          let time = 0;
          for (const part of parts) {
            for (let i = 0; i < part.repeats; i += 1) {
              time += i === 0 ? part.waitMs : 200;
              samples.push(sampleAt(time, part.mark));
            }
          }
          const tracker = new EpisodeTracker({ frameRate: 5, ...gaps });
          const found = episodesOf(tracker, samples).map((episode) => [
            episode.startedMediaTimeMs,
            episode.lastMotionMediaTimeMs,
          ]);
          expect(found).toEqual(episodesByLookingAhead(samples, gaps));
        },
      ),
      { numRuns: 500 },
    );
  });
});
