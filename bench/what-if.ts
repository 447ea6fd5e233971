/**
 * How right the what-if of other settings is, which proposals are made of: rendered scenes with hard weather are judged with
 * medium sensitivity and no zones, and from what is kept of each event's motion it is said what would be left of it with
 * other settings. Then the same frames are judged with those.
 *
 *   node bench/what-if.ts [--seeds 1,2] [--only TEXT]
 */
import { parseArgs } from 'node:util';
import type { Zone } from '../src/core/camera-settings.ts';
import type { AnalysisFrame } from '../src/core/frame.ts';
import type { MotionEvidence } from '../src/core/motion-evidence.ts';
import type { Sensitivity } from '../src/core/motion.ts';
import { EpisodeEvidence } from '../src/motion/episode-evidence.ts';
import { EpisodeTracker, type Episode } from '../src/motion/episodes.ts';
import { createMotionDetector } from '../src/motion/scene-detector.ts';
import { motionRule, wouldOpen } from '../src/motion/what-if.ts';
import { createCanvas, toBytes } from './accuracy-painter.ts';
import type { RenderedScene } from './accuracy-scene.ts';
import { scenes } from './accuracy-scenes.ts';
import { sceneHeight, sceneWidth, type Interval } from './accuracy-weather.ts';

const frameRate = 5;
const primeMs = 6000;
/** Seconds: an event of the second run that begins or ends so near to one of the first is of the same motion. */
const slack = 1;

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '1,2' }, only: { type: 'string', default: '' } },
});

interface Setting {
  readonly name: string;
  readonly sensitivity: Sensitivity;
  readonly zones: readonly Zone[];
}

interface FoundEvent extends Interval {
  readonly evidence: MotionEvidence;
}

function exclude(left: number, top: number, right: number, bottom: number): Zone {
  const points = [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ] as const;
  return { name: 'no motion', kind: 'exclude', points };
}

const settings: readonly Setting[] = [
  { name: 'low sensitivity', sensitivity: 'low', zones: [] },
  { name: 'left half excluded', sensitivity: 'medium', zones: [exclude(0, 0, 0.5, 1)] },
  { name: 'right half excluded', sensitivity: 'medium', zones: [exclude(0.5, 0, 1, 1)] },
  { name: 'upper two thirds excluded', sensitivity: 'medium', zones: [exclude(0, 0, 1, 0.66)] },
  { name: 'lower half excluded', sensitivity: 'medium', zones: [exclude(0, 0.5, 1, 1)] },
];

const tallies = new Map(
  settings.map(({ name }) => [name, { stayed: 0, missedStay: 0, gone: 0, missedGone: 0, unknown: 0 }]),
);
for (const scene of scenes.filter(({ name }) => name.includes(values.only))) {
  for (const seed of values.seeds.split(',').map(Number)) {
    const frames = render(scene, seed);
    const first = judge(frames, { name: '', sensitivity: 'medium', zones: [] });
    for (const setting of settings) {
      const second = judge(frames, setting);
      const tally = tallies.get(setting.name);
      if (tally === undefined) continue;
      const rule = motionRule(setting.sensitivity, setting.zones);
      for (const event of first) {
        const isThere = second.some(
          (other) => other.start <= event.end + slack && other.end >= event.start - slack,
        );
        if (!wouldOpen(event.evidence, motionRule('medium', []))) tally.unknown += 1;
        else if (wouldOpen(event.evidence, rule)) tally[isThere ? 'stayed' : 'missedGone'] += 1;
        else tally[isThere ? 'missedStay' : 'gone'] += 1;
      }
    }
  }
}
console.log(
  '| setting | said to stay, did | said to stay, went | said to go, went | said to go, stayed | unknown |',
);
console.log('|---|---|---|---|---|---|');
for (const [name, { stayed, missedGone, gone, missedStay, unknown }] of tallies)
  console.log(`| ${name} | ${stayed} | ${missedGone} | ${gone} | ${missedStay} | ${unknown} |`);

function render(scene: RenderedScene, seed: number): AnalysisFrame[] {
  const paint = scene.create(seed * 7919);
  const canvas = createCanvas(sceneWidth, sceneHeight);
  return Array.from({ length: scene.seconds * frameRate }, (_, sequence) => {
    const mediaTimeMs = (sequence * 1000) / frameRate;
    paint(mediaTimeMs / 1000, canvas);
    const gray = toBytes(canvas);
    return { sequence, capturedAt: mediaTimeMs, mediaTimeMs, width: sceneWidth, height: sceneHeight, gray };
  });
}

/** As a camera without a cooldown is watched. */
function judge(frames: readonly AnalysisFrame[], { sensitivity, zones }: Setting): FoundEvent[] {
  const detector = createMotionDetector({ sensitivity, zones, frameRate });
  const tracker = new EpisodeTracker({ frameRate });
  const evidence = new EpisodeEvidence({ sensitivity, decode: 'full', frameRate });
  const events: FoundEvent[] = [];
  const add = ({ startedAt, lastMotionAt }: Episode): void => {
    events.push({
      start: startedAt / 1000,
      end: lastMotionAt / 1000,
      evidence: evidence.evidence(startedAt, true),
    });
    evidence.clear();
  };
  detector.prime(frames.filter(({ mediaTimeMs }) => mediaTimeMs < primeMs));
  for (const frame of frames) {
    const sample = detector.detect(frame);
    const transition = tracker.push(sample);
    if (transition.kind === 'closed') add(transition.episode);
    evidence.add(sample, true);
    if (transition.kind === 'quiet' && !sample.isMotion) evidence.clear();
  }
  const last = tracker.end();
  if (last !== undefined) add(last);
  return events;
}
