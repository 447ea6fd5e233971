import { cut } from './api-page.ts';

/** Objects whose keys depend on what has happened, such as `{"overloaded": 1}`. */
const tallies = new Set(['failures', 'pipeline_errors']);

export interface ShapeMisfits {
  /** Where the sample has other keys or types than the answer. */
  readonly wrong: string[];
  /** Where the sample shows more than the answer has at all: an entry of a list that is empty, an object for null. */
  readonly unseen: string[];
}

/** Compares the keys and the types of a sample, in which `cut` stands for what is left out, with those of an answer. */
export function shapeMisfits(sample: unknown, answer: unknown, path = ''): ShapeMisfits {
  const nothing = { wrong: [], unseen: [] };
  if (sample === cut || sample === null) return nothing;
  if (answer === null) return { wrong: [], unseen: isObject(sample) ? [path] : [] };
  if (Array.isArray(sample)) {
    if (!Array.isArray(answer)) return { wrong: [`${path}: no list`], unseen: [] };
    const entries = sample.filter((entry) => entry !== cut);
    if (answer.length === 0) return { wrong: [], unseen: entries.length === 0 ? [] : [`${path}[]`] };
    return merged(entries.map((entry) => nearestShape(entry, answer, `${path}[]`)));
  }
  if (typeof sample !== typeof answer || Array.isArray(answer)) {
    return { wrong: [`${path}: ${typeof sample}, not ${typeof answer}`], unseen: [] };
  }
  if (!isObject(sample) || !isObject(answer) || tallies.has(path.slice(path.lastIndexOf('.') + 1)))
    return nothing;
  const keys = Object.keys(sample).filter((key) => key !== cut);
  const isCut = Object.hasOwn(sample, cut);
  return merged([
    {
      wrong: [
        ...keys
          .filter((key) => !Object.hasOwn(answer, key))
          .map((key) => `${path}.${key}: not in the answer`),
        ...Object.keys(answer)
          .filter((key) => !isCut && !Object.hasOwn(sample, key))
          .map((key) => `${path}.${key}: not in the sample`),
      ],
      unseen: [],
    },
    ...keys
      .filter((key) => Object.hasOwn(answer, key))
      .map((key) => shapeMisfits(sample[key], answer[key], `${path}.${key}`)),
  ]);
}

/** Entries of one list may differ in what is null: the one that fits best counts. */
export function nearestShape(sample: unknown, answers: readonly unknown[], path: string): ShapeMisfits {
  const found = answers.map((answer) => shapeMisfits(sample, answer, path));
  const [best = { wrong: [], unseen: [path] }] = found.toSorted(
    (a, b) => a.wrong.length - b.wrong.length || a.unseen.length - b.unseen.length,
  );
  return best;
}

function merged(parts: readonly ShapeMisfits[]): ShapeMisfits {
  return { wrong: parts.flatMap(({ wrong }) => wrong), unseen: parts.flatMap(({ unseen }) => unseen) };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
