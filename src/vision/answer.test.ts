import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readAnswer, type Answer } from './answer.ts';

const good = {
  observations: ['a man in a dark coat'],
  description: 'A man in a dark coat walks to the front door.',
  title: 'Man at the front door',
  objects: ['person'],
  actions: ['walks to the door'],
  confidence: 87,
  nothing_of_interest: false,
};

const expected: Answer = {
  text: 'A man in a dark coat walks to the front door.',
  title: 'Man at the front door',
  objects: ['person'],
  actions: ['walks to the door'],
  confidence: 87,
  isNothingOfInterest: false,
};

function answerOf(written: unknown): Answer {
  const reading = readAnswer(written);
  if (reading.kind === 'answer') return reading.answer;
  throw new Error(`unusable: ${reading.reason}`);
}

const json = JSON.stringify(good);

test.for([
  ['the object itself', good],
  ['JSON', json],
  ['JSON in fences', `\`\`\`json\n${JSON.stringify(good, null, 2)}\n\`\`\``],
  ['JSON in prose', `Here is what "I saw:\n${json}\nDo you {need} more?`],
  ['JSON after thoughts', `<think>Maybe {"description": "a dog"}?</think>${json}`],
  ['a corrected answer', `${JSON.stringify({ ...good, description: 'A dog.' })}\nNo, rather:\n${json}`],
  ['JSON with trailing commas', json.replace(']', ',]').replace(/\}$/, ',}')],
  ['JSON in a string', JSON.stringify(json)],
  ['a wrapped object', { event: good }],
  ['a list of one', [good]],
  ['other spellings of the keys', { ...good, nothing_of_interest: undefined, NothingOfInterest: false }],
  ['markup and line breaks', { ...good, description: '**A man** in a dark coat\n walks to the front door.' }],
  ['quotes around it', { ...good, description: '"A man in a dark coat walks to the front door."' }],
] as const)('%s is read', ([, written]) => {
  expect(answerOf(written)).toEqual(expected);
});

test('what is missing is left out, never made up', () => {
  expect(answerOf({ description: 'A dog runs past.' })).toEqual({
    text: 'A dog runs past.',
    title: null,
    objects: [],
    actions: [],
    confidence: null,
    isNothingOfInterest: false,
  });
});

test.for([
  [87, 87],
  ['87', 87],
  ['87 %', 87],
  ['87/100', 87],
  [0.85, 85],
  ['0.85', 85],
  [0, 0],
  [100, 100],
  [87.4, 87],
  // It may mean one per cent, or all.
  [1, null],
  [850, null],
  [-3, null],
  ['high', null],
  ['87 of 120', null],
  [null, null],
  [Number.NaN, null],
  [[87], null],
] as const)('confidence %j is taken as %j', ([confidence, taken]) => {
  expect(answerOf({ ...good, confidence }).confidence).toBe(taken);
});

test.for([
  ['person, Car ,dog', ['person', 'car', 'dog']],
  [
    ['A person', 'the car', 'Person'],
    ['person', 'car'],
  ],
  [
    [{ label: 'person' }, { name: 'dog', count: 2 }, 7, null],
    ['person', 'dog'],
  ],
  [['people'], ['person']],
  [['none'], []],
  ['n/a', []],
  [null, []],
  [{ person: 1 }, []],
] as const)('objects %j are read as %j', ([objects, read]) => {
  expect(answerOf({ ...good, objects }).objects).toEqual(read);
});

test('only the first three sentences are kept, and titles are cut between words', () => {
  const long = answerOf({
    ...good,
    description: 'One comes. Two go. Three wait at 5 p.m. near the door. Four sing. Five too.',
    title: `${'A very long title '.repeat(8)}.`,
  });
  expect(long.text).toBe('One comes. Two go. Three wait at 5 p.m. near the door.');
  expect(long.title?.length).toBeLessThanOrEqual(80);
  expect(long.title).toMatch(/^A very long title .*(?:title|long|very|A)…$/);
});

const noDescriptions = [
  '',
  '   ',
  '...',
  'string',
  '<description>',
  'N/A',
  'null',
  '1 to 3 sentences: who or what, where, doing what. Only what the pictures show.',
  "I'm sorry, but I can't help with identifying people in images.",
  'I’m really sorry, I cannot assist with that.',
  'Sorry, I am unable to do that.',
  'I cannot see any image.',
  'I don’t see an attached picture.',
  'Unfortunately, I can’t describe this.',
  'As an AI language model I have no eyes.',
  "Couldn't generate content for this request.",
  'Failed to analyze the image.',
  'Unable to process these images.',
  'Error: 500 internal server error',
  'An error occurred.',
  'No image was provided.',
  'This request violates our content policy.',
  'Es tut mir leid, das kann ich nicht beschreiben.',
  'Lo siento, no puedo ayudar con eso.',
];

test.for(noDescriptions)('%j is no description', (description) => {
  expect(readAnswer({ ...good, description }).kind).toBe('unusable');
});

test.for([
  'A man apologises to a woman at the gate and holds up a sign: "Sorry, we are closed".',
  'A courier is unable to open the gate and leaves.',
  'A person points at an error message on a screen by the door.',
  'No person is visible; the shadow of a tree moves across the yard.',
  'Null Island sticker on a parked van; a cat walks past.'.replace('Null Island', 'A Null Island'),
  '玄関に人がいます。',
  'I-beam trailer reverses into the yard.',
])('%j is one', (description) => {
  expect(answerOf({ ...good, description }).text).toBe(description);
});

test('an apology instead of an object is a refusal, other words are no answer', () => {
  expect(readAnswer("I'm sorry, but I can't help with that.").kind).toBe('refusal');
  expect(readAnswer('The pictures show a person who walks to a door.').kind).toBe('unusable');
});

test('an answer that is cut off is not used', () => {
  for (let length = 0; length < json.length; length += 1) {
    expect(readAnswer(json.slice(0, length)).kind).toBe('unusable');
  }
});

test('the reason shows no more than the first words', () => {
  const reading = readAnswer('word '.repeat(1000));
  expect(reading.kind === 'answer' ? '' : reading.reason).toMatch(/^expected a JSON object: "word .{0,100}$/);
});

test('whatever is written, it is read or refused, and what is read is within its bounds', () => {
  const field = fc.oneof(
    fc.jsonValue(),
    fc.string(),
    fc.string({ unit: 'grapheme', minLength: 200, maxLength: 3000 }),
  );
  const object = fc.record(
    {
      description: field,
      title: field,
      objects: fc.oneof(field, fc.array(field)),
      actions: fc.oneof(field, fc.array(field)),
      confidence: fc.oneof(field, fc.double()),
      nothing_of_interest: field,
    },
    { requiredKeys: [] },
  );
  const written = fc.oneof(
    fc.anything(),
    fc.string(),
    object,
    object.map((value) => JSON.stringify(value)),
    fc
      .tuple(fc.string(), object, fc.string())
      .map(([before, value, after]) => before + JSON.stringify(value) + after),
  );
  fc.assert(
    fc.property(written, (value) => {
      const reading = readAnswer(value);
      if (reading.kind !== 'answer') return reading.reason.length < 250;
      const { text, title, objects, actions, confidence } = reading.answer;
      return (
        text.trim() !== '' &&
        text.length <= 1000 &&
        (title === null || (title.length > 0 && title.length <= 80)) &&
        [objects, actions].every((list) => list.length <= 20 && list.every((entry) => entry.length <= 60)) &&
        (confidence === null || (Number.isInteger(confidence) && confidence >= 0 && confidence <= 100))
      );
    }),
    { numRuns: 500 },
  );
});

test('a sound answer is read back as it was, in whatever wrapping', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{2,9}$/), { minLength: 2, maxLength: 12 });
  const answer = fc.record({
    description: words.map((list) => `The ${list.join(' ')}.`),
    title: words
      .map((list) => list.slice(0, 5).join(' '))
      .filter((title) => !/^(?:null|none|error|text|todo)/.test(title)),
    objects: fc.uniqueArray(fc.constantFrom('person', 'car', 'dog', 'cat', 'truck')),
    confidence: fc.option(fc.integer({ min: 2, max: 100 }), { nil: null }),
    nothing_of_interest: fc.boolean(),
  });
  const wrap = fc.constantFrom<(text: string) => string>(
    (text) => text,
    (text) => `\`\`\`json\n${text}\n\`\`\``,
    (text) => `Sure! ${text} Bye.`,
    (text) => `<thinking>{not json}</thinking>\n${text}`,
    (text) => JSON.stringify(text),
  );
  fc.assert(
    fc.property(answer, wrap, (given, wrapped) => {
      expect(answerOf(wrapped(JSON.stringify(given)))).toEqual({
        text: given.description,
        title: given.title,
        objects: given.objects,
        actions: [],
        confidence: given.confidence,
        isNothingOfInterest: given.nothing_of_interest,
      });
    }),
  );
});
