import { expect, test } from 'vitest';
import { leanAllocator } from './lean-memory.ts';

test("the allocator's settings are given, and a choice of the user stays", () => {
  expect(leanAllocator({ PATH: '/bin', MALLOC_ARENA_MAX: '8' })).toEqual({
    MALLOC_ARENA_MAX: '8',
    MALLOC_MMAP_THRESHOLD_: '131072',
    MALLOC_TRIM_THRESHOLD_: '262144',
  });
});
