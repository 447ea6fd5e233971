import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import SqliteDatabase, { type Database } from 'better-sqlite3';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { createId } from '../../src/core/ids.ts';
import type { CameraNews } from '../../src/pipeline/camera-news.ts';
import { wordNews } from '../../src/pipeline/notification-words.ts';
import { createClipFiles } from '../../src/store/clip-files.ts';
import { readExamples, readSnippets, type ApiExample } from '../support/api-page.ts';
import { makeMovingClip } from '../support/moving-clip.ts';
import { startOnvifDevice } from '../support/onvif-device.ts';
import { startService } from '../support/service-process.ts';
import { nearestShape, shapeMisfits } from '../support/shape-misfits.ts';
import { exampleEvidence } from '../support/store-examples.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { startProviderServer, type ProviderServer } from '../support/vision/provider-server.ts';
import { waitUntil } from '../support/wait-until.ts';

const page = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');
const examples = readExamples(page);
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/;
const nothingListensAt = '127.0.0.1:5';

const exampleNews: readonly CameraNews[] = [
  { type: 'camera.lost', cause: 'refused', message: 'Nobody listens there.', since: 1, losses: 1 },
  { type: 'camera.recovered', since: 2, lostSince: 1, losses: 1 },
];

/** What the page shows and a run of some seconds does not always bring about. */
const mayBeUnseen = ['detections[]', 'hints[]', 'state.picture'];

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: unknown;
}

interface Named {
  readonly id: string;
}

/** The things that the page names, as they are in this service: made when they are first named, or when they are gone. */
class Stage {
  readonly #url: string;
  readonly #dataDir: string;
  readonly #jpeg: Buffer;
  readonly #openai: Pick<ProviderServer, 'url' | 'apiKey'>;
  readonly #onvifUrl: string;
  readonly #own = new Map<string, string>();
  #cameras = 0;

  constructor(options: {
    readonly url: string;
    readonly dataDir: string;
    readonly jpeg: Buffer;
    readonly openai: Pick<ProviderServer, 'url' | 'apiKey'>;
    readonly onvifUrl: string;
  }) {
    this.#url = options.url;
    this.#dataDir = options.dataDir;
    this.#jpeg = options.jpeg;
    this.#openai = options.openai;
    this.#onvifUrl = options.onvifUrl;
  }

  /** Everything that takes its time is under way, or there, when this resolves. */
  async prepare(clip: string): Promise<void> {
    await this.call(
      'PUT',
      '/api/v1/ai/providers',
      JSON.stringify({
        providers: [
          {
            type: 'openai_compatible',
            name: 'ollama',
            model: 'm',
            base_url: `http://${nothingListensAt}/v1`,
          },
          { type: 'openai', base_url: this.#openai.url, api_key: this.#openai.apiKey },
        ],
      }),
    );
    const street = await this.make('cameras', { name: 'Street', url: clip, motion_cooldown: 0 });
    this.#own.set(streetOnPage, street);
    await waitUntil('motion', async () => (await this.count('events?source=motion')) > 0, {
      timeoutMs: 30_000,
    });
    await this.call('POST', '/api/v1/retention/run');
    await waitUntil('a delivery that failed', async () => {
      const { text } = await this.call('GET', '/api/v1/deliveries?limit=1');
      return text.includes('"last_error":"');
    });
    this.#write((connection) => {
      const insert = connection.prepare('insert into notifications values (?, ?, ?, ?, ?, ?, ?, ?, null)');
      for (const [at, news] of exampleNews.entries()) {
        const { type, title, message, details } = wordNews(news, 'Street');
        insert.run(createId(), type, street, 'Street', title, message, JSON.stringify(details), at);
      }
    });
  }

  async count(path: string): Promise<number> {
    const { json } = await this.call('GET', `/api/v1/${path}`);
    return (json as { readonly total_count: number }).total_count;
  }

  async call(
    method: string,
    path: string,
    body?: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await fetch(`${this.#url}${path}`, {
      method,
      headers: { ...type, ...headers },
      ...(body !== undefined && { body }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true;
    return { status: answer.status, text, json: isJson ? (JSON.parse(text) as unknown) : undefined };
  }

  async make(path: string, body: unknown): Promise<string> {
    const { status, text, json } = await this.call('POST', `/api/v1/${path}`, JSON.stringify(body));
    if (status !== 201) throw new Error(`${path}: ${text}`);
    return (json as Named).id;
  }

  /** The same call, with what is here in the place of what is on the page. */
  async dress({ path, headers, body, answer, ...rest }: ApiExample): Promise<ApiExample> {
    // What is looked for in vain is not there.
    if (answer?.status !== 404) {
      for (const [id] of `${path} ${body ?? ''}`.matchAll(new RegExp(uuid, 'g')))
        await this.#provide(id, path);
    }
    const replace = (text: string): string =>
      text
        .replaceAll(new RegExp(uuid, 'g'), (id) => this.#own.get(id) ?? id)
        .replace('$(base64 -w0 door.jpg)', this.#jpeg.toString('base64'))
        .replaceAll(/127\.0\.0\.1:(?:8554|11434)/g, nothingListensAt)
        .replace('http://127.0.0.1:4000/v1', this.#openai.url)
        .replace('sk-proj-…', this.#openai.apiKey)
        // The network of a test has no cameras; this one is asked by its name.
        .replace('{ "username": "admin"', `{ "host": "${this.#onvifUrl}", "username": "admin"`)
        // The tag of a picture ends in its size.
        .replace(/-1-\d+"/, `-1-${this.#jpeg.byteLength}"`);
    return {
      ...rest,
      answer,
      path: replace(path),
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, replace(value)])),
      body: body === undefined ? undefined : replace(body),
    };
  }

  /** What the page calls by its id from here on is what was answered here. */
  remember(shown: unknown, answered: unknown): void {
    if (isNamed(shown) && isNamed(answered)) this.#own.set(shown.id, answered.id);
  }

  async #provide(id: string, path: string): Promise<void> {
    if (path.endsWith('/proposals')) await this.#makeFalseMotion();
    const [, kind = 'cameras'] =
      path.includes(id) && !path.includes('camera_id=') ? path.split('/').slice(2) : [];
    const known = this.#own.get(id);
    if (kind === 'deliveries') {
      const { json } = await this.call('GET', '/api/v1/deliveries?limit=1');
      this.#own.set(id, (json as { readonly deliveries: readonly Named[] }).deliveries[0]?.id ?? '');
      return;
    }
    if (known !== undefined && (await this.call('GET', `/api/v1/${kind}/${known}`)).status === 200) return;
    this.#own.set(id, kind === 'events' ? await this.makeEvent() : await this.#provideCamera());
  }

  async #provideCamera(): Promise<string> {
    this.#cameras += 1;
    return this.make('cameras', {
      name: `Camera ${this.#cameras}`,
      url: `rtsp://${nothingListensAt}/stream`,
    });
  }

  /** Described by a provider, with a picture, evidence and a clip. */
  async makeEvent(): Promise<string> {
    const id = await this.make('events', {
      camera_id: this.#own.get(streetOnPage),
      timestamp: new Date().toISOString(),
      thumbnail_base64: this.#jpeg.toString('base64'),
    });
    await waitUntil('its description', async () => {
      const { json } = await this.call('GET', `/api/v1/events/${id}`);
      return (json as { readonly description_status: string }).description_status === 'done';
    });
    const now = Date.now();
    const path = (await createClipFiles({ dataDir: this.#dataDir })).pathOf(id, now);
    await mkdir(join(this.#dataDir, path, '..'), { recursive: true });
    await writeFile(join(this.#dataDir, path), 'a clip of a hundred bytes and more. '.repeat(10));
    this.#write((connection) => {
      connection
        .prepare(`insert into event_clips values (?, 'ready', null, ?, ?, ?, 360, 'h264', 320, 240)`)
        .run(id, path, now, now + 9000);
      connection
        .prepare('insert into event_evidence (event_id, evidence_json) values (?, ?)')
        .run(id, JSON.stringify(exampleEvidence()));
    });
    return id;
  }

  /** An event that the camera of the page made, and that its user calls false. */
  async #makeFalseMotion(): Promise<void> {
    const id = await this.makeEvent();
    this.#write((connection) => {
      connection.prepare("update events set source = 'motion' where id = ?").run(id);
    });
    await this.call('PATCH', `/api/v1/events/${id}`, JSON.stringify({ user_feedback: 'false_motion' }));
  }

  /** What would take minutes to come about is written beside the service. */
  #write(write: (connection: Database) => unknown): void {
    const connection = new SqliteDatabase(join(this.#dataDir, 'vedette.db'), { timeout: 5000 });
    write(connection);
    connection.close();
  }
}

/** The camera of the page that has a picture. */
const streetOnPage = '01a20a93-2176-740a-8eb6-86f3edafd9f9';

function isNamed(value: unknown): value is Named {
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string';
}

test('every call on the page is answered by the service as the page says', { timeout: 120_000 }, async () => {
  await using dir = await makeTempDir();
  const dataDir = dir.file('data');
  const clip = dir.file('street.mp4');
  await makeMovingClip(clip, 1, { width: 320 });
  const jpeg = await sharp({ create: { width: 320, height: 240, channels: 3, background: '#385' } })
    .jpeg()
    .toBuffer();
  await using openai = await startProviderServer('openai');
  await using device = await startOnvifDevice({ credentials: { username: 'admin', password: '…' } });
  await using service = await startService({
    dataDir,
    config: {
      cameras: [{ name: 'Garden', url: `rtsp://${nothingListensAt}/`, is_enabled: false }],
      webhooks: [{ name: 'home', url: `http://${nothingListensAt}/hook` }],
    },
  });
  const stage = new Stage({ url: service.url, dataDir, jpeg, openai, onvifUrl: device.deviceUrl });
  const socket = new WebSocket(`${service.url.replace('http', 'ws')}/ws`);
  const messages: unknown[] = [];
  socket.addEventListener('message', ({ data }) => messages.push(JSON.parse(String(data))));
  await stage.prepare(clip);

  const wrong: string[] = [];
  const unseen: string[] = [];
  const answers: unknown[] = [];
  for (const example of examples) {
    const { line, method, path, headers, body } = await stage.dress(example);
    const { status, text, json } = await stage.call(method, path, body, headers);
    stage.remember(example.answer?.body, json);
    answers.push(json);
    const expected = example.answer?.status ?? 200;
    if (status !== expected)
      wrong.push(`line ${line}: ${method} ${path}: ${status}, not ${expected}: ${text}`);
    if (example.answer?.body === undefined) continue;
    const found = shapeMisfits(example.answer.body, json, `line ${line}: `);
    wrong.push(...found.wrong);
    unseen.push(...found.unseen);
  }
  socket.send('PING');
  await waitUntil('the answer to PING', () => messages.some((message) => typeOf(message) === 'PONG'));
  socket.close();
  for (const { line, values } of readSnippets(page)) {
    for (const value of values) {
      const type = typeOf(value);
      const place = `line ${line}: `;
      const found =
        type === undefined
          ? Object.entries(value).map(([key, part]) =>
              nearestShape(part, valuesOf(key, answers), `${place}${key}`),
            )
          : [
              nearestShape(
                value,
                messages.filter((message) => typeOf(message) === type),
                `${place}${type}`,
              ),
            ];
      wrong.push(...found.flatMap((one) => one.wrong));
      unseen.push(...found.flatMap((one) => one.unseen));
    }
  }
  expect(wrong).toEqual([]);
  expect(unseen.filter((place) => !mayBeUnseen.some((end) => place.endsWith(end)))).toEqual([]);
});

function typeOf(message: unknown): string | undefined {
  const isTyped = typeof message === 'object' && message !== null && 'type' in message;
  return isTyped && typeof message.type === 'string' ? message.type : undefined;
}

/** Everything of this name in the answers, at any depth, except for null. */
function valuesOf(name: string, answer: unknown): unknown[] {
  if (typeof answer !== 'object' || answer === null) return [];
  return Object.entries(answer).flatMap(([key, value]: [string, unknown]) =>
    valuesOf(name, value).concat(key === name && value !== null ? [value] : []),
  );
}
