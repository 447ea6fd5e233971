import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import type { Terminal } from '../../src/cli/terminal.ts';
import { waitUntil } from './wait-until.ts';

export interface TerminalRun {
  readonly stdout: string;
  readonly stderr: string;
  /** Of an error that ended it. */
  readonly error: string | undefined;
  readonly exitCode: unknown;
}

/** What somebody types once the end of a question is seen on stderr. */
export type Typed = readonly (readonly [question: string, answer: string])[];

/** Runs a command in this process with a terminal of its own; nobody is there to be asked without `typed`. */
export async function runCommand(
  add: (program: Command, terminal: Terminal) => void,
  args: readonly string[],
  typed?: Typed,
): Promise<TerminalRun> {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  for (const stream of Object.values(streams)) Object.assign(stream, { isTTY: typed !== undefined });
  const seen = { stdout: '', stderr: '' };
  streams.stdout.on('data', (chunk: Buffer) => (seen.stdout += chunk.toString()));
  streams.stderr.on('data', (chunk: Buffer) => (seen.stderr += chunk.toString()));
  const program = new Command('vedette').exitOverride().configureOutput({ writeErr: () => undefined });
  add(program, streams as unknown as Terminal);
  let error: string | undefined;
  const run = program.parseAsync([...args], { from: 'user' }).catch((thrown: unknown) => {
    error = String(thrown);
  });
  let from = 0;
  for (const [question, answer] of typed ?? []) {
    from = await waitUntil(`the question "${question}"`, () => {
      const at = seen.stderr.indexOf(question, from);
      return error === undefined ? at + 1 && at + question.length : -1;
    });
    if (from < 0) break;
    streams.stdin.write(`${answer}\n`);
  }
  await run;
  const exitCode = process.exitCode ?? 0;
  process.exitCode = 0;
  return { ...seen, error, exitCode };
}
