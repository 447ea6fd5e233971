import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import type { Picture } from '../core/frame.ts';
import { PictureFeed, type PictureViewer } from './picture-feed.ts';

class Viewer implements PictureViewer {
  readonly seen: number[] = [];
  hasEnded = false;

  onPicture({ capturedAt }: Picture): void {
    this.seen.push(capturedAt);
  }

  onEnd(): void {
    this.hasEnded = true;
  }
}

/** Pictures that take so long to be made, each of the moment at which it was asked for. */
function openFeed(costMs: number): { feed: PictureFeed; clock: FakeClock; taken: number[] } {
  const clock = new FakeClock(0);
  const taken: number[] = [];
  const take = async (): Promise<Picture> => {
    const capturedAt = clock.now();
    taken.push(capturedAt);
    if (costMs > 0) await clock.sleep(costMs);
    return { capturedAt, width: 4, height: 2, jpeg: Buffer.from('jpeg') };
  };
  return { clock, taken, feed: new PictureFeed(take, clock) };
}

async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    await clock.waitForSleepers(1);
    await clock.advance(50);
  }
}

test('each picture is made once for all, five a second at most', async () => {
  const { feed, clock, taken } = openFeed(0);
  const [first, second] = [new Viewer(), new Viewer()];
  feed.watch(first);
  feed.watch(second);
  await pass(clock, 1000);
  expect(taken).toEqual([0, 200, 400, 600, 800, 1000]);
  expect(first.seen.slice(0, 5)).toEqual(taken.slice(0, 5));
  expect(second.seen).toEqual(first.seen);
});

test('pictures that are dear come more seldom: two thirds of the time are left to the decoder', async () => {
  const { feed, clock, taken } = openFeed(300);
  feed.watch(new Viewer());
  await pass(clock, 1800);
  expect(taken).toEqual([0, 900, 1800]);
});

test('nothing is made when nobody watches', async () => {
  const { feed, clock, taken } = openFeed(0);
  const leave = feed.watch(new Viewer());
  await pass(clock, 400);
  leave();
  await feed.close();
  const count = taken.length;
  await clock.advance(10_000);
  expect(taken).toHaveLength(count);
});

test('a camera that is away is asked again, and shown when it is back', async () => {
  const clock = new FakeClock(0);
  let isAway = true;
  const feed = new PictureFeed(
    () =>
      isAway
        ? Promise.reject(new Error('away'))
        : Promise.resolve({ capturedAt: clock.now(), width: 4, height: 2, jpeg: Buffer.from('jpeg') }),
    clock,
  );
  const viewer = new Viewer();
  feed.watch(viewer);
  await pass(clock, 2500);
  expect(viewer.seen).toEqual([]);
  isAway = false;
  await pass(clock, 1000);
  expect(viewer.seen.length).toBeGreaterThan(0);
});

test('the same picture is not shown twice, and its end is told', async () => {
  const clock = new FakeClock(0);
  const picture = { capturedAt: 7, width: 4, height: 2, jpeg: Buffer.from('jpeg') };
  const feed = new PictureFeed(() => Promise.resolve(picture), clock);
  const viewer = new Viewer();
  feed.watch(viewer);
  await pass(clock, 1000);
  expect(viewer.seen).toEqual([7]);
  await feed.close();
  expect(viewer.hasEnded).toBe(true);
});
