import { beforeAll, describe, expect, it } from 'vitest';
import { paintDemoFrames } from './demo-frames.ts';
import { renderDemoScene, type DemoScene } from './demo-scene.ts';

/** Far above the noise (standard deviation 1.7 in each of two pictures, all three channels in step). */
const changed = 45;

/** Every fifth picture is painted: twice a second. */
const every = 5;

interface Look {
  readonly time: number;
  readonly sizeBytes: number;
  /** How many of the pixels looked at differ from the empty street. */
  readonly changedPixels: number;
}

function differenceFrom(empty: Uint8Array, picture: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < picture.length; i += 3 * 7) {
    const difference =
      Math.abs((picture[i] ?? 0) - (empty[i] ?? 0)) +
      Math.abs((picture[i + 1] ?? 0) - (empty[i + 1] ?? 0)) +
      Math.abs((picture[i + 2] ?? 0) - (empty[i + 2] ?? 0));
    if (difference > changed) count += 1;
  }
  return count;
}

/** One for each thread that has not ended. */
function portCount(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'MessagePort').length;
}

describe('the scene of the demo camera', () => {
  let scene: DemoScene;
  const looks: Look[] = [];
  const sample: Uint8Array[] = [];

  beforeAll(async () => {
    scene = renderDemoScene();
    let empty: Uint8Array | undefined;
    for await (const picture of scene.frames(every)) {
      empty ??= picture;
      if (sample.length < 3) sample.push(picture);
      const time = (looks.length * every) / scene.framesPerSecond;
      looks.push({ time, sizeBytes: picture.length, changedPixels: differenceFrom(empty, picture) });
    }
  }, 120_000);

  it('has the promised size and number of pictures', () => {
    expect(looks).toHaveLength((scene.seconds * scene.framesPerSecond) / every);
    expect(new Set(looks.map((look) => look.sizeBytes))).toEqual(new Set([scene.width * scene.height * 3]));
  });

  it('changes only while its truth says that something passes', () => {
    const between = looks.filter(({ time }) =>
      scene.truth.every((pass) => time < pass.start || time > pass.end),
    );
    expect(between.length).toBeGreaterThan(90);
    expect(between.filter((look) => look.changedPixels > 0)).toEqual([]);
  });

  it('shows every pass of its truth for nearly all of the time it says', () => {
    const labels = new Set(scene.truth.flatMap((pass) => pass.labels));
    expect(labels).toEqual(new Set(['car', 'person', 'bus', 'dog']));
    for (const pass of scene.truth) {
      const during = looks.filter((look) => look.time >= pass.start && look.time <= pass.end);
      const seen = during.filter((look) => look.changedPixels > 50);
      expect(seen.length / during.length).toBeGreaterThan(0.85);
    }
  });

  it('leaves it quiet long enough for the background to be learnt and each event to end', () => {
    const [first] = scene.truth;
    const last = scene.truth.at(-1);
    expect(first?.start).toBeGreaterThanOrEqual(8);
    expect(scene.seconds - (last?.end ?? Infinity)).toBeGreaterThan(3);
    const gaps = scene.truth.slice(1).map((pass, i) => pass.start - (scene.truth[i]?.end ?? Infinity));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(8);
  });

  it('is the same in every run', () => {
    expect(sample).toHaveLength(3);
    const again = paintDemoFrames(every);
    for (const picture of sample)
      expect(Buffer.compare(again.next().value ?? new Uint8Array(), picture)).toBe(0);
  });

  it('ends its thread when the reader stops early', async () => {
    const before = portCount();
    const frames = renderDemoScene().frames()[Symbol.asyncIterator]();
    expect((await frames.next()).done).toBe(false);
    expect(portCount()).toBeGreaterThan(before);
    await frames.return?.();
    expect(portCount()).toBe(before);
  });
});
