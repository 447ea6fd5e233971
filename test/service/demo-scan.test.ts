import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { scan } from '../../src/app/scan.ts';
import { renderDemoScene } from '../../src/cameras/demo-scene.ts';
import { silentLog } from '../../src/core/log.ts';
import { writeClip } from '../../src/media/clip-writer.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** Every second picture is enough: motion is looked for five times a second. */
const every = 2;

test('scan finds every pass of the demo street and names who passes', { timeout: 180_000 }, async () => {
  await using dir = await makeTempDir();
  const scene = renderDemoScene();
  const clip = dir.file('street.mp4');
  const { width, height } = scene;
  await writeClip(
    { path: clip, width, height, framesPerSecond: scene.framesPerSecond / every },
    scene.frames(every),
  );
  const events = await scan({
    files: [clip],
    dataDir: dir.file('data'),
    framesPerSecond: 5,
    sensitivity: 'medium',
    cooldownSeconds: 0,
    isDescribing: true,
    isExplaining: true,
    picturesDir: dir.file('pictures'),
    log: silentLog(),
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  expect(events).toHaveLength(scene.truth.length);
  for (const [index, { start, end, labels }] of scene.truth.entries()) {
    const event = events[index];
    expect(event?.start).toBeGreaterThanOrEqual(start - 1);
    expect(event?.start).toBeLessThanOrEqual(start + 2);
    expect(event?.end).toBeGreaterThanOrEqual(end - 2);
    expect(event?.end).toBeLessThanOrEqual(end + 3);
    expect(event?.labels).toEqual(expect.arrayContaining([labels[0]]));
    expect(event?.thumbnail).toMatch(/\.jpg$/);
    expect(event?.why).toMatch(
      /^Something of .* of the picture moved .* to the (?:right|left) in .* Nearest guard: /,
    );
    expect(event?.guards?.[0]?.margin).toBeGreaterThan(1);
  }
  const names = scene.truth.flatMap((_, index) => [`-${index + 1}-heatmap.jpg`, `-${index + 1}.jpg`]);
  expect((await readdir(dir.file('pictures'))).toSorted()).toEqual(
    names.map((name) => `street.mp4${name}`).toSorted(),
  );
});
