import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { makeDescription, startApi, type RunningApi } from '../../test/fakes/api-services.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import { systemClock } from '../core/clock.ts';
import { addEventsCommand } from './events-command.ts';
import { pictureModeOf, toTerminalPicture } from './terminal-picture.ts';

const dayMs = 86_400_000;

function makeTerminal(isTerminal: boolean) {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  for (const stream of Object.values(streams)) Object.assign(stream, { isTTY: isTerminal });
  const text = { stdout: '', stderr: '' };
  streams.stdout.on('data', (piece: Buffer) => (text.stdout += String(piece)));
  streams.stderr.on('data', (piece: Buffer) => (text.stderr += String(piece)));
  return {
    terminal: streams as unknown as Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>,
    stdin: streams.stdin,
    text,
  };
}

async function run(
  api: Pick<RunningApi, 'url'>,
  args: readonly string[],
  options: {
    readonly isTerminal?: boolean;
    readonly typed?: string;
    readonly env?: Record<string, string>;
  } = {},
): Promise<{ readonly stdout: string; readonly stderr: string; readonly error: string | undefined }> {
  const { terminal, stdin, text } = makeTerminal(options.isTerminal ?? options.typed !== undefined);
  const program = new Command('vedette').exitOverride().configureOutput({ writeErr: () => undefined });
  addEventsCommand(program, { terminal, clock: systemClock, env: options.env ?? {} });
  if (options.typed !== undefined) stdin.write(`${options.typed}\n`);
  let error: string | undefined;
  try {
    await program.parseAsync(['events', ...args, '--url', api.url], { from: 'user' });
  } catch (thrown) {
    error = String(thrown);
  }
  return { ...text, error };
}

async function addEvent(api: RunningApi, cameraId: string, text: string, ageDays = 0): Promise<string> {
  const timestamp = Date.now() - ageDays * dayMs;
  const jpeg = await sharp({ create: { width: 64, height: 36, channels: 3, background: '#c53' } })
    .jpeg()
    .toBuffer();
  const pictures = [{ jpeg, width: 64, height: 36, capturedAt: timestamp, regions: [] }];
  const event = { cameraId, timestamp, startedAt: timestamp, description: makeDescription(text) };
  return (await api.addEvent(event, pictures)).id;
}

test('search finds by words, camera and time, newest first, and tells how many there are', async () => {
  await using api = await startApi();
  const [gate, yard] = [await api.addCamera('Gate'), await api.addCamera('Yard')];
  const dog = await addEvent(api, gate, 'A dog <runs> by.', 1);
  const cat = await addEvent(api, yard, 'A cat sits.\u001B[2J', 3);
  const { stdout } = await run(api, ['search', 'dog']);
  expect(stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}Gate {2}A dog <runs> by\. {2}/);
  expect(stdout).toContain(dog);
  const all = (await run(api, ['search', '--limit', '1'])).stdout;
  expect(all).toContain(dog);
  expect(all).toContain('2 in all.');
  // What a model says can't steer the terminal.
  expect((await run(api, ['search', '--camera', 'Yard'])).stdout).toContain(`A cat sits. [2J  ${cat}`);
  expect((await run(api, ['search', '--since', '2d'])).stdout.trim().split('\n')).toHaveLength(1);
  expect((await run(api, ['search', 'zebra'])).stdout).toBe('Nothing was found.\n');
  expect((await run(api, ['search', 'dog'], { isTerminal: true })).stdout).toContain(
    '\u001B[1mdog\u001B[22m',
  );
  expect((await run(api, ['search', '--camera', 'Door'])).error).toContain('"Gate", "Yard"');
  const json = JSON.parse((await run(api, ['search', 'dog', '--json'])).stdout) as {
    events: { id: string }[];
  };
  expect(json.events.map(({ id }) => id)).toEqual([dog]);
});

test('show tells an event, with its picture where the terminal can show it', async () => {
  await using api = await startApi();
  const id = await addEvent(api, await api.addCamera('Gate'), 'A dog runs by.');
  const plain = await run(api, ['show', id]);
  expect(plain.stdout).toMatch(/^described by {2}\w/m);
  expect(plain.stdout).toMatch(/^A dog runs by\.\n\nwhen .*\ncamera {8}Gate\n/);
  const kitty = await run(api, ['show', id], { isTerminal: true, env: { KITTY_WINDOW_ID: '1' } });
  expect(kitty.stdout.startsWith('\u001B_Ga=T,f=100,m=')).toBe(true);
  expect(kitty.stdout).toContain('A dog runs by.');
  const without = await run(api, ['show', id, '--no-picture'], {
    isTerminal: true,
    env: { KITTY_WINDOW_ID: '1' },
  });
  expect(without.stdout).toBe(plain.stdout);
  expect((await run(api, ['show', 'nope'])).error).toContain('no event');
  expect(JSON.parse((await run(api, ['show', id, '--json'])).stdout)).toMatchObject({ id });
});

test('clean-up says what would go, asks, and deletes', async () => {
  await using api = await startApi();
  const camera = await api.addCamera('Gate');
  const old = await addEvent(api, camera, 'Old.', 100);
  const young = await addEvent(api, camera, 'Young.', 10);
  const refused = await run(api, ['cleanup', '--before', '90d']);
  expect(refused.stdout).toContain('1 events (');
  expect(refused.error).toContain('--yes');
  expect((await run(api, ['cleanup', '--before', '90d'], { typed: 'n' })).stdout).toContain(
    'Nothing was done.',
  );
  expect(await api.store.events.existing([old, young])).toHaveLength(2);
  expect((await run(api, ['cleanup', '--before', '90d'], { typed: 'y' })).stdout).toContain(
    '1 events deleted',
  );
  expect(await api.store.events.existing([old, young])).toEqual([young]);
  expect((await run(api, ['cleanup', '--before', '90d', '--yes'])).stdout).toBe('No event is that old.\n');
});

test('tail follows what happens, over a restart of the service, until it is stopped', async () => {
  const first = await startApi();
  const port = Number(new URL(first.url).port);
  const { terminal, text } = makeTerminal(false);
  const program = new Command('vedette').exitOverride();
  const quick = {
    ...systemClock,
    sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(Math.min(ms, 50), signal),
  };
  addEventsCommand(program, { terminal, clock: quick, env: {} });
  const running = program.parseAsync(['events', 'tail', '--url', first.url], { from: 'user' });
  await waitUntil('the connection', () => first.liveClients === 1);
  const seen = await addEvent(first, await first.addCamera('Gate'), 'Before.');
  await waitUntil('the first event', () => text.stdout.includes(seen));
  await first[Symbol.asyncDispose]();
  await waitUntil('the loss to be told', () => text.stderr.includes('connecting again'));
  await using second = await startApi({ port });
  await waitUntil('the new connection', () => second.liveClients === 1);
  const later = await addEvent(second, await second.addCamera('Yard'), 'After.');
  await waitUntil('the second event', () => text.stdout.includes(later));
  process.emit('SIGINT');
  await running;
});

test('tail says when there is no service', async () => {
  expect((await run({ url: 'http://127.0.0.1:1' }, ['tail'])).error).toContain('vedette serve');
});

test.each([
  [{ KITTY_WINDOW_ID: '1' }, 'kitty'],
  [{ TERM_PROGRAM: 'iTerm.app' }, 'iterm2'],
  [{ TERM: 'foot' }, 'sixel'],
  [{ COLORTERM: 'truecolor' }, 'blocks'],
  [{ KITTY_WINDOW_ID: '1', TMUX: '/tmp/x', COLORTERM: 'truecolor' }, 'blocks'],
  [{ TERM: 'dumb' }, 'none'],
] as const)('a terminal that says %j gets %s', (env, mode) => {
  expect(pictureModeOf(env, true)).toBe(mode);
  expect(pictureModeOf(env, false)).toBe('none');
});

test('a picture comes out in the colours that it has', async () => {
  // Left half red, right half blue.
  const left = await sharp({ create: { width: 80, height: 80, channels: 3, background: '#f00' } })
    .png()
    .toBuffer();
  const jpeg = await sharp({ create: { width: 160, height: 80, channels: 3, background: '#00f' } })
    .composite([{ input: left, left: 0, top: 0 }])
    .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
    .toBuffer();
  const blocks = await toTerminalPicture(jpeg, 'blocks');
  const lines = blocks.replaceAll('\u001B', '^').trimEnd().split('\n');
  expect(lines).toHaveLength(20);
  expect(lines[5]).toMatch(/^\^\[38;2;2[45]\d;\d;\d;48;2;2[45]\d;\d;\dm▀/);
  expect(lines[5]).toMatch(/38;2;\d;\d;2[45]\d;48;2;\d;\d;2[45]\dm▀\^\[0m$/);
  const sixel = await toTerminalPicture(jpeg, 'sixel');
  // 5 of 5 red is 180 of the palette, blue 5; each fills its half with whole columns of six.
  expect(sixel).toContain('#180;2;100;0;0');
  expect(sixel).toMatch(/#180!80~/);
  expect(sixel.split('-')).toHaveLength(14);
  const kitty = await toTerminalPicture(jpeg, 'kitty');
  const payload = [...kitty.replaceAll('\u001B', '^').matchAll(/;([A-Za-z0-9+/=]+)\^/g)]
    .map(([, piece]) => piece)
    .join('');
  expect(await sharp(Buffer.from(payload, 'base64')).metadata()).toMatchObject({ format: 'png', width: 160 });
  expect(await toTerminalPicture(jpeg, 'iterm2')).toContain(jpeg.toString('base64'));
});
