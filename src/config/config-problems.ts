import { z } from 'zod';
import { redact } from '../core/redact.ts';
import type { ConfigSchema } from './config-schema.ts';
import type { DocumentPath } from './env-substitution.ts';

export interface ConfigProblem {
  readonly path: DocumentPath;
  readonly message: string;
}

/** The part of a JSON Schema that the configuration uses. */
const schemaNode = z.object({
  // What may be null as well says so in a list of types.
  type: z
    .union([z.string(), z.array(z.string()).transform((types) => types.find((type) => type !== 'null'))])
    .optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.string()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  required: z.array(z.string()).optional(),
  get properties() {
    return z.record(z.string(), schemaNode).optional();
  },
  get items() {
    // A tuple says `false`: nothing stands behind its parts.
    return z.union([schemaNode, z.literal(false).transform(() => undefined)]).optional();
  },
  get anyOf() {
    return z.array(schemaNode).optional();
  },
});
export type SchemaNode = z.output<typeof schemaNode>;

export function schemaTree(schema: ConfigSchema): SchemaNode {
  return schemaNodeOf(schema);
}

export function schemaNodeOf(schema: z.ZodType): SchemaNode {
  return schemaNode.parse(z.toJSONSchema(schema, { io: 'input' }));
}

/** Says each issue in words: what was received, what was expected. One problem for each unknown key. */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  written: unknown,
  tree: SchemaNode,
): ConfigProblem[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
    const node = nodeAt(tree, path);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: unknownKey(key, Object.keys(node?.properties ?? {})),
      }));
    }
    if (issue.code === 'custom') return [{ path, message: issue.message }];
    const received = valueAt(written, path);
    if (received === undefined) return [{ path, message: `missing; expected ${expectedOf(node)}` }];
    const hint = node?.type === 'string' && isPlainNumber(received) ? '; put it in quotes' : '';
    return [{ path, message: `received ${show(received, path, node)}, expected ${expectedOf(node)}${hint}` }];
  });
}

export function expectedOf(node: SchemaNode | undefined): string {
  if (node?.anyOf !== undefined) return node.anyOf.map(expectedOf).join(' or ');
  if (node?.enum !== undefined) return `one of ${node.enum.map((each) => `"${each}"`).join(', ')}`;
  switch (node?.type) {
    case 'integer': {
      const { minimum, maximum } = node;
      // Zod bounds every whole number by what a double holds exactly; such bounds are not worth saying.
      const isBounded = minimum !== undefined && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
      return isBounded ? `a whole number from ${minimum} to ${maximum}` : 'a whole number';
    }
    case 'null':
      return 'null';
    case 'number':
      return node.minimum === undefined ? 'a number' : `a number, ${node.minimum} or more`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    case 'object':
      return `a section with the keys ${Object.keys(node.properties ?? {}).join(', ')}`;
    case 'string':
      return node.maxLength === undefined
        ? 'text'
        : `text of ${node.minLength ?? 0} to ${node.maxLength} characters`;
    case undefined:
    default:
      return 'something else';
  }
}

/** `cameras[1].frame_rate`. */
export function showPath(path: DocumentPath): string {
  let shown = '';
  for (const step of path) {
    if (typeof step === 'number') shown += `[${step}]`;
    else shown += shown === '' ? step : `.${step}`;
  }
  return shown === '' ? 'the document' : shown;
}

function unknownKey(key: string, known: readonly string[]): string {
  const [nearest] = known
    .map((each) => ({ each, distance: editDistance(key.toLowerCase(), each) }))
    .filter(({ each, distance }) => distance <= Math.max(1, Math.floor(each.length / 3)))
    .toSorted((a, b) => a.distance - b.distance);
  return nearest === undefined
    ? `unknown key; expected one of ${known.join(', ')}`
    : `unknown key; did you mean "${nearest.each}"?`;
}

/** Levenshtein's. Keys are short; a long one is cut, it resembles none. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of from.slice(0, 64).split('').entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column += 1) {
      const substitution = (row[column - 1] ?? 0) + (letter === to[column - 1] ? 0 : 1);
      next.push(Math.min((row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1, substitution));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/** They are secrets, or may hold one. */
const hiddenKeys = new Set(['password', 'secret', 'username', 'url', 'api_key', 'base_url']);

/** Secrets, and text where a whole section was expected (it may hold anything), are not repeated. */
function show(value: unknown, path: DocumentPath, node: SchemaNode | undefined): string {
  const isShown = !hiddenKeys.has(String(path.at(-1)));
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    return 'a section';
  const kind = typeof value === 'string' ? 'text' : typeof value === 'boolean' ? 'yes or no' : 'a number';
  if (!isShown || node?.type === 'object' || node?.type === 'array') return kind;
  const text = redact(String(value));
  return `"${text.length > 60 ? `${text.slice(0, 60)}…` : text}" (${kind})`;
}

function isPlainNumber(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean';
}

function nodeAt(tree: SchemaNode, path: DocumentPath): SchemaNode | undefined {
  let node: SchemaNode | undefined = tree;
  for (const step of path) node = typeof step === 'number' ? node?.items : node?.properties?.[step];
  return node;
}

function valueAt(document: unknown, path: DocumentPath): unknown {
  let value = document;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = Object.entries(value).find(([key]) => key === String(step))?.[1];
  }
  return value;
}
