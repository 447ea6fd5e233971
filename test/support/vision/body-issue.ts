import type { z } from 'zod';

/** The first thing that is wrong with the shape of a body. */
export interface BodyIssue {
  readonly kind: 'unknown' | 'missing' | 'invalid';
  readonly path: readonly (string | number)[];
  /** Of Zod, for the particulars. */
  readonly message: string;
}

/** The deepest finding counts: in a union the branch that came closest says more than the union. */
export function bodyIssue(error: z.ZodError): BodyIssue {
  const [issue] = error.issues;
  if (issue === undefined) return { kind: 'invalid', path: [], message: 'Invalid input' };
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') {
    return { kind: 'unknown', path: [...path, issue.keys[0] ?? ''], message: issue.message };
  }
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return { kind: isMissing ? 'missing' : 'invalid', path, message: issue.message };
}

/** `messages.0.content` */
export function dottedPath(path: readonly (string | number)[]): string {
  return path.join('.');
}

/** `input[0].content` */
export function bracketPath(path: readonly (string | number)[]): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`))
    .join('');
}
