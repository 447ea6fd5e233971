import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { startApi, type RunningApi } from '../../test/fakes/api-services.ts';
import { readExamples } from '../../test/support/api-page.ts';
import { misfits, operationOf, type ApiDocument } from '../../test/support/schema-misfits.ts';

const page = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');
const examples = readExamples(page);

async function loadDocument(api: RunningApi): Promise<ApiDocument> {
  return (await api.call('GET', '/api/v1/openapi.json')).json as ApiDocument;
}

test('the page shows many calls, each of which there is, with parameters that there are', async () => {
  await using api = await startApi();
  const document = await loadDocument(api);
  expect(examples.length).toBeGreaterThan(40);
  for (const example of examples) {
    const operation = operationOf(document, example);
    expect({ line: example.line, path: example.path, isThere: operation !== undefined }).toMatchObject({
      isThere: true,
    });
    const known = operation?.parameters?.map(({ name }) => name) ?? [];
    const asked = [...new URL(example.path, 'http://x').searchParams.keys()];
    expect({ line: example.line, unknown: asked.filter((name) => !known.includes(name)) }).toMatchObject({
      unknown: [],
    });
  }
});

test('every answer on the page has the fields that answers have', async () => {
  await using api = await startApi();
  const document = await loadDocument(api);
  const found: string[] = [];
  let checked = 0;
  for (const example of examples) {
    const { answer, line } = example;
    if (answer?.body === undefined) continue;
    const { responses } = operationOf(document, example) ?? { responses: {} };
    const schema = responses[answer.status]?.content?.['application/json']?.schema ?? {
      $ref: '#/components/schemas/Error',
    };
    found.push(...misfits(document, schema, answer.body, `line ${line}: `));
    checked += 1;
  }
  expect(found).toEqual([]);
  expect(checked).toBeGreaterThan(25);
});
