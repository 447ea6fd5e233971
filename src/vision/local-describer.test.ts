import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppError } from '../core/errors.ts';
import type { Detection } from '../core/event.ts';
import { clipToPicture, type Box } from '../core/geometry.ts';
import type { DetectionRequest, ObjectDetector } from '../core/object-detector.ts';
import { isCarried, kindOf } from './kinds.ts';
import { createLocalDescriber } from './local-describer.ts';
import type { DescribeFrame, DescribeInput } from './vision-provider.ts';

const { signal } = new AbortController();

/** A detector that sees what it is told to, frame by frame; the frame's number is its picture. */
function scriptedDetector(script: readonly (readonly Detection[] | Error)[]) {
  const requests: DetectionRequest[] = [];
  const detector: ObjectDetector = {
    model: 'scripted',
    detect: (request) => {
      requests.push(request);
      const answer = script[request.jpeg[0] ?? -1];
      if (answer instanceof Error) return Promise.reject(answer);
      return Promise.resolve([...(answer ?? [])]);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return { detector, requests };
}

function inputOf(regions: readonly (readonly Box[])[], more: Partial<DescribeInput> = {}): DescribeInput {
  const frames = regions.map((boxes, index): DescribeFrame => ({
    capturedAt: 1_700_000_000_000 + index * 500,
    jpeg: Uint8Array.of(index),
    regions: boxes.map((box) => ({ box, area: 0.01 })),
  }));
  return {
    eventId: 'event',
    cameraId: 'camera',
    cameraName: 'Yard',
    isLocalOnly: false,
    startedAt: 1_700_000_000_000,
    frames,
    motion: null,
    ...more,
  };
}

async function describeScript(script: readonly (readonly Detection[] | Error)[], input: DescribeInput) {
  await using describer = createLocalDescriber(scriptedDetector(script));
  return await describer.describe(input, signal);
}

const walkerAt = (x: number): Detection => ({ label: 'person', score: 0.81, box: [x, 0.4, 0.08, 0.3] });
const farOffAt = (x: number): Detection => ({ label: 'person', score: 0.7, box: [x, 0.1, 0.05, 0.2] });
const vehicleAt = (label: string, x: number): Detection => ({ label, score: 0.7, box: [x, 0.4, 0.1, 0.1] });
const parked: Detection = { label: 'car', score: 0.9, box: [0.6, 0.3, 0.25, 0.2] };

test('what moves is described, what stands in the background is only among the detections', async () => {
  const steps = [0.1, 0.2, 0.3, 0.4];
  const described = await describeScript(
    steps.map((x) => [parked, walkerAt(x)]),
    inputOf(steps.map((x) => [walkerAt(x).box])),
  );
  expect(described).toEqual({
    text: 'A person walks to the right.',
    title: 'A person walks to the right',
    confidence: 81,
    objects: ['person'],
    actions: ['walks to the right'],
    isNothingOfInterest: false,
    detections: [parked, walkerAt(0.1)],
    provider: 'local',
    model: 'scripted',
    costUsd: 0,
    usage: null,
  });
});

test('who walks where no motion was seen is counted, a row of parked cars is not', async () => {
  const elsewhere: Detection = { ...parked, box: [0.3, 0.3, 0.25, 0.2] };
  const described = await describeScript(
    [
      [walkerAt(0.1), farOffAt(0.9), parked],
      [walkerAt(0.2), farOffAt(0.85), elsewhere],
    ],
    inputOf([[walkerAt(0.1).box], [walkerAt(0.2).box]]),
  );
  expect(described).toMatchObject({ objects: ['person'] });
  expect(described.text).toMatch(/^Two people/);
});

test('the detector is shown where something moved', async () => {
  const { detector, requests } = scriptedDetector([[]]);
  await createLocalDescriber({ detector }).describe(inputOf([[[0.1, 0.2, 0.3, 0.4]]]), signal);
  expect(requests.map(({ focus }) => focus)).toEqual([[[0.1, 0.2, 0.3, 0.4]]]);
});

test('a frame that does not know what moved uses what opened the event', async () => {
  const motion = {
    score: 1,
    zones: [],
    reason: 'motion',
    regions: [{ box: walkerAt(0.1).box, area: 0.02 }],
  } as const;
  const described = await describeScript([[parked, walkerAt(0.1)]], inputOf([[]], { motion }));
  expect(described.objects).toEqual(['person']);
});

test('motion without anything known is said to be just that, without a confidence', async () => {
  const logo: Detection = { label: 'frisbee', score: 0.9, box: [0.4, 0.4, 0.2, 0.2] };
  const described = await describeScript([[logo], [parked]], inputOf([[logo.box], [logo.box]]));
  expect(described).toMatchObject({ text: 'Motion, but nothing recognised.', confidence: null, objects: [] });
});

test('a picture of which no motion is known is described by all that is in it', async () => {
  const described = await describeScript([[walkerAt(0.2), parked]], inputOf([[]]));
  expect(described).toMatchObject({
    text: 'A person and a car.',
    objects: ['person', 'car'],
    confidence: 90,
  });
});

test('a carried thing is mentioned with its person, the same thing on its own is not', async () => {
  const bag: Detection = { label: 'backpack', score: 0.6, box: [0.21, 0.45, 0.05, 0.1] };
  expect(await describeScript([[walkerAt(0.2), bag]], inputOf([[]]))).toMatchObject({
    text: 'A person with a backpack.',
    objects: ['person', 'backpack'],
  });
  expect(await describeScript([[bag]], inputOf([[]]))).toMatchObject({ objects: [] });
});

test('vehicles that are not told apart are counted together, their names still found', async () => {
  const described = await describeScript(
    [
      [vehicleAt('car', 0.1), vehicleAt('car', 0.4)],
      [vehicleAt('car', 0.1), vehicleAt('truck', 0.4)],
    ],
    inputOf([[], []]),
  );
  expect(described).toMatchObject({ text: 'Two vehicles.', objects: ['vehicle', 'car'] });
});

test('the detections are those of the picture that stands for the event', async () => {
  const input = inputOf([[], []]);
  const described = await describeScript([[walkerAt(0.2), parked], [walkerAt(0.3)]], {
    ...input,
    bestCapturedAt: input.frames[1]?.capturedAt ?? 0,
  });
  expect(described.detections).toEqual([walkerAt(0.3)]);
});

test('one unreadable picture costs only itself', async () => {
  const broken = new AppError('PICTURE_INVALID', 'no JPEG');
  expect(await describeScript([broken, [walkerAt(0.2)]], inputOf([[], []]))).toMatchObject({
    objects: ['person'],
  });
  await expect(describeScript([broken, broken], inputOf([[], []]))).rejects.toMatchObject({
    code: 'DESCRIBE_FAILED',
    isRetryable: false,
  });
});

test('a failure of the detector that may pass is one that may be tried again', async () => {
  const failure = new AppError('DETECTION_FAILED', 'the thread died');
  await expect(describeScript([failure], inputOf([[]]))).rejects.toMatchObject({
    code: 'DESCRIBE_FAILED',
    isRetryable: true,
  });
});

test('an abort is passed on as one', async () => {
  const aborted = new DOMException('aborted', 'AbortError');
  await expect(describeScript([aborted, [walkerAt(0.2)]], inputOf([[], []]))).rejects.toBe(aborted);
});

const numberWords = [
  'a',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
];
const plurals: Readonly<Record<string, string>> = { people: 'person', buses: 'bus', sheep: 'sheep' };

function fits({ label }: Detection, noun: string): boolean {
  return label === noun || kindOf(label) === noun;
}

/** What a description claims: how many of what. */
function claimsOf(text: string): { count: number; noun: string }[] {
  const listed = text.split('.')[0] ?? '';
  return [
    ...listed
      .toLowerCase()
      .matchAll(/\b(an?|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\d+) ([a-z]+)/g),
  ].map(([, amount = '', noun = '']) => {
    const word = amount === 'an' ? 'a' : amount;
    const count = numberWords.includes(word) ? numberWords.indexOf(word) + 1 : Number(word);
    return { count, noun: count === 1 ? noun : (plurals[noun] ?? noun.replace(/s$/, '')) };
  });
}

const share = fc.double({ min: 0, max: 1, noNaN: true });
const size = fc.double({ min: 0.02, max: 0.6, noNaN: true });
const anyBox = fc
  .tuple(share, share, size, size)
  .map((box) => clipToPicture(box))
  .filter((box) => box[2] > 0.01 && box[3] > 0.01);
const anyDetection = fc.record({
  label: fc.constantFrom(
    'person',
    'car',
    'truck',
    'bus',
    'bicycle',
    'dog',
    'bird',
    'sheep',
    'backpack',
    'umbrella',
    'frisbee',
    'suitcase',
    'boat',
  ),
  score: fc.double({ min: 0.3, max: 1, noNaN: true }),
  box: anyBox,
});
const anyFrame = fc.record({
  detections: fc.array(anyDetection, { maxLength: 8 }),
  regions: fc.array(anyBox, { maxLength: 3 }),
});

test('whatever was seen, the description claims no label that was not seen and no more than was seen at once', async () => {
  let described = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyFrame, { minLength: 1, maxLength: 6 }), async (frames) => {
      const { text, objects, confidence } = await describeScript(
        frames.map(({ detections }) => detections),
        inputOf(frames.map(({ regions }) => regions)),
      );
      expect(text).toMatch(/^[A-Z0-9][^.]*\.( The [^.]*\.)?$/);
      expect(text).not.toMatch(/package|frisbee|boat/);
      expect(confidence === null).toBe(objects.length === 0);
      expect(/nothing recognised/i.test(text)).toBe(objects.length === 0);
      if (objects.length === 0) return;
      described += 1;
      const all = frames.flatMap(({ detections }) => detections);
      expect(objects.filter((noun) => !all.some((detection) => fits(detection, noun)))).toEqual([]);
      const claims = claimsOf(text);
      expect(claims.length).toBeGreaterThan(0);
      for (const { count, noun } of claims) {
        expect(objects).toContain(noun);
        // A track's label is that of most of its sightings, so at any one moment only its kind is certain.
        const same = (label: string) =>
          isCarried(noun) ? label === noun : kindOf(label) === (kindOf(noun) ?? noun);
        const most = Math.max(
          ...frames.map(({ detections }) => detections.filter(({ label }) => same(label)).length),
        );
        expect(count).toBeLessThanOrEqual(most);
      }
      expect(confidence).toBeGreaterThanOrEqual(30);
      expect(confidence).toBeLessThanOrEqual(Math.round(100 * Math.max(...all.map(({ score }) => score))));
    }),
    { numRuns: 400 },
  );
  // The property would hold of a describer that never recognises anything.
  expect(described).toBeGreaterThan(100);
});
