import { readFile, writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { CameraLostError } from '../core/camera-source.ts';
import { AppError } from '../core/errors.ts';
import { createClipFiles } from '../store/clip-files.ts';
import { makeDescription, startApi, type RunningApi } from '../../test/fakes/api-services.ts';
import { readExamples, type ApiExample } from '../../test/support/api-page.ts';
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

const noon = Date.UTC(2026, 2, 1, 12);
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/;

/** The things that the page names, as they are on this server: made when they are first named, or when they are gone. */
class Stage {
  readonly #api: RunningApi;
  readonly #jpeg: Buffer;
  readonly #own = new Map<string, string>();

  private constructor(api: RunningApi, jpeg: Buffer) {
    this.#api = api;
    this.#jpeg = jpeg;
  }

  static async create(api: RunningApi): Promise<Stage> {
    const jpeg = await sharp({ create: { width: 320, height: 240, channels: 3, background: '#385' } })
      .jpeg()
      .toBuffer();
    const picture = { jpeg, width: 320, height: 240, capturedAt: noon };
    api.cameras.picture = picture;
    const info = { codec: 'h264', width: 960, height: 540, framesPerSecond: 10, durationMs: null };
    api.cameras.onTest = ({ url }) =>
      url.includes(':9/')
        ? Promise.reject(new CameraLostError('refused', 'Nobody listens there.'))
        : Promise.resolve({ info, analysis: info, picture, latencyMs: 27 });
    return new Stage(api, jpeg);
  }

  /** The same call, with what is here in the place of what is on the page. */
  async dress(example: ApiExample): Promise<ApiExample> {
    const { path, headers, body, answer } = example;
    this.#api.cameras.onAnalyze = (id) =>
      answer?.status === 409
        ? Promise.reject(new AppError('CAMERA_NOT_STREAMING', 'The camera does not stream.'))
        : this.#api.addEvent({ cameraId: id });
    // What is looked for in vain is not there.
    if (answer?.status !== 404) {
      for (const [
        text = '',
        kind,
        inQuery,
        inBody,
        id = inQuery ?? inBody ?? '',
      ] of `${path} ${body ?? ''}`.matchAll(
        /(events|cameras|deliveries)\/(?=[0-9a-f-]{36})|camera_id=([0-9a-f-]{36})|"camera_id": "([0-9a-f-]{36})"/g,
      )) {
        const named = id === '' ? (uuid.exec(path.slice(path.indexOf(text)))?.[0] ?? '') : id;
        await this.#provide(named, kind ?? 'cameras');
      }
    }
    const replace = (text: string): string =>
      text
        .replaceAll(new RegExp(uuid, 'g'), (id) => this.#own.get(id) ?? id)
        .replace('$(base64 -w0 door.jpg)', this.#jpeg.toString('base64'))
        .replace('sk-proj-…', 'sk-proj-1234567890')
        // The tag of a picture ends in its size.
        .replace(/-1-\d+"/, `-1-${this.#jpeg.byteLength}"`);
    return {
      ...example,
      path: replace(path),
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, replace(value)])),
      body: body === undefined ? undefined : replace(body),
    };
  }

  /** What the page calls by its id from here on is what was answered here. */
  remember(shown: unknown, answered: unknown): void {
    if (hasId(shown) && hasId(answered)) this.#own.set(shown.id, answered.id);
  }

  async #provide(id: string, kind: string): Promise<void> {
    const api = this.#api;
    const known = this.#own.get(id);
    if (kind === 'cameras') {
      if (known === undefined || api.cameras.get(known) === undefined)
        this.#own.set(id, await api.addCamera());
      return;
    }
    if (known !== undefined && (kind === 'deliveries' || (await api.store.events.get(known)) !== undefined))
      return;
    const event = await this.#makeEvent();
    if (kind === 'events') {
      this.#own.set(id, event);
      return;
    }
    const outcome = { status: 'done', description: makeDescription('A cat.') } as const;
    await api.store.events.finish({ eventId: event, outcome, timings: {}, deliverTo: ['home'] });
    const { deliveries } = await api.store.deliveries.list({ limit: 1, offset: 0 });
    this.#own.set(id, deliveries[0]?.id ?? '');
  }

  /** With a picture and a clip, undescribed. */
  async #makeEvent(): Promise<string> {
    const api = this.#api;
    const picture = { jpeg: this.#jpeg, width: 320, height: 240, capturedAt: noon, regions: [] };
    const { id } = await api.addEvent({ cameraId: await api.addCamera(), timestamp: noon }, [picture]);
    const clips = await createClipFiles({ dataDir: api.dataDir });
    const path = clips.pathOf(id, noon);
    await api.store.events.beginClip(id, path);
    const recording = clips.newRecording();
    await writeFile(recording, 'a clip of a hundred bytes and more. '.repeat(10));
    await clips.keep(recording, path);
    const size = { sizeBytes: 360, codec: 'h264', width: 320, height: 240 };
    await api.store.events.finishClip(id, {
      kind: 'written',
      startedAt: noon,
      endedAt: noon + 9000,
      ...size,
    });
    return id;
  }
}

function hasId(value: unknown): value is { readonly id: string } {
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string';
}

test('every call on the page is answered as the page says', async () => {
  await using api = await startApi();
  const stage = await Stage.create(api);
  const others: string[] = [];
  for (const example of examples) {
    const { line, method, path, headers, body } = await stage.dress(example);
    const answer = await api.call(method, path, body, headers);
    stage.remember(example.answer?.body, answer.json);
    const expected = example.answer?.status ?? 200;
    if (answer.status !== expected)
      others.push(`line ${line}: ${method} ${path}: ${answer.status}, not ${expected}: ${answer.text}`);
  }
  expect(others).toEqual([]);
}, 120_000);
