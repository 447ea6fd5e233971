import { cut } from './api-page.ts';

/** As far as the document uses it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
}

export interface ApiOperation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
}

export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** The operation of a call; a path without parameters comes before one with them. */
export function operationOf(
  { paths }: ApiDocument,
  { method, path }: { readonly method: string; readonly path: string },
): ApiOperation | undefined {
  const [called = ''] = path.split('?');
  const fits = (pattern: string): boolean =>
    new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(called);
  return (paths[called] ?? Object.entries(paths).find(([pattern]) => fits(pattern))?.[1])?.[
    method.toLowerCase()
  ];
}

/** Keys that a sample has and the schema has not, or the other way round where nothing of the sample is cut out. */
export function misfits(document: ApiDocument, schema: Schema, value: unknown, path: string): string[] {
  const { $ref } = schema;
  if ($ref !== undefined) {
    const named = document.components.schemas[$ref.slice($ref.lastIndexOf('/') + 1)];
    return named === undefined ? [`${path}: no schema ${$ref}`] : misfits(document, named, value, path);
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) {
    const found = choices.map((choice) => misfits(document, choice, value, path));
    return found.find((list) => list.length === 0) ?? found[0] ?? [];
  }
  if (value === cut) return [];
  if (Array.isArray(value)) {
    if (schema.type !== 'array') return [`${path}: a list`];
    return value.flatMap((entry, index) => misfits(document, schema.items ?? {}, entry, `${path}[${index}]`));
  }
  if (typeof value !== 'object' || value === null) {
    const isFitting =
      schema.type === undefined ||
      [schema.type].flat().includes(typeNameOf(value)) ||
      (typeNameOf(value) === 'number' && [schema.type].flat().includes('integer'));
    return isFitting ? [] : [`${path}: ${JSON.stringify(value)}`];
  }
  if (schema.properties === undefined && typeof schema.additionalProperties !== 'object') {
    return schema.type === undefined || schema.type === 'object' ? [] : [`${path}: an object`];
  }
  const { properties = {}, required = [], additionalProperties } = schema;
  const isCut = Object.hasOwn(value, cut);
  return [
    ...Object.entries(value)
      .filter(([key]) => key !== cut)
      .flatMap(([key, child]) => {
        const own =
          properties[key] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
        return own === undefined
          ? [`${path}.${key}: not there any more`]
          : misfits(document, own, child, `${path}.${key}`);
      }),
    ...required.filter((key) => !isCut && !Object.hasOwn(value, key)).map((key) => `${path}.${key}: missing`),
  ];
}

function typeNameOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
