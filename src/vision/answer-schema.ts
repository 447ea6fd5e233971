import type { JSONSchema7 } from 'ai';

/**
 * What a model is asked to fill in. In the order in which it is to be written: who notes first what is to be seen says
 * less that is not. Only what every maker's structured output understands: all keys required, none else allowed, no
 * limits of length or range (`answer.ts` minds those).
 */
export const answerSchema = {
  type: 'object',
  properties: {
    observations: {
      type: 'array',
      items: { type: 'string' },
      description: 'Up to 4 short notes of what is plainly visible, before any conclusion.',
    },
    description: {
      type: 'string',
      description: '1 to 3 sentences: who or what, where, doing what. Only what the pictures show.',
    },
    title: { type: 'string', description: 'At most 80 characters.' },
    objects: {
      type: 'array',
      items: { type: 'string' },
      description:
        'What the event is about, one lower-case English noun each: person, car, dog, package. Nothing that only stands in the background.',
    },
    actions: {
      type: 'array',
      items: { type: 'string' },
      description: 'What is done, a few words each.',
    },
    confidence: {
      type: ['integer', 'null'],
      description: '0 to 100: how sure you are of the description; null when you cannot tell.',
    },
    nothing_of_interest: {
      type: 'boolean',
      description: 'True when no person, vehicle, animal or left object is part of the motion.',
    },
  },
  required: [
    'observations',
    'description',
    'title',
    'objects',
    'actions',
    'confidence',
    'nothing_of_interest',
  ],
  additionalProperties: false,
} as const satisfies JSONSchema7;

/** For servers that take no schema: the same in words. */
export const answerInWords = `Answer with one JSON object and nothing else, with exactly these keys, in this order:
${Object.entries<Field>(answerSchema.properties)
  .map(([key, { type, description }]) => `"${key}": ${wordsFor(type)}. ${description}`)
  .join('\n')}`;

interface Field {
  readonly type: string | readonly string[];
  readonly description: string;
}

function wordsFor(type: Field['type']): string {
  if (type === 'array') return 'list of strings';
  return typeof type === 'string' ? type : type.join(' or ');
}
