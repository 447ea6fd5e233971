/**
 * How right motion detection is: which segments with motion it finds, and how many false events it makes.
 *
 *   node bench/accuracy.ts [FOLDER] [--seeds 1,2,3] [--sensitivity medium] [--only TEXT]
 *
 * Without a folder: rendered scenes with hard weather, each once per seed. With one: its clips, judged against the
 * `truth.json` in it: `[{file, duration, segments: [{start, end}], ignore: [{start, end}]}]`, seconds. Decoding, motion
 * detection and episodes are those of `vedette scan`: the background is learnt from the first six seconds, then the
 * clip is judged from its first frame on.
 */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/core/clock.ts';
import type { AnalysisFrame } from '../src/core/frame.ts';
import { silentLog } from '../src/core/log.ts';
import type { Sensitivity } from '../src/core/motion.ts';
import { createMediaService } from '../src/media/media-service.ts';
import { EpisodeTracker, type Episode } from '../src/motion/episodes.ts';
import { createMotionDetector } from '../src/motion/scene-detector.ts';
import { grayFrames } from '../test/support/gray-frames.ts';
import { createCanvas, toBytes } from './accuracy-painter.ts';
import type { RenderedScene } from './accuracy-scene.ts';
import { scenes } from './accuracy-scenes.ts';
import { scoreClip, totalOf, type ClipScore, type ClipTruth } from './accuracy-score.ts';
import { sceneHeight, sceneWidth, type Interval } from './accuracy-weather.ts';

const frameRate = 5;
const primeSeconds = 6;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    sensitivity: { type: 'string', default: 'medium' },
    only: { type: 'string', default: '' },
  },
});
const sensitivity = sensitivityOf(values.sensitivity);
const [folder] = positionals;
const usage = { frames: 0, cpuMs: 0 };
const scores = folder === undefined ? scoreScenes(seedsOf(values.seeds)) : await scoreFolder(resolve(folder));
printTable(scores);

function sensitivityOf(text: string): Sensitivity {
  if (text === 'low' || text === 'medium' || text === 'high') return text;
  throw new Error(`--sensitivity: received "${text}", expected low, medium or high`);
}

function seedsOf(text: string): number[] {
  const seeds = text.split(',').map(Number);
  if (seeds.every((seed) => Number.isInteger(seed) && seed > 0)) return seeds;
  throw new Error(`--seeds: received "${text}", expected whole numbers above 0, joined by commas`);
}

function scoreScenes(seeds: readonly number[]): ClipScore[] {
  return scenes
    .filter((scene) => scene.name.includes(values.only))
    .flatMap((scene) => seeds.map((seed) => scoreScene(scene, seed)));
}

function scoreScene(scene: RenderedScene, seed: number): ClipScore {
  const truth = { ...scene, file: `${scene.name} (${seed})`, duration: scene.seconds };
  return scoreClip(truth, eventsOf(renderScene(scene, seed)));
}

function renderScene(scene: RenderedScene, seed: number): AnalysisFrame[] {
  const paint = scene.create(seed * 7919);
  const canvas = createCanvas(sceneWidth, sceneHeight);
  return Array.from({ length: scene.seconds * frameRate }, (_, sequence) => {
    const mediaTimeMs = (sequence * 1000) / frameRate;
    paint(mediaTimeMs / 1000, canvas);
    const gray = toBytes(canvas);
    return { sequence, capturedAt: mediaTimeMs, mediaTimeMs, width: sceneWidth, height: sceneHeight, gray };
  });
}

async function scoreFolder(path: string): Promise<ClipScore[]> {
  const truths: readonly ClipTruth[] = JSON.parse(await readFile(join(path, 'truth.json'), 'utf8'));
  await using streams = createMediaService({ clock: systemClock, log: silentLog() });
  const found: ClipScore[] = [];
  for (const truth of truths.filter(({ file }) => file.includes(values.only))) {
    await using source = streams.openStream({
      cameraId: 'accuracy',
      purpose: 'analysis',
      name: truth.file,
      protocol: 'file',
      url: join(path, truth.file),
      username: null,
      password: null,
      transport: 'tcp',
      masks: [],
      frameRate,
      pacing: 'fastest',
      decode: 'full',
      isLooping: false,
    });
    const frames: AnalysisFrame[] = [];
    for await (const frame of grayFrames(source.open(new AbortController().signal))) frames.push(frame);
    found.push(scoreClip(truth, eventsOf(frames)));
  }
  return found;
}

function eventsOf(frames: readonly AnalysisFrame[]): Interval[] {
  const detector = createMotionDetector({ sensitivity, frameRate });
  const episodes = new EpisodeTracker({ frameRate });
  const events: Interval[] = [];
  const add = (episode: Episode): void => {
    events.push({
      start: episode.startedMediaTimeMs / 1000,
      end: episode.lastMotionMediaTimeMs / 1000,
    });
  };
  detector.prime(frames.filter((frame) => frame.mediaTimeMs < primeSeconds * 1000));
  const before = process.cpuUsage();
  for (const frame of frames) {
    const transition = episodes.push(detector.detect(frame));
    if (transition.kind === 'closed') add(transition.episode);
  }
  const used = process.cpuUsage(before);
  usage.frames += frames.length;
  usage.cpuMs += (used.user + used.system) / 1000;
  const last = episodes.end();
  if (last !== undefined) add(last);
  return events;
}

function printTable(rows: readonly ClipScore[]): void {
  console.log('| clip | segments | found | own | events | false | false s | latency s |');
  console.log('|---|---|---|---|---|---|---|---|');
  for (const row of rows) {
    const latencies = row.latencies.map((latency) => latency.toFixed(1)).join(' ');
    console.log(
      `| ${row.file} | ${row.segments} | ${row.found} | ${row.own} | ${row.events} | ${row.falseEvents} | ${row.falseSeconds.toFixed(1)} | ${latencies} |`,
    );
  }
  const total = totalOf(rows);
  const minutes = rows.reduce((sum, row) => sum + row.freeSeconds, 0) / 60;
  console.log(
    `\n${total.segments} segments: recall ${total.recall.toFixed(3)}, own recall ${total.ownRecall.toFixed(3)}; ` +
      `${total.falsePerHour.toFixed(1)} false events an hour (in ${minutes.toFixed(1)} min without motion); ` +
      `median latency ${total.medianLatency.toFixed(1)} s; sensitivity ${sensitivity}; ` +
      `${(usage.cpuMs / usage.frames).toFixed(2)} ms CPU a frame`,
  );
}
