import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../../test/support/render-clip.ts';
import type { DecodeMode } from '../core/camera-settings.ts';
import { DecodeGate, type DecodeProof, type GateDecision } from './decode-gate.ts';

const second = 1_000_000;
const framesPerSecond = 15;

interface Stream {
  readonly mode?: DecodeMode;
  readonly seconds: number;
  /** Bytes of the frames between key frames. */
  readonly sizeAt: (seconds: number) => number;
  readonly isMovingAt: (seconds: number) => boolean;
  readonly keyframeSeconds?: number;
  /** Of the first packet. */
  readonly from?: number;
  /** Of the connection before. */
  readonly proof?: DecodeProof | undefined;
}

interface Run {
  readonly decisions: readonly { readonly seconds: number; readonly decision: GateDecision }[];
  readonly gate: DecodeGate;
  /** Share of the packets between two times that were not decoded. */
  heldShare(from: number, to: number): number;
}

/** Plays a stream through a gate; the verdicts on the decoded frames come 5 times a second, as from motion analysis. */
function play({
  mode = 'auto',
  seconds,
  sizeAt,
  isMovingAt,
  keyframeSeconds = 2,
  from = 0,
  proof,
}: Stream): Run {
  const gate = new DecodeGate(mode);
  if (proof !== undefined) gate.resume(proof, from * second);
  const decisions: { seconds: number; decision: GateDecision }[] = [];
  for (let frame = 0; frame < seconds * framesPerSecond; frame += 1) {
    const at = from + frame / framesPerSecond;
    const timeUs = Math.round(at * second);
    const isKeyframe = frame % (keyframeSeconds * framesPerSecond) === 0;
    const decision = gate.admit({ timeUs, isKeyframe, sizeBytes: isKeyframe ? 60_000 : sizeAt(at) });
    decisions.push({ seconds: at, decision });
    const isJudged = frame % 3 === 0 || isKeyframe || decision === 'open';
    if (decision === 'hold' || !isJudged) continue;
    const isMotion = isMovingAt(at);
    gate.note({ timeUs, isMotion, isCalm: !isMotion });
  }
  return {
    decisions,
    gate,
    heldShare(from, to) {
      const within = decisions.filter((each) => each.seconds >= from && each.seconds < to);
      return within.filter(({ decision }) => decision === 'hold').length / within.length;
    },
  };
}

/** Sizes of a calm encoder: around `typical`, now and then a little more. */
function calmSizes(typical: number, seed = 1): () => number {
  const random = createRandom(seed);
  return () => typical * (0.85 + 0.3 * random());
}

/** Four seconds of motion every half minute. */
function passes(seconds: number): boolean {
  return seconds > 20 && seconds % 30 < 4;
}

function passesAtFirst(seconds: number): boolean {
  return seconds < 240 && passes(seconds);
}

function passesAndOnceMore(seconds: number): boolean {
  return passesAtFirst(seconds) || (seconds >= 400 && seconds < 410);
}

function passesOnce(seconds: number): boolean {
  return seconds >= 200 && seconds < 205;
}

test('a stream whose sizes show every motion is decoded at its key frames only, once it has proved it', () => {
  const calm = calmSizes(400);
  const run = play({
    seconds: 600,
    sizeAt: (at) => (passes(at) ? 6000 : calm()),
    isMovingAt: passes,
  });
  expect(run.heldShare(0, 90)).toBe(0);
  // 26 of 30 s are still, of which 8 pass until it closes again; every sixteenth group is decoded all the same.
  expect(run.heldShare(300, 600)).toBeGreaterThan(0.45);
  const onsets = Array.from({ length: 9 }, (_, index) => 330 + index * 30);
  for (const onset of onsets) {
    const around = run.decisions.filter(({ seconds }) => seconds > onset + 0.2 && seconds < onset + 4);
    expect(around.filter(({ decision }) => decision === 'hold')).toEqual([]);
  }
});

test('a still scene that follows the proof is hardly decoded, and says why', () => {
  const calm = calmSizes(400);
  const run = play({
    seconds: 600,
    sizeAt: (at) => (passesAtFirst(at) ? 6000 : calm()),
    isMovingAt: passesAtFirst,
  });
  expect(run.heldShare(270, 600)).toBeGreaterThan(0.88);
  expect(run.gate.state).toEqual({ mode: 'keyframes', reason: 'proved' });
});

test('constant bit rate tells nothing, and everything is decoded', () => {
  const sizes = calmSizes(8000);
  const run = play({ seconds: 900, sizeAt: sizes, isMovingAt: passes });
  expect(run.heldShare(0, 900)).toBe(0);
  expect(run.gate.state.mode).toBe('full');
});

test('without any motion nothing is proved', () => {
  const run = play({ seconds: 900, sizeAt: calmSizes(400), isMovingAt: () => false });
  expect(run.heldShare(0, 900)).toBe(0);
  expect(run.gate.state.reason).toBe('the sizes of its coded frames showed 0 of 3 motions so far');
});

test('a motion that the sizes did not show ends the trust for ten minutes', () => {
  const calm = calmSizes(400);
  const run = play({
    seconds: 990,
    // What moves at 400 s does so without a trace in the sizes: only the key frames show it.
    sizeAt: (at) => (passesAtFirst(at) ? 6000 : calm()),
    isMovingAt: passesAndOnceMore,
  });
  expect(run.heldShare(300, 400)).toBeGreaterThan(0.8);
  expect(run.heldShare(403, 990)).toBe(0);
  expect(run.gate.state.reason).toContain('did not show');
});

/** Ten minutes in which it proves itself. */
function provedUntil600(): DecodeProof | undefined {
  const calm = calmSizes(400);
  const { gate } = play({
    seconds: 600,
    sizeAt: (at) => (passesAtFirst(at) ? 6000 : calm()),
    isMovingAt: passesAtFirst,
  });
  return gate.proof;
}

test('what a stream has proved holds for its next connection, once that has shown to be the same', () => {
  const calm = calmSizes(400, 2);
  const proof = structuredClone(provedUntil600());
  const run = play({
    seconds: 60,
    from: 630,
    proof,
    sizeAt: (at) => (at >= 660 && at < 664 ? 6000 : calm()),
    isMovingAt: (at) => at >= 660 && at < 664,
  });
  // Motion analysis learns its scene meanwhile.
  expect(run.heldShare(630, 640)).toBe(0);
  expect(run.heldShare(642, 660)).toBeGreaterThan(0.88);
  expect(run.heldShare(660.2, 664)).toBe(0);
});

test.each([
  ['other distances of its key frames', { from: 630, keyframeSeconds: 4, typicalBytes: 400 }],
  ['a smaller bit rate', { from: 630, keyframeSeconds: 2, typicalBytes: 150 }],
  [
    'a connection that comes a quarter of an hour later',
    { from: 1500, keyframeSeconds: 2, typicalBytes: 400 },
  ],
])('%s: it proves itself anew', (_, { from, keyframeSeconds, typicalBytes }) => {
  const run = play({
    seconds: 120,
    from,
    keyframeSeconds,
    proof: provedUntil600(),
    sizeAt: calmSizes(typicalBytes, 2),
    isMovingAt: () => false,
  });
  expect(run.heldShare(from, from + 120)).toBe(0);
  expect(run.gate.state.reason).toContain('0 of 3 motions');
});

test('a motion that the sizes did not show is not forgotten with the connection', () => {
  const calm = calmSizes(400);
  const before = play({
    seconds: 420,
    sizeAt: (at) => (passesAtFirst(at) ? 6000 : calm()),
    isMovingAt: passesAndOnceMore,
  });
  const run = play({
    seconds: 400,
    from: 425,
    proof: before.gate.proof,
    sizeAt: calm,
    isMovingAt: () => false,
  });
  expect(run.heldShare(425, 825)).toBe(0);
  expect(run.gate.state.reason).toContain('did not show');
});

test.each([0.4, 8])('key frames every %d s do not fit', (keyframeSeconds) => {
  const calm = calmSizes(400);
  const run = play({
    mode: 'keyframes',
    seconds: 300,
    sizeAt: calm,
    isMovingAt: () => false,
    keyframeSeconds,
  });
  expect(run.heldShare(0, 300)).toBe(0);
  expect(run.gate.state.reason).toContain('expected 1 to 5 s');
});

test('set to key frames it needs no proof and opens all the same', () => {
  const calm = calmSizes(400);
  const run = play({
    mode: 'keyframes',
    seconds: 300,
    sizeAt: (at) => (passesOnce(at) ? 6000 : calm()),
    isMovingAt: passesOnce,
  });
  expect(run.heldShare(10, 200)).toBeGreaterThan(0.9);
  expect(run.heldShare(200.3, 205)).toBe(0);
});

test('whatever comes: full decodes all, key frames are always decoded, and what is held is bounded', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<DecodeMode>('auto', 'full', 'keyframes'),
      fc.array(
        fc.record({
          stepUs: fc.integer({ min: -2 * second, max: 2 * second }),
          isKeyframe: fc.boolean(),
          sizeBytes: fc.oneof(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 9_000_000 })),
          verdict: fc.constantFrom('none', 'calm', 'small', 'motion'),
        }),
        { maxLength: 1500 },
      ),
      (mode, steps) => {
        const gate = new DecodeGate(mode);
        let timeUs = 1_000_000_000_000;
        let held = 0;
        for (const { stepUs, isKeyframe, sizeBytes, verdict } of steps) {
          timeUs += stepUs;
          const decision = gate.admit({ timeUs, isKeyframe, sizeBytes });
          expect(decision === 'decode' || (mode !== 'full' && !isKeyframe)).toBe(true);
          held = decision === 'hold' ? held + 1 : 0;
          expect(held).toBeLessThanOrEqual(400);
          if (verdict === 'none') continue;
          const isReleased = gate.note({
            timeUs,
            isMotion: verdict === 'motion',
            isCalm: verdict === 'calm',
          });
          if (isReleased) held = 0;
          expect(verdict === 'motion' && gate.state.mode !== 'full').toBe(false);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('what may move unseen opens the gate, and for a moment only', () => {
  const { gate } = play({ mode: 'keyframes', seconds: 20, sizeAt: () => 1000, isMovingAt: () => false });
  const packet = (seconds: number, isKeyframe = false): GateDecision =>
    gate.admit({ timeUs: seconds * second, isKeyframe, sizeBytes: isKeyframe ? 60_000 : 1000 });
  expect(packet(20, true)).toBe('decode');
  expect(packet(20.1)).toBe('hold');
  expect(gate.expectMotion()).toBe(true);
  expect(packet(20.2)).toBe('decode');
  expect(gate.expectMotion()).toBe(false);
  packet(22, true);
  expect(packet(22.1)).toBe('decode');
  packet(24, true);
  expect(packet(24.1)).toBe('hold');
});
