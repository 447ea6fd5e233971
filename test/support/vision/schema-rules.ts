/** A JSON schema as it travels in requests. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Visits every schema inside one, outermost first, until `visit` returns a finding. */
function findInSchema(
  schema: unknown,
  visit: (schema: JsonSchema, path: readonly string[]) => string | null,
  path: readonly string[] = [],
): string | null {
  if (!isRecord(schema)) return null;
  const found = visit(schema, path);
  if (found !== null) return found;
  const children: [string, unknown][] = [];
  for (const group of ['properties', '$defs']) {
    const entries = schema[group];
    if (!isRecord(entries)) continue;
    for (const [name, child] of Object.entries(entries)) children.push([`${group}/${name}`, child]);
  }
  if (isRecord(schema['items'])) children.push(['items', schema['items']]);
  for (const group of ['anyOf', 'oneOf', 'allOf', 'prefixItems']) {
    const list = schema[group];
    if (!Array.isArray(list)) continue;
    list.forEach((child: unknown, index) => children.push([`${group}/${index}`, child]));
  }
  for (const [name, child] of children) {
    const inner = findInSchema(child, visit, [...path, ...name.split('/')]);
    if (inner !== null) return inner;
  }
  return null;
}

/**
 * The rules of OpenAI's strict mode, as its error says them: every property required, no further ones, no
 * composition but `anyOf`.
 * @see https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
 */
export function openaiStrictProblem(schema: JsonSchema): string | null {
  if (schema['type'] !== 'object') {
    return `schema must be a JSON Schema of 'type: "object"', got 'type: ${JSON.stringify(schema['type'] ?? 'None')}'.`;
  }
  return findInSchema(schema, (part, path) => {
    const context = `In context=(${path.map((name) => `'${name}'`).join(', ')})`;
    for (const word of ['allOf', 'oneOf', 'not', 'if', 'dependentRequired', 'patternProperties', 'default']) {
      if (word in part) return `${context}, '${word}' is not permitted.`;
    }
    if (part['type'] !== 'object') return null;
    if (part['additionalProperties'] !== false) {
      return `${context}, 'additionalProperties' is required to be supplied and to be false.`;
    }
    const required = Array.isArray(part['required']) ? part['required'] : [];
    const missing = Object.keys(part['properties'] ?? {}).find((name) => !required.includes(name));
    return missing === undefined
      ? null
      : `${context}, 'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`;
  });
}

const numberKeywords = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'];

/**
 * The subset that Anthropic's structured output takes, with its messages.
 * @see https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
 */
export function anthropicSchemaProblem(schema: JsonSchema): string | null {
  return findInSchema(schema, (part) => {
    const type = String(part['type']);
    const refused = (words: readonly string[]): string | null => {
      const found = words.filter((word) => word in part);
      if (found.length === 0) return null;
      return found.length === 1
        ? `For '${type}' type, property '${found[0]}' is not supported`
        : `For '${type}' type, properties ${found.toSorted().join(', ')} are not supported`;
    };
    if (type === 'number' || type === 'integer') return refused(numberKeywords);
    if (type === 'string') return refused(['minLength', 'maxLength']);
    if (type === 'array') {
      if (Number(part['minItems'] ?? 0) > 1) {
        return "For 'array' type, 'minItems' values other than 0 or 1 are not supported";
      }
      return refused(['maxItems', 'uniqueItems']);
    }
    if (type === 'object' && part['additionalProperties'] !== false) {
      return "For 'object' type, 'additionalProperties' must be explicitly set to false";
    }
    return null;
  });
}

/**
 * What a service that decodes under the schema would return for `wanted`: its properties where the schema has them,
 * and something of the right type for what is required and missing.
 */
export function fitToSchema(wanted: Readonly<Record<string, unknown>>, schema: JsonSchema | null): unknown {
  const properties = schema?.['properties'];
  if (schema === null || !isRecord(properties)) return wanted;
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const fitted: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(properties)) {
    if (name in wanted) fitted[name] = wanted[name];
    else if (required.includes(name)) fitted[name] = anyValueOf(property);
  }
  return fitted;
}

function anyValueOf(schema: unknown): unknown {
  if (!isRecord(schema)) return null;
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  if (Array.isArray(schema['anyOf'])) return anyValueOf(schema['anyOf'][0]);
  const types = Array.isArray(schema['type']) ? schema['type'] : [schema['type']];
  if (types.includes('null')) return null;
  switch (types[0]) {
    case 'string':
      return 'nothing to add';
    case 'integer':
    case 'number':
      return schema['minimum'] ?? 0;
    case 'boolean':
      return false;
    case 'array':
      return [];
    case 'object':
      return fitToSchema({}, schema);
    default:
      return null;
  }
}
