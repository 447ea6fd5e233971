import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { makeDescription, startApi, type RunningApi } from '../../test/fakes/api-services.ts';
import { startFaultProxy } from '../../test/support/fault-proxy.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { runCommand, type TerminalRun } from '../../test/support/terminal-run.ts';
import { untilSteady, waitUntil } from '../../test/support/wait-until.ts';
import { addEventsCommand } from './events-command.ts';
import type { Terminal } from './terminal.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

function runExport(url: string, ...args: readonly string[]): Promise<TerminalRun> {
  return runCommand(
    (program, terminal) => {
      addEventsCommand(program, { terminal });
    },
    ['events', 'export', '--url', url, ...args],
  );
}

/** As a user starts it, with a shell before it. */
function shell(script: string) {
  const child = spawn('bash', [
    '-o',
    'pipefail',
    '-c',
    script.replaceAll('VEDETTE', `${process.execPath} ${main}`),
  ]);
  return {
    child,
    ended: Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]).then(
      ([stdout, stderr, [code]]) => ({ stdout, stderr, code: code as number | null }),
    ),
  };
}

/** A day apart, the last one today. @returns ids, newest first */
async function addEvents(api: RunningApi, cameraId: string, count: number): Promise<string[]> {
  const now = Date.now();
  const added = await Promise.all(
    Array.from({ length: count }, (_, days) =>
      api.addEvent({
        cameraId,
        timestamp: now - days * 86_400_000,
        description: makeDescription(days % 2 === 0 ? `A "cat",\nnumber ${days}.` : 'A dog.'),
      }),
    ),
  );
  return added.map(({ id }) => id);
}

async function proxyTo(url: string) {
  const proxy = await startFaultProxy({ targetPort: Number(new URL(url).port) });
  return {
    proxy,
    url: `http://127.0.0.1:${proxy.port}`,
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

function idsOf(lines: string): string[] {
  return lines
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: string }).id);
}

test('all events of a search come as the API has them, in both formats, to stdout or into a file', async () => {
  await using api = await startApi();
  await using dir = await makeTempDir();
  await addEvents(api, await api.addCamera('Yard'), 3);
  const ids = await addEvents(api, await api.addCamera('Gate'), 250);
  const answer = async (query: string): Promise<string> =>
    (await api.call('GET', `/api/v1/events/export?${query}`)).text;
  const lines = await runExport(api.url, '--camera', 'Gate');
  expect(idsOf(lines.stdout)).toEqual(ids);
  expect(lines).toMatchObject({ stderr: '', error: undefined, exitCode: 0 });
  expect((await runExport(api.url)).stdout).toBe(await answer('format=ndjson'));
  const few = await runExport(api.url, 'cat', '--camera', 'Gate', '--since', '5d');
  expect(idsOf(few.stdout)).toEqual([ids[0], ids[2], ids[4]]);
  expect((await runExport(api.url, '--format', 'csv')).stdout).toBe(await answer('format=csv'));

  const file = dir.file('events.csv');
  await writeFile(file, 'What was there before.');
  const written = await runExport(api.url, '--output', file);
  expect(written.stdout).toBe(`253 events are in ${file}.\n`);
  expect(await readFile(file, 'utf8')).toBe(await answer('format=csv'));
  await runExport(api.url, '--output', file, '--format', 'ndjson', 'zebra');
  expect(await readFile(file, 'utf8')).toBe('');
  expect(await readdir(dir.path)).toEqual(['events.csv']);
});

test('a connection that is cut is told, with how much came; a file stays what it was', async () => {
  await using api = await startApi();
  await using dir = await makeTempDir();
  const ids = await addEvents(api, await api.addCamera('Gate'), 30);
  await using through = await proxyTo(api.url);
  for (const kind of ['truncate', 'reset'] as const) {
    await through.proxy.setFault({ kind, afterBytes: 20_000 });
    const cut = await runExport(through.url);
    const got = idsOf(cut.stdout);
    // Whole events only.
    expect(got).toEqual(ids.slice(0, got.length));
    expect(got.length).toBeGreaterThan(5);
    expect(cut.error).toContain('broke off in the middle of its answer');
    expect(cut.error).toContain(`${got.length} events were written, not all.`);

    const file = dir.file('events.ndjson');
    await writeFile(file, 'What was there before.');
    const failed = await runExport(through.url, '--output', file);
    expect(failed.error).toContain(`${got.length} events had come; ${file} was not written.`);
    expect(await readFile(file, 'utf8')).toBe('What was there before.');
    expect(await readdir(dir.path)).toEqual(['events.ndjson']);
  }
});

test('where there is no service, something else, or no such folder, it says so and writes nothing', async () => {
  await using api = await startApi();
  await using dir = await makeTempDir();
  const file = dir.file('events.csv');
  const refused = await runExport('http://127.0.0.1:1', '--output', file);
  expect(refused.error).toContain('Start it with "vedette serve"');
  await using through = await proxyTo(api.url);
  await through.proxy.setFault({ kind: 'web_page' });
  expect((await runExport(through.url, '--output', file)).error).toContain('does not seem to be Vedette');
  expect((await runExport(api.url, '--output', dir.file('none/events.csv'))).error).toContain('ENOENT');
  expect((await runExport(api.url, '--output', '/dev/null')).error).toContain('no file');
  expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
  expect((await runExport(api.url, 'x'.repeat(501))).error).toContain('search_query');
  expect(await readdir(dir.path)).toEqual([]);
});

test('no more is read than is taken, until Ctrl-C', async () => {
  const line = `${JSON.stringify({ id: 'x', description: 'A long text. '.repeat(5_000) })}\n`;
  let sentBytes = 0;
  // Has no end, unlike a service's.
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    const send = (): void => {
      while (!response.destroyed) {
        sentBytes += line.length;
        if (!response.write(line)) break;
      }
    };
    response.on('drain', send);
    send();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stuck = new Writable({ write: () => undefined });
  const terminal = { stdin: process.stdin, stdout: stuck, stderr: new PassThrough() } as unknown as Terminal;
  const program = new Command('vedette');
  addEventsCommand(program, { terminal });
  const args = ['events', 'export', '--url', `http://127.0.0.1:${port}`];
  const ended = program.parseAsync(args, { from: 'user' }).catch(String);
  await waitUntil('the first of it', () => stuck.writableLength > 0);
  await untilSteady(() => sentBytes);
  // What the buffers of two sockets hold.
  expect(sentBytes).toBeLessThan(30e6);
  process.emit('SIGINT');
  expect(await ended).toMatch(/Stopped\. \d+ events were written, not all\.$/);
  server.close();
});

test('a reader that has enough ends it quietly', async () => {
  await using api = await startApi();
  const [newest] = await addEvents(api, await api.addCamera('Gate'), 400);
  const { stdout, stderr, code } = await shell(`VEDETTE events export --url ${api.url} | head -1`).ended;
  expect({ ids: idsOf(stdout), stderr, code }).toEqual({ ids: [newest], stderr: '', code: 0 });
});

test('Ctrl-C leaves nothing half', async () => {
  await using api = await startApi();
  await using dir = await makeTempDir();
  await addEvents(api, await api.addCamera('Gate'), 30);
  await using through = await proxyTo(api.url);
  await through.proxy.setFault({ kind: 'silence', afterBytes: 20_000 });
  const file = dir.file('events.ndjson');
  const run = shell(`exec VEDETTE events export --url ${through.url} --output ${file}`);
  await waitUntil('a part', async () => {
    const [name] = await readdir(dirname(file));
    return name !== undefined && (await stat(dir.file(name))).size > 0;
  });
  run.child.kill('SIGINT');
  const { stderr, code } = await run.ended;
  expect(stderr).toMatch(/^vedette: Stopped\. \d+ events had come; .* was not written\.\n$/);
  expect(code).toBe(1);
  expect(await readdir(dir.path)).toEqual([]);
});
