import { InvalidArgumentError, Option, type Command } from 'commander';
import { z } from 'zod';
import { systemClock, type Clock } from '../core/clock.ts';
import { AppError, isAbort, messageOf } from '../core/errors.ts';
import { eventWireSchema } from '../core/event-wire.ts';
import { eventDetails, eventLine } from './event-lines.ts';
import { tailEvents } from './event-tail.ts';
import { exportToFile, exportToStdout, isBrokenPipe } from './events-export.ts';
import { createServiceClient, type ServiceClient } from './service-client.ts';
import { defaultServiceUrl, serviceUrlOption } from './service-option.ts';
import { parseSince } from './since.ts';
import { pictureModeOf, toTerminalPicture } from './terminal-picture.ts';
import { isInteractive, Prompter, type Terminal } from './terminal.ts';
import { cameraNamed } from './undescribed-events.ts';
import type { ExportFormat } from './whole-events.ts';

interface ServiceOptions {
  readonly url: string;
}

interface FilterOptions extends ServiceOptions {
  readonly camera?: string;
  readonly since?: number;
}

interface SearchOptions extends FilterOptions {
  readonly limit: number;
  readonly json?: true;
}

interface ExportOptions extends FilterOptions {
  readonly format?: ExportFormat;
  readonly output?: string;
}

interface CleanupOptions extends ServiceOptions {
  readonly before: number;
  readonly camera?: string;
  readonly includeStarred?: true;
  readonly yes?: true;
}

const pageSchema = z.object({
  events: z.array(z.object({ ...eventWireSchema.shape, highlight: z.string().nullable() })),
  total_count: z.int(),
});

/** An older service does not say why. */
const shownEventSchema = z.object({ ...eventWireSchema.shape, why: z.string().optional() });

const cleanupSchema = z.object({
  status: z.string(),
  events: z.int(),
  bytes: z.int(),
  oldest: z.string().nullable(),
  newest: z.string().nullable(),
  starred_kept: z.int(),
  deleted_events: z.int(),
  deleted_bytes: z.int(),
  cause: z.string().nullable(),
});

interface CommandContext {
  /** Where it asks and tells; the process's own unless given. */
  readonly terminal?: Terminal;
  readonly clock?: Clock;
  /** What the terminal says of itself. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export function addEventsCommand(
  program: Command,
  { terminal = process, clock = systemClock, env = process.env }: CommandContext = {},
): void {
  const events = program.command('events').description('Look at the events of the running service.');
  const when = (text: string): number => whenOption(text, clock);
  const attend = (work: AttendedWork): Promise<void> => attended(terminal, work);
  const finding = (name: string): Command =>
    withService(
      events.command(name).argument('[text...]', 'words that must all occur; "phrases" and prefix*'),
    )
      .option('--camera <name>', 'only events of this camera')
      .option('--since <when>', 'only events since 2026-11-01, or of the last 7d, 12h, 30m', when);
  finding('search')
    .description('Find events, newest first.')
    .option('--limit <n>', 'at most so many, 1–500', limitOption, 20)
    .option('--json', 'answer as the API does')
    .action((words: string[], options: SearchOptions) =>
      attend((signal) => search(words.join(' '), options, terminal, signal)),
    );
  finding('export')
    .description('All events of a search as text, newest first, however many there are.')
    .addOption(
      new Option(
        '--format <format>',
        'an event a line as JSON, or a table (default: csv for FILE.csv)',
      ).choices(['ndjson', 'csv']),
    )
    .option('--output <file>', 'write there instead of stdout; the file appears when it is whole')
    .action((words: string[], options: ExportOptions) =>
      attend((signal) => exportEvents(words.join(' '), options, terminal, signal)),
    );
  withService(events.command('tail'))
    .description('Follow events as they happen, until Ctrl-C.')
    .option('--camera <name>', 'only events of this camera')
    .option('--json', 'one JSON object a line')
    .action((options: ServiceOptions & { readonly camera?: string; readonly json?: true }) =>
      attend((signal) => tail(options, terminal, clock, signal)),
    );
  withService(events.command('show').argument('<id>', 'id of an event'))
    .description('One event, with its picture where the terminal can show it.')
    .option('--no-picture', 'words only')
    .option('--json', 'answer as the API does')
    .action((id: string, options: ServiceOptions & { readonly picture: boolean; readonly json?: true }) =>
      attend((signal) => show(id, options, { terminal, env }, signal)),
    );
  withService(events.command('cleanup'))
    .description('Delete all events of before a moment, with their pictures.')
    .requiredOption('--before <when>', 'a day such as 2026-11-01, or how long ago: 90d', when)
    .option('--camera <name>', 'only events of this camera')
    .option('--include-starred', 'those with a star too')
    .option('-y, --yes', 'do not ask')
    .action((options: CleanupOptions) =>
      attend((signal, abort) => cleanUp(options, terminal, signal, abort)),
    );
}

function withService(command: Command): Command {
  return command.option('--url <url>', 'address of the service', serviceUrlOption, defaultServiceUrl);
}

async function search(
  text: string,
  { url, limit, json, ...choice }: SearchOptions,
  { stdout }: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const client = createServiceClient(url);
  const query = new URLSearchParams({
    limit: String(limit),
    ...(await filterOf(client, text, choice, signal)),
  });
  const page = await client.call('GET', `/events?${query.toString()}`, pageSchema, signal);
  if (json === true) {
    stdout.write(`${JSON.stringify(page, null, 1)}\n`);
    return;
  }
  for (const event of page.events) {
    stdout.write(`${eventLine(event, event.highlight, { isTerminal: stdout.isTTY })}\n`);
  }
  if (page.events.length === 0) stdout.write('Nothing was found.\n');
  else if (page.total_count > page.events.length) stdout.write(`${page.total_count} in all.\n`);
}

async function exportEvents(
  text: string,
  { url, format, output, ...choice }: ExportOptions,
  { stdout }: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const client = createServiceClient(url);
  const request = {
    client,
    format: format ?? (output !== undefined && /\.csv$/i.test(output) ? 'csv' : 'ndjson'),
    filter: await filterOf(client, text, choice, signal),
    signal,
  };
  if (output === undefined) await exportToStdout(request, stdout);
  else stdout.write(`${await exportToFile(request, output)} events are in ${output}.\n`);
}

/** What the options say, as the API's list and its export understand it. */
async function filterOf(
  client: ServiceClient,
  text: string,
  { camera, since }: Omit<FilterOptions, 'url'>,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  return {
    ...(text.trim() === '' ? {} : { search_query: text }),
    ...(since === undefined ? {} : { start_time: new Date(since).toISOString() }),
    ...(camera === undefined ? {} : { camera_id: await cameraNamed(client, camera, signal) }),
  };
}

async function tail(
  { url, camera, json }: ServiceOptions & { readonly camera?: string; readonly json?: true },
  { stdout, stderr }: Terminal,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const cameraId =
    camera === undefined ? undefined : await cameraNamed(createServiceClient(url), camera, signal);
  await tailEvents({
    url,
    clock,
    signal,
    onEvent: (event, type) => {
      if (cameraId !== undefined && event.camera_id !== cameraId) return;
      stdout.write(
        json === true
          ? `${JSON.stringify({ type, event })}\n`
          : `${eventLine(event, null, { isTerminal: stdout.isTTY })}\n`,
      );
    },
    onNote: (text) => {
      stderr.write(`${text}\n`);
    },
  });
}

async function show(
  id: string,
  { url, picture, json }: ServiceOptions & { readonly picture: boolean; readonly json?: true },
  { terminal: { stdout }, env }: Required<Pick<CommandContext, 'terminal' | 'env'>>,
  signal: AbortSignal,
): Promise<void> {
  const client = createServiceClient(url);
  const path = `/events/${encodeURIComponent(id)}`;
  if (json === true) {
    stdout.write(`${JSON.stringify(await client.call('GET', path, z.json(), signal), null, 1)}\n`);
    return;
  }
  const event = await client.call('GET', path, shownEventSchema, signal);
  const mode = picture && event.thumbnail_url !== null ? pictureModeOf(env, stdout.isTTY) : 'none';
  if (mode !== 'none') {
    stdout.write(await toTerminalPicture(await client.bytes(`${path}/thumbnail`, signal), mode));
  }
  stdout.write(eventDetails(event));
}

async function cleanUp(
  { url, before, camera, includeStarred, yes }: CleanupOptions,
  terminal: Terminal,
  signal: AbortSignal,
  abort: AbortController,
): Promise<void> {
  const { stdout } = terminal;
  const client = createServiceClient(url);
  const query = new URLSearchParams({
    before: new Date(before).toISOString(),
    ...(includeStarred === true ? { include_starred: 'true' } : {}),
    ...(camera === undefined ? {} : { camera_id: await cameraNamed(client, camera, signal) }),
  });
  const ask = (confirm: boolean): Promise<z.output<typeof cleanupSchema>> =>
    client.call(
      'DELETE',
      `/events/cleanup?${query.toString()}${confirm ? '&confirm=true' : ''}`,
      cleanupSchema,
      signal,
    );
  const planned = await ask(false);
  if (planned.events === 0) {
    stdout.write('No event is that old.\n');
    return;
  }
  const kept = planned.starred_kept === 0 ? '' : ` ${planned.starred_kept} with a star stay.`;
  stdout.write(
    `${planned.events} events (${megabytes(planned.bytes)}) from ${planned.oldest} to ${planned.newest} would be deleted.${kept}\n`,
  );
  if (yes !== true && !(await isConfirmed(terminal, abort))) {
    stdout.write('Nothing was done.\n');
    return;
  }
  const done = await ask(true);
  const goesOn = done.status === 'running' ? '; it goes on in the service' : '';
  stdout.write(`${done.deleted_events} events deleted (${megabytes(done.deleted_bytes)})${goesOn}.\n`);
  if (done.cause !== null) stdout.write(`${done.cause}\n`);
  if (!['done', 'running'].includes(done.status)) process.exitCode = 1;
}

async function isConfirmed(terminal: Terminal, abort: AbortController): Promise<boolean> {
  if (!isInteractive(terminal)) {
    throw new AppError('BAD_REQUEST', 'Nobody can be asked here (this is no terminal): say --yes to go on.');
  }
  using prompter = new Prompter(terminal, abort);
  return await prompter.confirm('Go on?');
}

type AttendedWork = (signal: AbortSignal, abort: AbortController) => Promise<void>;

/** Works until it is done, Ctrl-C ends it, or whoever reads the output goes, as `head` does. */
async function attended({ stdout, stderr }: Terminal, work: AttendedWork): Promise<void> {
  const abort = new AbortController();
  const onSignal = (): void => {
    abort.abort();
  };
  // It stays: an error may come when all is written.
  stdout.on('error', (error) => {
    abort.abort();
    if (isBrokenPipe(error)) return;
    stderr.write(`vedette: stdout: ${messageOf(error)}\n`);
    process.exitCode = 1;
  });
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    await work(abort.signal, abort);
  } catch (error) {
    if (!isBrokenPipe(error) && !(abort.signal.aborted && isAbort(error))) throw error;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function whenOption(text: string, clock: Clock): number {
  const moment = parseSince(text, clock.now());
  if (moment !== undefined) return moment;
  throw new InvalidArgumentError('expected a day such as 2026-11-01, or how long ago: 7d, 12h, 30m');
}

function limitOption(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text) && Number(text) <= 500) return Number(text);
  throw new InvalidArgumentError('expected a whole number from 1 to 500');
}
