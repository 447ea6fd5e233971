import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { startApi } from '../../test/fakes/api-services.ts';

interface Operation {
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
  }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, unknown>>;
}

interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

const expectedOperations = [
  'DELETE /api/v1/cameras/{id}',
  'DELETE /api/v1/events/cleanup',
  'DELETE /api/v1/events/{id}',
  'GET /api/v1/ai/budget',
  'GET /api/v1/ai/estimate',
  'GET /api/v1/ai/providers',
  'GET /api/v1/ai/usage',
  'GET /api/v1/cameras',
  'GET /api/v1/cameras/templates',
  'GET /api/v1/cameras/{id}',
  'GET /api/v1/cameras/{id}/preview',
  'GET /api/v1/cameras/{id}/proposals',
  'GET /api/v1/cameras/{id}/status',
  'GET /api/v1/cameras/{id}/stream',
  'GET /api/v1/deliveries',
  'GET /api/v1/events',
  'GET /api/v1/events/export',
  'GET /api/v1/events/stats',
  'GET /api/v1/events/{id}',
  'GET /api/v1/events/{id}/clip',
  'GET /api/v1/events/{id}/frames/{number}',
  'GET /api/v1/events/{id}/heatmap',
  'GET /api/v1/events/{id}/sent',
  'GET /api/v1/events/{id}/sent/{picture}',
  'GET /api/v1/events/{id}/thumbnail',
  'GET /api/v1/health',
  'GET /api/v1/metrics',
  'GET /api/v1/notifications',
  'GET /api/v1/retention',
  'GET /health/live',
  'GET /health/ready',
  'GET /metrics',
  'PATCH /api/v1/cameras/{id}',
  'PATCH /api/v1/events/{id}',
  'POST /api/v1/ai/providers/{name}/test',
  'POST /api/v1/cameras',
  'POST /api/v1/cameras/discover',
  'POST /api/v1/cameras/test',
  'POST /api/v1/cameras/{id}/analyze',
  'POST /api/v1/cameras/{id}/reconnect',
  'POST /api/v1/cameras/{id}/test',
  'POST /api/v1/deliveries/{id}/retry',
  'POST /api/v1/events',
  'POST /api/v1/events/{id}/describe',
  'POST /api/v1/notifications/read-all',
  'POST /api/v1/notifications/{id}/read',
  'POST /api/v1/retention/run',
  'POST /api/v1/system/check',
  'PUT /api/v1/ai/budget',
  'PUT /api/v1/ai/providers',
  'PUT /api/v1/cameras/{id}',
];

async function loadDocument(): Promise<OpenApiDocument> {
  await using api = await startApi();
  return (await api.call('GET', '/api/v1/openapi.json')).json as OpenApiDocument;
}

function operationsOf(document: OpenApiDocument): [string, Operation][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );
}

function stringsUnder(value: unknown, key: string): string[] {
  if (Array.isArray(value)) return value.flatMap((entry) => stringsUnder(entry, key));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, child]) =>
    name === key && typeof child === 'string' ? [child] : stringsUnder(child, key),
  );
}

test('the document is OpenAPI 3.1 and names every call', async () => {
  const document = await loadDocument();
  expect(document.openapi).toMatch(/^3\.1\.\d+$/);
  const operations = operationsOf(document);
  expect(operations.map(([name]) => name).toSorted()).toEqual(expectedOperations);
  for (const [name, { tags, summary, responses }] of operations) {
    expect({ name, tags: tags?.length, hasSummary: summary !== undefined }).toEqual({
      name,
      tags: 1,
      hasSummary: true,
    });
    expect(Object.keys(responses).some((status) => status.startsWith('2'))).toBe(true);
  }
});

test('the document is valid by the schema of OpenAPI', async () => {
  const document = await loadDocument();
  const { valid, errors } = await new Validator().validate({ ...document });
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
  const wrong = { ...document, info: {} };
  expect((await new Validator().validate(wrong)).valid).toBe(false);
});

test('every reference leads to a schema, and every schema is referred to', async () => {
  const document = await loadDocument();
  const references = new Set(stringsUnder(document, '$ref'));
  const schemas = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
  expect(references.size).toBeGreaterThan(10);
  expect([...references].toSorted()).toEqual(schemas.toSorted());
});

test('parameters of the path are named and required; calls without a body document none', async () => {
  for (const [name, { parameters = [], requestBody }] of operationsOf(await loadDocument())) {
    const inPath = [...name.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    const documented = parameters.filter((parameter) => parameter.in === 'path');
    expect(documented.map((parameter) => parameter.name)).toEqual(inPath);
    expect(documented.every((parameter) => parameter.required === true)).toBe(true);
    const hasBody = [
      'PATCH /api/v1/cameras/{id}',
      'PATCH /api/v1/events/{id}',
      'POST /api/v1/events',
      'POST /api/v1/cameras',
      'POST /api/v1/cameras/discover',
      'POST /api/v1/cameras/test',
      'POST /api/v1/system/check',
      'PUT /api/v1/ai/budget',
      'PUT /api/v1/ai/providers',
      'PUT /api/v1/cameras/{id}',
    ];
    expect(`${name} ${requestBody !== undefined}`).toBe(`${name} ${hasBody.includes(name)}`);
  }
});

test('the document says what is accepted: types, bounds and what may be left out', async () => {
  const document = await loadDocument();
  const list = document.paths['/api/v1/events']?.['get']?.parameters ?? [];
  expect(list.map(({ name }) => name)).toEqual([
    'camera_id',
    'start_time',
    'end_time',
    'min_confidence',
    'object_types',
    'alert_triggered',
    'description_status',
    'source',
    'user_feedback',
    'starred',
    'search_query',
    'limit',
    'offset',
    'cursor',
    'sort',
    'sort_order',
  ]);
  expect(list.find(({ name }) => name === 'limit')).toMatchObject({
    required: false,
    description: 'Default 50',
    schema: { type: 'integer', minimum: 1, maximum: 500 },
  });
  expect(document.components.schemas['CameraBodyInput']).toMatchObject({
    additionalProperties: false,
    required: ['name', 'url'],
    properties: { frame_rate: { type: 'number', minimum: 1, maximum: 30, default: 5 } },
  });
  expect(document.components.schemas['Camera']).not.toHaveProperty('properties.password');
  expect(document.paths['/api/v1/events/{id}/thumbnail']?.['get']?.responses['200']).toMatchObject({
    content: { 'image/jpeg': { schema: { type: 'string', format: 'binary' } } },
  });
});

test('its page and all that it loads come from this server, under a policy that allows it', async () => {
  await using api = await startApi();
  const page = await api.call('GET', '/api/docs/');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
  const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
  expect(assets.length).toBeGreaterThan(4);
  for (const asset of assets) {
    const { pathname, origin } = new URL(asset, `${api.url}/api/docs/`);
    expect(origin).toBe(api.url);
    expect(`${pathname} ${(await api.call('GET', pathname)).status}`).toBe(`${pathname} 200`);
  }
  expect(page.text).not.toMatch(/<script>|<script [^>]*>[^<\s]/);
});
