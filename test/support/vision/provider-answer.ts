import type { AnswerDamage } from './provider-fault.ts';
import type { ProviderKind } from './recorded-request.ts';
import type { JsonSchema } from './schema-rules.ts';

export type AnswerObject = Readonly<Record<string, unknown>>;

/** The description starts with the maker, so that a test sees who wrote it. */
export function defaultAnswer(kind: ProviderKind): AnswerObject {
  return {
    observations: ['A person in a dark coat', 'A parcel under the left arm', 'The gate stands open'],
    description: `${kind}: A person in a dark coat walks through the open gate to the front door with a parcel.`,
    title: 'Person at the front door',
    objects: ['person', 'parcel'],
    actions: ['walking', 'carrying'],
    confidence: 87,
    nothing_of_interest: false,
  };
}

const apology = "I'm sorry, but I can't help with identifying people in images.";

export function refusalText(): string {
  return apology;
}

/** The model's text for `answer`, spoilt. */
export function damagedText(how: AnswerDamage, answer: AnswerObject, schema: JsonSchema | null): string {
  const text = JSON.stringify(answer);
  const changed = (changes: AnswerObject): string => JSON.stringify({ ...answer, ...changes });
  switch (how) {
    case 'fenced':
      return `\`\`\`json\n${JSON.stringify(answer, null, 2)}\n\`\`\``;
    case 'prose_around':
      return `Here is the description of the event you asked for:\n\n${text}\n\nLet me know if you need anything else!`;
    case 'not_json':
      return 'The pictures show a person who walks to a door.';
    case 'cut_json':
      return text.slice(0, Math.floor(text.length / 2));
    case 'empty_text':
      return '';
    case 'empty_object':
      return '{}';
    case 'missing_fields':
      return JSON.stringify({ description: answer['description'] });
    case 'missing_description':
      return JSON.stringify(
        Object.fromEntries(Object.entries(answer).filter(([name]) => name !== 'description')),
      );
    case 'empty_description':
      return changed({ description: ' ' });
    case 'apology':
      return changed({ description: apology });
    case 'schema_echo':
      return JSON.stringify(schema ?? { type: 'object', properties: { description: { type: 'string' } } });
    case 'confidence_850':
      return changed({ confidence: 850 });
    case 'confidence_fraction':
      return changed({ confidence: 0.85 });
    case 'confidence_words':
      return changed({ confidence: 'high' });
    case 'long_title':
      return changed({ title: 'A person who wears a dark coat walks through a gate, '.repeat(4).trim() });
    case 'strings_for_lists':
      return changed({ objects: 'person, parcel', actions: 'walking, carrying' });
  }
  return how satisfies never;
}
