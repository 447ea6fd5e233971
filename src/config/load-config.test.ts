import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import {
  defaultVision,
  failureOf,
  parse,
  plainProvider,
  problemsOf,
} from '../../test/support/parsed-config.ts';

test.each(['', '# nothing\n', '---\n', 'cameras:\nserver:\n'])(
  'an empty document (%j) means the defaults',
  (text) => {
    expect(parse(text)).toEqual({
      config: {
        dataDir: resolve('data'),
        server: { host: '127.0.0.1', port: 8470 },
        log: { level: 'info' },
        pipeline: { workers: 2, queueCapacity: 50, captureWindowMs: 1200, drainMs: 30_000 },
        vision: defaultVision,
        media: { streamsPerHost: 8 },
        notifications: { lostAfterMs: 60_000, conditions: ['dark', 'covered', 'defocused'] },
        cameras: [],
        retention: { days: 30, starredDays: 0, maxBytes: undefined, time: { hour: 3, minute: 30 } },
        backup: null,
        webhooks: [],
      },
      warnings: [],
    });
  },
);

function recordedCamera(privacy: string): string {
  return `cameras: [ { name: yard, url: "rtsp://h/1", clip: { enabled: true, after_s: 8 }, privacy: ${privacy} } ]`;
}

test('clips can be switched on, but not for a camera with privacy masks', () => {
  expect(parse(recordedCamera('{}')).config.cameras[0]?.clip).toEqual({
    isEnabled: true,
    beforeMs: 5000,
    afterMs: 8000,
  });
  expect(problemsOf(recordedCamera('{ masks: [ [ [0, 0], [1, 0], [0, 1] ] ] }'))).toEqual([
    "cameras[0].clip.enabled: received true together with privacy.masks, expected false, or no masks: a clip is the camera's own video, which can't be masked",
  ]);
});

test('every key reaches the configuration', () => {
  const { config } = parse(`
data_dir: /var/lib/vedette
server: { host: "::1", port: 9000 }
log: { level: debug }
pipeline: { workers: 4, queue_capacity: 10, capture_window_ms: 1000, drain_ms: 20000 }
vision:
  { deadline_ms: 8000, better_within_ms: 9000, language: German, frames: 2, hedging: true, reuse_minutes: 0,
    backfill: false, local_fallback: false, providers: [ { type: openai, api_key: k, model: m } ],
    budget: { daily_usd: 0.5, monthly_usd: null, camera_daily_usd: 0.1, unpriced_calls_per_day: 9,
      time_zone: Europe/Berlin } }
media: { streams_per_host: 1 }
notifications: { lost_after: 0, conditions: [covered] }
cameras:
  - { name: yard, type: rtsp, url: "rtsp://h/1", username: u, password: p, frame_rate: 10,
      is_enabled: false, motion_sensitivity: high, motion_cooldown: 0, sub_url: "rtsp://h/2",
      privacy: { local_only: true, masks: [ [ [0, 0], [1, 0], [0, 1] ] ] },
      zones: [ { name: door, kind: exclude, points: [ [0, 0], [0.5, 0], [0, 0.5] ] } ],
      schedule: { timezone: Europe/Berlin, days_of_week: [7, 1], time_ranges: [ { start: "22:00", end: "06:00" } ] },
      clip: { enabled: false, before_s: 3 }, onvif: { url: "http://h/onvif", native_events: assist }, decode: keyframes, labels: [Person, dog], retention_days: 90,
      vision: { prompt_addition: " The blue car is ours. ", max_events_per_hour: 12 } }
retention: { days: 14, starred_days: 365, max_gb: 1.5, time: "23:05" }
backup: { folder: /mnt/backup, time: "05:00", keep: 3, with_secret_key: true }
webhooks: [ { name: home, url: "https://home.example/hook", secret: s } ]
`);
  expect(config).toEqual({
    dataDir: resolve('/var/lib/vedette'),
    server: { host: '::1', port: 9000 },
    log: { level: 'debug' },
    pipeline: { workers: 4, queueCapacity: 10, captureWindowMs: 1000, drainMs: 20_000 },
    vision: {
      deadlineMs: 8000,
      betterWithinMs: 9000,
      isListedInFile: true,
      pictures: 2,
      isBudgetInFile: true,
      providers: [{ ...plainProvider('openai'), model: 'm', apiKey: 'k', pictures: 2 }],
      budget: {
        dailyUsd: 0.5,
        monthlyUsd: null,
        cameraDailyUsd: 0.1,
        unpricedCallsPerDay: 9,
        timeZone: 'Europe/Berlin',
      },
      isHedging: true,
      language: 'German',
      reuseMinutes: 0,
      isBackfilling: false,
    },
    media: { streamsPerHost: 1 },
    notifications: { lostAfterMs: null, conditions: ['covered'] },
    cameras: [
      {
        name: 'yard',
        type: 'rtsp',
        url: 'rtsp://h/1',
        username: 'u',
        password: 'p',
        frameRate: 10,
        isEnabled: false,
        motionSensitivity: 'high',
        motionCooldown: 0,
        isLocalOnly: true,
        promptAddition: 'The blue car is ours.',
        maxEventsPerHour: 12,
        subUrl: 'rtsp://h/2',
        zones: [
          {
            name: 'door',
            kind: 'exclude',
            points: [
              [0, 0],
              [0.5, 0],
              [0, 0.5],
            ],
          },
        ],
        schedule: {
          timeZone: 'Europe/Berlin',
          daysOfWeek: [1, 7],
          timeRanges: [{ start: '22:00', end: '06:00' }],
        },
        privacyMasks: [
          [
            [0, 0],
            [1, 0],
            [0, 1],
          ],
        ],
        clip: { isEnabled: false, beforeMs: 3000, afterMs: 5000 },
        onvif: { url: 'http://h/onvif', nativeEvents: 'assist' },
        decode: 'keyframes',
        labels: ['person', 'dog'],
        retentionDays: 90,
      },
    ],
    retention: { days: 14, starredDays: 365, maxBytes: 1_500_000_000, time: { hour: 23, minute: 5 } },
    backup: { folder: resolve('/mnt/backup'), time: { hour: 5, minute: 0 }, keep: 3, withSecretKey: true },
    webhooks: [{ name: 'home', url: 'https://home.example/hook', secret: 's' }],
  });
});

test.each(['retention: { days: 0, max_gb: 0 }', 'retention:\n  days:\n  starred_days:\n  max_gb:\n'])(
  '0 and nothing keep for ever (%j)',
  (text) => {
    expect(parse(text).config.retention).toMatchObject({ days: 0, starredDays: 0, maxBytes: null });
  },
);

test('an unknown key is refused by its path, with what may have been meant', () => {
  const text = `
cameras:
  - { name: a, url: "rtsp://h/1" }
  - { name: b, url: "rtsp://h/2", frame_rat: 5 }
servr: {}
pipeline: { zebra: 1 }
`;
  expect(problemsOf(text)).toEqual([
    'pipeline.zebra: unknown key; expected one of workers, queue_capacity, capture_window_ms, drain_ms',
    'cameras[1].frame_rat: unknown key; did you mean "frame_rate"?',
    'servr: unknown key; did you mean "server"?',
  ]);
  expect(failureOf(text).details).toContainEqual({
    path: 'cameras[1].frame_rat',
    message: 'unknown key; did you mean "frame_rate"?',
    line: 4,
    column: 35,
  });
});

test.each([
  ['server: { port: "80" }', 'server.port: received "80" (text), expected a whole number from 0 to 65535'],
  [
    'server: { port: 70000 }',
    'server.port: received "70000" (a number), expected a whole number from 0 to 65535',
  ],
  ['server: 5', 'server: received a number, expected a section with the keys host, port'],
  ['log: { level: loud }', 'log.level: received "loud" (text), expected one of "trace", '],
  ['data_dir: 5', 'data_dir: received "5" (a number), expected text; put it in quotes'],
  [
    'media: { streams_per_host: 1.5 }',
    'media.streams_per_host: received "1.5" (a number), expected a whole number from 1 to 16',
  ],
  ['cameras: { name: a }', 'cameras: received a section, expected a list'],
  ['cameras: [ { url: "rtsp://h" } ]', 'cameras[0].name: missing; expected text of 1 to 100 characters'],
  ['cameras: [ { name: a } ]', 'cameras[0].url: missing; expected text'],
  ['- a', 'the document: received a list, expected a section with the keys data_dir, '],
  ['retention: { time: "25:00" }', 'retention.time: received "25:00" (text), expected '],
  ['webhooks: [ { name: a, url: "ftp://h" } ]', 'webhooks[0].url: expected an http:// or https:// address'],
  [
    'webhooks: [ { name: a, url: "http://a:%zz@h" } ]',
    'webhooks[0].url: expected an http:// or https:// address',
  ],
])('%s: says what was received and what is expected', (text, expected) => {
  expect(problemsOf(text).map((problem) => problem.slice(0, expected.length))).toEqual([expected]);
});

test('all problems are said at once, also within one camera', () => {
  const text = `
cameras:
  - { name: a, url: "gopher://h", frame_rate: 99, colour: red }
  - { name: a, url: "rtsp://h", motion_cooldown: -1 }
log: { level: 3 }
`;
  expect(problemsOf(text).map((problem) => problem.slice(0, problem.indexOf(':')))).toEqual([
    'log.level',
    'cameras[0].frame_rate',
    'cameras[0].colour',
    'cameras[0].url',
    'cameras[1].motion_cooldown',
    'cameras[1].name',
  ]);
});

test.each([
  ['server:\n\tport: 1', 2, 1],
  ['server: { port: 1', 1, 18],
  ['a: 1\na: 2', 2, 1],
  ['cameras:\n  - name: "a', 2, 13],
  ['server:\n  port: 1\n host: x', 3, 1],
  ['password: *secret', 1, 11],
  ['a: 1\n---\nb: 2', 2, 1],
  ['a: !env X', 1, 4],
])('YAML that is none (%j) is refused with line and column', (text, line, column) => {
  const error = failureOf(text);
  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.message).toMatch(/^configuration from vedette\.yaml: \d+ problems?\n/);
  expect(error.details[0]).toMatchObject({ line, column });
});

test('a secret that breaks the YAML is not quoted in the message', () => {
  for (const text of [
    'password: *hunter2',
    'password: !hunter2 x',
    'password: "hunter2',
    'a: {password: hunter2',
    'password: @hunter2',
  ]) {
    const error = failureOf(text);
    expect(JSON.stringify([error.message, error.details])).not.toContain('hunter2');
  }
});

test('a secret in a wrong place is not shown', () => {
  const text = `
cameras:
  - { name: a, url: "rtsp://u:hunter2@h", password: hunter2 }
  - { name: b, url: "gopher://u:hunter2@h" }
  - { name: c, url: "rtsp://u:hunter2/@h" }
  - { name: d, url: "rtsp://u:%hunter2@h" }
  - { name: e, url: "http://h/?password=hunter2", type: rtsp }
  - rtsp://u:hunter2@h
  - { name: f, url: "rtsp://h", password: { hunter2: 1 } }
webhooks: [ { name: w, url: "ftp://u:hunter2@h" } ]
server: { port: "\${SECRET}", host: "\${SECRET}" }
`;
  const options = {
    env: { SECRET: 'hunter2' },
    overrides: { cameras: ['rtsp://u:hunter2@h', 'x=gopher://u:hunter2@h'] },
  };
  const error = failureOf(text, options);
  expect(error.details.length).toBeGreaterThanOrEqual(10);
  expect(JSON.stringify([error.message, error.details])).not.toContain('hunter2');
});

test('credentials in an address are taken out, and the kind is found by the address', () => {
  const { cameras } = parse(`
cameras:
  - { name: a, url: "rtsp://me:p%40ss@h:554/s" }
  - { name: b, url: "http://h/video" }
  - { name: c, url: "recordings/a.mp4" }
  - { name: " d ", type: file, url: "http://h/video" }
`).config;
  expect(
    cameras.map(({ name, type, url, username, password }) => [name, type, url, username, password]),
  ).toEqual([
    ['a', 'rtsp', 'rtsp://h:554/s', 'me', 'p@ss'],
    ['b', 'http_mjpeg', 'http://h/video', null, null],
    ['c', 'file', 'recordings/a.mp4', null, null],
    ['d', 'file', 'http://h/video', null, null],
  ]);
});

test('an address is checked by the adapter of its type', () => {
  expect(
    problemsOf('cameras: [ { name: a, type: rtsp, url: "http://h/1" }, { name: b, url: "gopher://h" } ]'),
  ).toEqual([
    'cameras[0].url: received "http://h/1" for the type rtsp: expected rtsp://host[:port]/path',
    'cameras[1].url: received "gopher://h", expected an address for one of rtsp, http_mjpeg, file',
  ]);
});

test('credentials in the address of the small stream serve both, and do not stay in it', () => {
  const camera = parse('cameras: [{ name: a, url: "rtsp://h/1", sub_url: "rtsp://u:p%40ss@h/2" }]');
  expect(camera.config.cameras).toMatchObject([
    { url: 'rtsp://h/1', subUrl: 'rtsp://h/2', username: 'u', password: 'p@ss' },
  ]);
  const both = 'url: "rtsp://u:p@h/1", sub_url: "rtsp://u:p@h/2"';
  expect(parse(`cameras: [{ name: a, ${both} }]`).config.cameras).toMatchObject([
    { url: 'rtsp://h/1', subUrl: 'rtsp://h/2', username: 'u', password: 'p' },
  ]);
});

test.each([
  ['url: "rtsp://u:p@h/1", sub_url: "rtsp://u:q@h/2"', 'received another user name or password'],
  ['url: "rtsp://h/1", username: v, password: p, sub_url: "rtsp://u:p@h/2"', 'received another user name'],
  ['url: "rtsp://h/1", sub_url: "http://h/2"', 'received "http://h/2" for the type rtsp'],
  ['url: "rtsp://h/1", sub_url: "rtsp://u:q%@h /2"', "user name or password can't be read"],
  ['url: "a.mp4", sub_url: "b.mp4"', 'a camera of the type file has one stream only'],
])('a small stream that does not fit is refused: %s', (camera, expected) => {
  const [problem, ...others] = problemsOf(`cameras: [{ name: a, ${camera} }]`);
  expect(problem).toContain('cameras[0].sub_url: ');
  expect(problem).toContain(expected);
  expect(problem).not.toContain('q%');
  expect(others).toEqual([]);
});

test('credentials in two places are refused', () => {
  expect(problemsOf('cameras: [ { name: a, url: "rtsp://u:p@h", username: u } ]')).toEqual([
    'cameras[0].username: credentials stand in the url too; write them in one place only',
  ]);
});

test('a name that is used twice is refused, of cameras and of webhooks', () => {
  expect(
    problemsOf(`
cameras: [ { name: a, url: "rtsp://h" }, { name: b, url: "rtsp://h" }, { name: " a ", url: "rtsp://h" } ]
webhooks: [ { name: w, url: "http://h" }, { name: w, url: "http://h" } ]`),
  ).toEqual([
    'cameras[2].name: received "a", which is the name of number 1 already; expected a name of its own',
    'webhooks[1].name: received "w", which is the name of number 1 already; expected a name of its own',
  ]);
});

test.each(['127.0.0.1', '127.9.9.9', 'localhost', '::1', '[::1]'])('the host %s is accepted', (host) => {
  expect(parse(`server: { host: "${host}" }`).config.server.host).toBe(host);
});

test.each([
  [undefined, undefined, 2, 0],
  [undefined, 4, 4, 0],
  ['3', 4, 3, 0],
  ['5', undefined, 5, 0],
  ['', 3, 3, 0],
  ['1', undefined, 2, 1],
  ['9', undefined, 5, 1],
  ['-3', undefined, 2, 1],
  ['many', undefined, 2, 1],
  ['2.5', 4, 4, 1],
  [undefined, 0, 2, 1],
  [undefined, 8, 5, 1],
  ['99999999999999999999', 3, 5, 1],
])(
  'EVENT_WORKER_COUNT %j over pipeline.workers %j: %i workers, %i warnings',
  (environment, configured, workers, count) => {
    const text = configured === undefined ? '' : `pipeline: { workers: ${configured} }`;
    const { config, warnings } = parse(text, { env: { EVENT_WORKER_COUNT: environment } });
    expect(config.pipeline.workers).toBe(workers);
    expect(warnings).toHaveLength(count);
    expect(
      warnings.filter((warning) => !/: received .*, expected .*2 to 5; \d workers are used$/.test(warning)),
    ).toEqual([]);
  },
);
