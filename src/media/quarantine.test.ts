import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { Quarantine } from './quarantine.ts';

const all = new Set(['a', 'b', 'c']);

function isolated(quarantine: Quarantine): string[] {
  return [...all].filter((id) => quarantine.isIsolated(id));
}

test('the only suspect of a loss is isolated at once', () => {
  const quarantine = new Quarantine(new FakeClock());
  expect(quarantine.noteLoss(new Set(['b']), false)).toEqual(['b']);
  expect(isolated(quarantine)).toEqual(['b']);
});

test('several suspects are isolated when it happens to them again', () => {
  const quarantine = new Quarantine(new FakeClock());
  expect(quarantine.noteLoss(all, false)).toEqual([]);
  expect(isolated(quarantine)).toEqual([]);
  expect(quarantine.noteLoss(new Set(['a', 'b']), false)).toEqual(['a', 'b']);
  expect(isolated(quarantine)).toEqual(['a', 'b']);
});

test('a camera that loses a process of its own clears those that were suspected with it', () => {
  const quarantine = new Quarantine(new FakeClock());
  quarantine.noteLoss(all, false);
  quarantine.noteLoss(all, false);
  expect(isolated(quarantine)).toEqual(['a', 'b', 'c']);
  expect(quarantine.noteLoss(new Set(['c']), true)).toEqual([]);
  expect(isolated(quarantine)).toEqual(['c']);
});

test('a lone suspect in a shared process clears nobody', () => {
  const quarantine = new Quarantine(new FakeClock());
  quarantine.noteLoss(all, false);
  quarantine.noteLoss(all, false);
  quarantine.noteLoss(new Set(['c']), false);
  expect(isolated(quarantine)).toEqual(['a', 'b', 'c']);
});

test('ten minutes after the last suspicion a camera is trusted again', async () => {
  const clock = new FakeClock();
  const quarantine = new Quarantine(clock);
  quarantine.noteLoss(new Set(['a']), true);
  await clock.advance(300_000);
  quarantine.noteLoss(new Set(['b']), true);
  await clock.advance(300_000);
  expect(isolated(quarantine)).toEqual(['b']);
  // What is forgotten does not count as a first time either.
  expect(quarantine.noteLoss(new Set(['a', 'c']), false)).toEqual([]);
});
