import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLog } from './log.ts';
import { formatLogLine, readLogEntry } from './log-line.ts';

let dataDir = '';

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'vedette-log-'));
});

afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true });
});

async function loggedLines(): Promise<unknown[]> {
  const content = await readFile(join(dataDir, 'logs', 'vedette.log'), 'utf8');
  return content
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

/** Runs a script that logs, in a process of its own; `stdout` is what it printed. */
async function runLogging(script: string): Promise<{ stdout: string; code: unknown; signal: unknown }> {
  const module = JSON.stringify(new URL('log.ts', import.meta.url).href);
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { createLog } from ${module}; const dataDir = ${JSON.stringify(dataDir)}; ${script}`,
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const stdout = text(child.stdout);
  const [code, signal]: unknown[] = await once(child, 'exit');
  return { stdout: await stdout, code, signal };
}

test('a line is JSON with time, level, message and particulars', async () => {
  await using logging = await createLog({ level: 'info', dataDir, toConsole: false });
  logging.log.info({ camera: 'door', depth: 3 }, 'event queued');
  logging.log.debug('not this');
  expect(await loggedLines()).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      camera: 'door',
      depth: 3,
      msg: 'event queued',
    },
  ]);
});

test('secrets are in no line, however they got there, and every line stays valid JSON', async () => {
  await using logging = await createLog({ level: 'info', dataDir, toConsole: false });
  const { log } = logging;
  const address = 'rtsp://admin:hunter2@192.168.1.20/stream?token=hunter2';
  log.info(`opening ${address}`);
  log.info({ url: address, mail: 'a@b', next: 'kept' }, 'opening "%s"', address);
  log.info(
    { camera: { name: 'door', password: 'hunter2', nested: { deep: [{ apiKey: 'hunter2' }] } } },
    'changed',
  );
  log.info({ headers: { Authorization: 'hunter2', cookie: 'hunter2' }, secret: 'hunter2' }, 'asked');
  log.error({ err: new Error(`no route to ${address}`, { cause: new Error(address) }) }, 'lost');
  log.error({ error: new Error(`no route to ${address}`) }, 'lost');
  log.child({ url: address }).warn('from a child');
  const lines = await loggedLines();
  expect(lines).toHaveLength(7);
  expect(JSON.stringify(lines)).not.toContain('hunter2');
  expect(lines[1]).toMatchObject({ mail: 'a@b', next: 'kept' });
  expect(lines[2]).toMatchObject({
    camera: { name: 'door', password: '****', nested: { deep: [{ apiKey: '****' }] } },
  });
  expect(lines[4]).toMatchObject({ err: { type: 'Error', message: expect.stringContaining('no route') } });
});

test.each([
  ['an exit', 'process.exit(3)'],
  ['a crash', "setTimeout(() => { throw new Error('crash') })"],
  ['a kill', "process.kill(process.pid, 'SIGKILL')"],
])('the last line before %s is in the file', async (_name, end) => {
  const { code, signal } = await runLogging(
    `const { log } = await createLog({ level: 'info', dataDir });
     for (let i = 0; i < 500; i += 1) log.info({ i }, 'line');
     log.info('the last words'); ${end};`,
  );
  expect(code === 0 && signal === null).toBe(false);
  const lines = await loggedLines();
  expect(lines).toHaveLength(501);
  expect(lines.at(-1)).toMatchObject({ msg: 'the last words' });
});

test('a process that has said everything ends by itself', async () => {
  const { stdout, code } = await runLogging(
    `await using logging = await createLog({ level: 'info', dataDir, toConsole: 'pretty' });
     logging.log.info({ url: 'http://127.0.0.1:8470' }, 'vedette is running');`,
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\d\d:\d\d:\d\d vedette is running {2}url=http:\/\/127\.0\.0\.1:8470\n$/);
});

test('a console that nobody reads any longer does not end the service', async () => {
  const script = `import { createLog } from ${JSON.stringify(new URL('log.ts', import.meta.url).href)};
    const { log } = await createLog({ level: 'info', dataDir: ${JSON.stringify(dataDir)} });
    for (let i = 0; i < 100; i += 1) { log.info({ i }, 'line'); await new Promise((resolve) => setTimeout(resolve, 5)); }`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
  expect((await loggedLines()).at(-1)).toMatchObject({ i: 99 });
});

test('a console that is not read holds a bounded backlog, and says what was left out', async () => {
  const script = `import { createLog } from ${JSON.stringify(new URL('log.ts', import.meta.url).href)};
    const { log } = await createLog({ level: 'info', dataDir: ${JSON.stringify(dataDir)} });
    for (let i = 0; i < 30000; i += 1) log.info({ i }, 'x'.repeat(100));
    process.stderr.write('held ' + process.stdout.writableLength + '.');
    while (process.stdout.writableLength > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    log.info('read again');`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  // Nothing is read before the flood is over.
  const [said]: unknown[] = await once(child.stderr, 'data');
  const heldBytes = Number(/held (\d+)\./.exec(String(said))?.[1]);
  const printed = (await text(child.stdout)).trimEnd().split('\n');
  await exited;
  expect(heldBytes).toBeGreaterThan(1024 * 1024);
  expect(heldBytes).toBeLessThan(1024 * 1024 + 1000);
  expect(JSON.parse(printed.at(-2) ?? '')).toMatchObject({
    level: 'warn',
    lines: 30_000 - (printed.length - 2),
  });
  expect(JSON.parse(printed.at(-1) ?? '')).toMatchObject({ msg: 'read again' });
  expect(await loggedLines()).toHaveLength(30_001);
});

test('the files stay within their bounds', async () => {
  await using logging = await createLog({
    level: 'info',
    dataDir,
    toConsole: false,
    rotation: { totalBytes: 20_000, fileCount: 4 },
  });
  for (let index = 0; index < 1000; index += 1) logging.log.info({ index }, 'x'.repeat(100));
  const names = await readdir(join(dataDir, 'logs'));
  const contents = await Promise.all(names.map((name) => readFile(join(dataDir, 'logs', name))));
  expect(contents.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(20_000);
  expect(names.length).toBe(4);
  expect((await loggedLines()).at(-1)).toMatchObject({ index: 999 });
});

test('a folder that can not be written is said clearly', async () => {
  await writeFile(join(dataDir, 'logs'), 'in the way');
  await expect(createLog({ level: 'info', dataDir, toConsole: false })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('choose another one with --data'),
  });
});

test('silent writes nothing at all', async () => {
  await using logging = await createLog({ level: 'silent', dataDir, toConsole: 'json' });
  logging.log.fatal('nobody hears');
  expect(await readdir(dataDir)).toEqual([]);
});

test('a readable line is short, one line, and cannot command the terminal', () => {
  const entry = readLogEntry(
    JSON.stringify({
      level: 'warn',
      time: '2026-05-01T12:00:00.000Z',
      camera: 'Front door\u001b[2J',
      cause: 'refused',
      error: { message: 'first\nsecond' },
      msg: 'camera lost',
    }),
  );
  const line = formatLogLine(entry);
  expect(line).toMatch(
    /^\d\d:\d\d:\d\d WARN camera lost {2}camera="Front door.*" {2}cause=refused {2}error="first/,
  );
  expect(line.trimEnd()).not.toMatch(/\p{Cc}/u);
});

test('text that is no JSON becomes a message, without its secrets', () => {
  expect(readLogEntry('see http://me:hunter2@host/ {\n')).toEqual({ msg: 'see http://***@host/ {' });
});
