import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import { systemClock, type Clock } from '../core/clock.ts';
import { AppError, isAbort } from '../core/errors.ts';
import { describeAgain, type DescribeTally } from './describe-again.ts';
import { ProgressBar } from './progress-bar.ts';
import { createServiceClient } from './service-client.ts';
import { defaultServiceUrl, serviceUrlOption } from './service-option.ts';
import { parseSince } from './since.ts';
import { isInteractive, Prompter, type Terminal } from './terminal.ts';
import { findEvents, type ChosenStatus } from './undescribed-events.ts';

interface CommandOptions {
  readonly since?: number;
  readonly status: readonly ChosenStatus[];
  readonly camera?: string;
  readonly limit?: number;
  readonly yes?: true;
  readonly url: string;
}

const statuses = ['failed', 'skipped', 'done'] as const satisfies readonly ChosenStatus[];

const estimateSchema = z.object({
  provider: z.string().nullable(),
  total_usd: z.number().nullable(),
  is_free: z.boolean(),
  remaining_usd: z.number().nullable(),
});

type Estimate = z.output<typeof estimateSchema>;

/** @param terminal where it asks and tells; the process's own unless given */
export function addDescribeCommand(
  program: Command,
  { terminal = process, clock = systemClock }: { readonly terminal?: Terminal; readonly clock?: Clock } = {},
): void {
  program
    .command('describe')
    .description('Have the running service describe events that were left undescribed, newest first.')
    .option('--since <when>', 'only events since 2026-11-01, or of the last 7d, 12h, 30m', (text: string) =>
      sinceOption(text, clock),
    )
    .option('--status <list>', 'which ones, with commas: failed, skipped, done', statusOption, [
      'failed',
      'skipped',
    ])
    .option('--camera <name>', 'only events of this camera')
    .option('--limit <n>', 'at most so many, the newest', limitOption)
    .option('-y, --yes', 'do not ask')
    .option('--url <url>', 'address of the service', serviceUrlOption, defaultServiceUrl)
    .action((options: CommandOptions) => runDescribe(options, terminal, clock));
}

async function runDescribe(options: CommandOptions, terminal: Terminal, clock: Clock): Promise<void> {
  const abort = new AbortController();
  const onSignal = (): void => {
    abort.abort();
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const progress = new ProgressBar(terminal.stderr);
  try {
    const { signal } = abort;
    const client = createServiceClient(options.url);
    const ids = await findEvents(client, { ...options, statuses: options.status }, signal);
    if (ids.length === 0) {
      terminal.stdout.write('No event is left to be described.\n');
      return;
    }
    const estimate = await client.call('GET', `/ai/estimate?events=${ids.length}`, estimateSchema, signal);
    terminal.stdout.write(`${announce(ids.length, estimate)}\n`);
    if (options.yes !== true && !(await isConfirmed(terminal, abort))) {
      terminal.stdout.write('Nothing was done.\n');
      return;
    }
    const label = `describing ${eventCount(ids.length)}`;
    const onProgress = (ended: number): void => {
      progress.show(label, ended / ids.length);
    };
    const tally = await describeAgain(ids, { client, clock, signal, onProgress });
    progress.end();
    terminal.stdout.write(`${summarise(tally)}\n`);
    if (tally.described < ids.length) process.exitCode = 1;
  } catch (error) {
    if (!abort.signal.aborted || !isAbort(error)) throw error;
    progress.end();
    terminal.stdout.write('Stopped. What was asked for already goes on in the service.\n');
    process.exitCode = 1;
  } finally {
    progress.end();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

async function isConfirmed(terminal: Terminal, abort: AbortController): Promise<boolean> {
  if (!isInteractive(terminal)) {
    throw new AppError('BAD_REQUEST', 'Nobody can be asked here (this is no terminal): say --yes to go on.');
  }
  using prompter = new Prompter(terminal, abort);
  return await prompter.confirm('Go on?');
}

function announce(
  count: number,
  { provider, total_usd: total, is_free: isFree, remaining_usd: left }: Estimate,
): string {
  const events = eventCount(count);
  if (provider === null) return `${events} to describe; no provider may be asked at present.`;
  if (isFree) return `${events} to describe by "${provider}": free.`;
  const cost = total === null ? 'at a price that is not known' : `for ${dollars(total)} at most`;
  const isShort = left !== null && (total ?? 0) > left;
  const shortage = isShort
    ? `\nThe budget leaves ${dollars(left)} today: what it does not cover goes to free providers, or stays undescribed.`
    : '';
  return `${events} to describe by "${provider}" ${cost}.${shortage}`;
}

function summarise({ described, undescribed, tooOften, gone, waiting, left }: DescribeTally): string {
  const parts = [
    `${described} described`,
    ...[...undescribed].map(([reason, count]) => `${count} not described (${reason})`),
    ...(tooOften === 0 ? [] : [`${tooOften} left out (described 3 times within the hour already)`]),
    ...(gone === 0 ? [] : [`${gone} gone`]),
    ...(waiting === 0 ? [] : [`${waiting} still waiting in the service`]),
    ...(left === 0 ? [] : [`${left} not begun (the budget is used up)`]),
  ];
  return `${parts.join(', ')}.`;
}

function eventCount(count: number): string {
  return count === 1 ? '1 event' : `${count} events`;
}

/** Two places, and as many as small amounts need. */
function dollars(usd: number): string {
  return `$${usd.toFixed(usd > 0 && usd < 0.1 ? 4 : 2)}`;
}

function sinceOption(text: string, clock: Clock): number {
  const moment = parseSince(text, clock.now());
  if (moment !== undefined) return moment;
  throw new InvalidArgumentError('expected a day such as 2026-11-01, or how long ago: 7d, 12h, 30m');
}

function statusOption(text: string): ChosenStatus[] {
  return text.split(',').map((word) => {
    const status = statuses.find((candidate) => candidate === word.trim());
    if (status === undefined)
      throw new InvalidArgumentError(`expected some of ${statuses.join(', ')} with commas`);
    return status;
  });
}

function limitOption(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number from 1');
}
