import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { displayAspect, grayDimensions, pictureDimensions } from './picture-dimensions.ts';

const square = { num: 1, den: 1 };

describe('the analysis picture', () => {
  test('is 320 × 180 for 16:9, and as many pixels for other shapes', () => {
    expect(grayDimensions({ width: 1920, height: 1080 }, 16 / 9)).toEqual({ width: 320, height: 180 });
    expect(grayDimensions({ width: 1600, height: 1200 }, 4 / 3)).toEqual({ width: 278, height: 208 });
  });

  test('is even, of the right shape, and never larger than the source', () => {
    const side = fc.integer({ min: 64, max: 4096 });
    fc.assert(
      fc.property(side, side, (width, height) => {
        const gray = grayDimensions({ width, height }, width / height);
        expect([gray.width % 2, gray.height % 2]).toEqual([0, 0]);
        expect(gray.width).toBeLessThanOrEqual(width + 1);
        expect(gray.height).toBeLessThanOrEqual(height + 1);
        expect(gray.width * gray.height).toBeLessThanOrEqual(57_600 * 1.2);
      }),
    );
  });
});

describe('the full-resolution picture', () => {
  test('keeps the size up to 1920 pixels', () => {
    expect(pictureDimensions({ width: 1280, height: 720 }, 16 / 9)).toEqual({ width: 1280, height: 720 });
    expect(pictureDimensions({ width: 3840, height: 2160 }, 16 / 9)).toEqual({ width: 1920, height: 1080 });
    expect(pictureDimensions({ width: 1080, height: 2400 }, 0.45)).toEqual({ width: 864, height: 1920 });
  });

  test('has square pixels where the video has none', () => {
    const source = { width: 704, height: 576 };
    const aspect = displayAspect(source, { num: 12, den: 11 });
    expect(pictureDimensions(source, aspect)).toEqual({ width: 768, height: 576 });
  });

  test('takes an unknown pixel shape as square', () => {
    expect(displayAspect({ width: 200, height: 100 }, { num: 0, den: 1 })).toBe(2);
    expect(displayAspect({ width: 200, height: 100 }, square)).toBe(2);
  });
});
