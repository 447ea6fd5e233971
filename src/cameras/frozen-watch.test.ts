import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printCells, printPicture, type PicturePrint } from '../core/picture-print.ts';
import { FrozenWatch } from './frozen-watch.ts';

/** A camera with a key frame every two seconds. */
const keyEveryMs = 2_000;

class Viewer {
  readonly watch: FrozenWatch;
  now = 0;
  print: PicturePrint = new Uint32Array(printCells).fill(1);
  #picture = 1;

  constructor(random: () => number = () => 0.5) {
    this.watch = new FrozenWatch(random);
    this.watch.connected();
  }

  /** Shows pictures for so long, each with the given cells changed; answers when a new connection was asked for. */
  show(seconds: number, changedCells: readonly number[]): number[] {
    const asked: number[] = [];
    for (const end = this.now + seconds * 1000; this.now < end; this.now += keyEveryMs) {
      this.#picture += 1;
      this.print = this.print.slice();
      for (const cell of changedCells) this.print[cell] = this.#picture;
      if (this.watch.note(this.print, this.now)) asked.push(this.now);
    }
    return asked;
  }

  reconnect(): void {
    this.watch.connected();
  }
}

const all = cells(printCells);
/** The text of a clock along the top edge. */
const clock = cells(20);

function cells(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

/** Found frozen, and just connected to anew. */
function frozen(): Viewer {
  const viewer = new Viewer();
  viewer.show(300, all);
  viewer.show(70, []);
  viewer.reconnect();
  return viewer;
}

describe('a camera with a sensor', () => {
  test('whose picture stands still to the bit for a minute is frozen, and to be connected to anew', () => {
    const viewer = new Viewer();
    expect(viewer.show(300, all)).toEqual([]);
    const frozenFrom = viewer.now;
    expect(viewer.show(50, [])).toEqual([]);
    expect(viewer.watch.isFrozen).toBe(false);
    const [asked] = viewer.show(20, []);
    expect(viewer.watch.isFrozen).toBe(true);
    expect((asked ?? 0) - frozenFrom).toBeLessThanOrEqual(62_000);
  });

  test('is frozen too when only the clock in its picture goes on', () => {
    const viewer = new Viewer();
    viewer.show(300, all);
    expect(viewer.show(70, clock)).toHaveLength(1);
  });

  test('is not frozen as long as key pictures differ, however long nothing moves', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uniqueArray(fc.nat(printCells - 1), { minLength: 80, maxLength: 200 }), {
          minLength: 5,
          maxLength: 20,
        }),
        (scenes) => {
          const viewer = new Viewer();
          viewer.show(300, all);
          for (const noisy of scenes) expect(viewer.show(30, noisy)).toEqual([]);
        },
      ),
    );
  });

  test('in the clipped black of night is not judged', () => {
    const viewer = new Viewer();
    viewer.show(300, all);
    viewer.print = new Uint32Array(printCells);
    expect(viewer.show(3600, [])).toEqual([]);
  });

  test('is not called frozen before it was seen to have noise, nor without key pictures', () => {
    const viewer = new Viewer();
    viewer.show(30, all);
    expect(viewer.show(3600, [])).toEqual([]);
    const other = new Viewer();
    other.show(300, all);
    other.now += 3_600_000;
    expect(other.show(2, [])).toEqual([]);
  });
});

test('what never had noise is never called frozen, whatever moves in it and stops', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          seconds: fc.integer({ min: 2, max: 400 }),
          from: fc.nat(printCells),
          count: fc.nat(130),
        }),
        { maxLength: 30 },
      ),
      (acts) => {
        const viewer = new Viewer();
        let asked = 0;
        for (const { seconds, from, count } of acts) {
          // A subject that moves within less than a quarter of the picture: always the same quarter here, the worst case.
          const moving = cells(count).map((cell) => (cell + (from % 10)) % 140);
          asked += viewer.show(seconds, moving).length;
          asked += viewer.show(120, []).length;
        }
        expect(asked).toBe(0);
      },
    ),
  );
});

describe('a frozen camera', () => {
  test('that comes back with the same picture stays frozen all the time, and is asked ever more seldom', () => {
    const viewer = frozen();
    const waits: number[] = [];
    let last = viewer.now;
    for (let hour = 0; hour < 6 * 3600; hour += 2) {
      for (const asked of viewer.show(2, [])) {
        waits.push(asked - last);
        last = asked;
        viewer.reconnect();
      }
      expect(viewer.watch.isFrozen).toBe(true);
    }
    expect(waits.length).toBeLessThan(30);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_802_000);
    expect(waits.slice(0, 6)).toEqual(waits.slice(0, 6).toSorted((a, b) => a - b));
  });

  test('that a new connection has woken is well after a few key pictures, and is judged as before', () => {
    const viewer = frozen();
    viewer.show(8, all);
    expect(viewer.watch.isFrozen).toBe(false);
    viewer.show(60, all);
    expect(viewer.show(66, [])).toHaveLength(1);
  });

  test('whose encoder codes the same picture in another way after the connection is still frozen', () => {
    const viewer = frozen();
    viewer.show(4, all);
    expect(viewer.watch.isFrozen).toBe(true);
    viewer.show(20, []);
    expect(viewer.watch.isFrozen).toBe(true);
  });

  test('that goes on by itself has its own idea of stillness: it gets twice as long from then on', () => {
    const viewer = frozen();
    viewer.show(60, []);
    viewer.show(400, all);
    expect(viewer.watch.isFrozen).toBe(false);
    expect(viewer.show(200, [])).toEqual([]);
    expect(viewer.watch.isFrozen).toBe(false);
    viewer.show(80, []);
    expect(viewer.watch.isFrozen).toBe(true);
  });
});

test('dice decide when a new connection is tried, so that cameras that froze together are not in step', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (value) => {
      const viewer = new Viewer(() => value);
      viewer.show(300, all);
      const [asked = 0] = viewer.show(70, []);
      const waitMs = (viewer.watch.retryAt ?? 0) - asked;
      expect(waitMs).toBeGreaterThanOrEqual(30_000);
      expect(waitMs).toBeLessThanOrEqual(60_000);
      expect(waitMs).toBeCloseTo(60_000 * (0.5 + value / 2), 6);
    }),
  );
});

describe('the print of a picture', () => {
  const width = 320;
  const height = 180;

  test('changes in the cell in which a single pixel changes, and in no other', () => {
    fc.assert(
      fc.property(fc.nat(width - 1), fc.nat(height - 1), (x, y) => {
        const gray = Uint8Array.from({ length: width * height }, (_, index) => 100 + ((index * 7) % 5));
        const before = printPicture({ width, height, gray });
        gray[y * width + x] = 120;
        const after = printPicture({ width, height, gray });
        const changed = [...before.keys()].filter((cell) => before[cell] !== after[cell]);
        expect(changed).toEqual([Math.floor(y / 10) * 32 + Math.floor(x / 10)]);
      }),
    );
  });

  test('says nothing of a cell without any structure, and reads pictures of any size', () => {
    const gray = new Uint8Array(width * height).fill(7);
    expect(new Set(printPicture({ width, height, gray }))).toEqual(new Set([0]));
    for (const [w, h] of [
      [320, 240],
      [180, 320],
      [33, 19],
      [8, 8],
    ] as const) {
      const noisy = Uint8Array.from({ length: w * h }, (_, index) => (index * 31) % 251);
      expect(printPicture({ width: w, height: h, gray: noisy })).toHaveLength(printCells);
    }
  });
});
