import type { FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { AppError } from '../core/errors.ts';

/** One field that does not fit. */
export interface FieldDetail {
  readonly in: 'body' | 'query' | 'path' | 'header';
  /** E.g. `objects_detected[2]`; empty for the whole body. */
  readonly path: string;
  /** Never the value of a secret, nor a whole object. */
  readonly received: string;
  readonly expected: string;
}

const maxDetails = 50;

export function validationError(details: readonly FieldDetail[]): AppError {
  const shown = details.slice(0, maxDetails);
  const lines = shown
    .slice(0, 5)
    .map(({ path, received, expected }) => `${path || 'body'}: received ${received}, expected ${expected}`);
  const more = details.length > lines.length ? `; and ${details.length - lines.length} more` : '';
  return new AppError('VALIDATION_FAILED', `The request does not fit: ${lines.join('; ')}${more}.`, {
    details: shown,
  });
}

const partNames: Readonly<Record<string, FieldDetail['in']>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
};

/** Checks each part of a request with the schema that also documents it. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart }) =>
  (data: unknown) => {
    const result = schema.safeParse(data);
    if (result.success) return { value: result.data };
    const part = partNames[httpPart ?? 'body'] ?? 'body';
    return {
      error: validationError(result.error.issues.flatMap((issue) => detailsOf(issue, schema, data, part))),
    };
  };

function detailsOf(
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
  data: unknown,
  part: FieldDetail['in'],
): FieldDetail[] {
  if (issue.code === 'unrecognized_keys') {
    const known = issue.path.length === 0 && schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
    return issue.keys.map((key) => ({
      in: part,
      path: pathOf([...issue.path, key]),
      received: 'a key that is not known',
      expected: known.length === 0 ? 'no such key' : `one of ${known.join(', ')}`,
    }));
  }
  return [
    {
      in: part,
      path: pathOf(issue.path),
      received: describe(valueAt(data, issue.path), issue.path),
      expected: expectedBy(issue),
    },
  ];
}

function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => {
      const text = String(key).slice(0, 100);
      return typeof key === 'number' ? `[${text}]` : index === 0 ? text : `.${text}`;
    })
    .join('');
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

/** Short, and without anything secret: a whole body, a password and an address with credentials are not repeated. */
function describe(value: unknown, path: readonly PropertyKey[]): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  const isSecret = path.length === 0 || path.includes('password') || path.includes('api_key');
  if (typeof value !== 'string') return isSecret ? `a ${typeof value} (not shown)` : JSON.stringify(value);
  if (isSecret || value.includes('@')) return 'a text (not shown)';
  return value.length > 80
    ? `${JSON.stringify(value.slice(0, 60))}… (${value.length} characters)`
    : JSON.stringify(value);
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
};

/** What our schemas say themselves comes first; the rest is zod's own wording, which begins so. */
function expectedBy(issue: z.core.$ZodIssue): string {
  if (!/^(?:Invalid|Too |Unrecognized)/.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return typeNames[issue.expected] ?? issue.expected;
    case 'too_small':
      return `at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `at most ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_value':
      return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'invalid_format':
    case 'unrecognized_keys':
    case 'not_multiple_of':
    case 'invalid_union':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      break;
  }
  return issue.message;
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' entries' : '';
}
