/** A place in a document: keys and positions from the top. */
export type DocumentPath = readonly (string | number)[];

export interface SubstitutionProblem {
  readonly path: DocumentPath;
  readonly message: string;
}

const reference = /\$\$\{|\$\{([^}]*)\}/g;

/**
 * Puts the values of environment variables for `${NAME}` in every text value (not in keys); `$${` stands for a plain
 * `${`. The result is always text, and is not searched again.
 */
export function substituteEnvironment(
  document: unknown,
  env: Readonly<Record<string, string | undefined>>,
): { readonly document: unknown; readonly problems: readonly SubstitutionProblem[] } {
  const problems: SubstitutionProblem[] = [];

  function substitute(value: unknown, path: DocumentPath): unknown {
    if (typeof value === 'string') {
      return value.replaceAll(reference, (found, name: string | undefined) => {
        if (name === undefined) return '${';
        const replacement = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? env[name] : undefined;
        if (replacement !== undefined) return replacement;
        problems.push({ path, message: whyNot(name) });
        return found;
      });
    }
    if (Array.isArray(value)) return value.map((each, index) => substitute(each, [...path, index]));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(
        Object.entries(value).map(([key, each]) => [key, substitute(each, [...path, key])]),
      );
    }
    return value;
  }

  return { document: substitute(document, []), problems };
}

function whyNot(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
    ? `the environment variable ${name} is not set; set it, or write $\${ if a plain \${ is meant`
    : 'received ${…} without the name of an environment variable in it, expected e.g. ${CAMERA_PASSWORD}; write $${ if a plain ${ is meant';
}
