import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { leanAllocator } from '../core/lean-memory.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Set from one beginning of the process to the next. */
const stageVariable = 'VEDETTE_START_STAGE';

export interface LeanProcess {
  /** For Node, before the script. */
  readonly flags: readonly string[];
  readonly environment: Record<string, string>;
}

/**
 * How the service is run with little memory. Allocator and engine read it at their start only, so the process begins
 * anew with it. What the user has chosen stays.
 *
 * @param flags what Node was started with
 */
export function leanProcess(flags: readonly string[], environment: Environment): LeanProcess {
  const chosen = `${flags.join(' ')} ${environment['NODE_OPTIONS'] ?? ''}`;
  const isCacheChosen =
    environment['NODE_COMPILE_CACHE'] !== undefined ||
    environment['NODE_DISABLE_COMPILE_CACHE'] !== undefined;
  return {
    // What is young is small: without it, each thread's part of the heap keeps up to 48 MB for it.
    flags: /semi[-_]space/.test(chosen) ? flags : ['--max-semi-space-size=2', ...flags],
    environment: {
      ...definedOf(environment),
      ...leanAllocator(environment),
      ...(isCacheChosen ? {} : { NODE_COMPILE_CACHE: cacheFolder(environment) }),
    },
  };
}

/**
 * For `vedette serve`: replaces this process with itself (the same process id, files and arguments), run as `leanProcess`
 * says. Returns in the process that shall go on; also where it can't be replaced: on Windows, and for a child that talks
 * with its parent, whose channel would be lost.
 */
export async function startLean(): Promise<void> {
  const stage = process.env[stageVariable];
  delete process.env[stageVariable];
  const canReplace =
    process.platform !== 'win32' && typeof process.execve === 'function' && process.send === undefined;
  if (process.argv[2] !== 'serve' || !canReplace) return;
  if (stage === undefined) replaceProcess('lean');
  if (stage === 'lean' && (await fillCache())) replaceProcess('filled');
}

function replaceProcess(stage: string): void {
  const { flags, environment } = leanProcess(process.execArgv, process.env);
  const words = [process.execPath, ...flags, ...process.argv.slice(1)];
  process.execve?.(process.execPath, words, { ...environment, [stageVariable]: stage });
}

/**
 * From a checkout, Node takes the types out of each module with a compiler that stays in memory, in each thread and process
 * 16 MB. What it makes is kept in a cache; once every module is in there, the compiler is not loaded. Loading a worker's
 * module here starts nothing.
 *
 * @returns whether something was added
 */
async function fillCache(): Promise<boolean> {
  const folder = process.env['NODE_COMPILE_CACHE'];
  const isFromCheckout = import.meta.url.endsWith('.ts');
  if (folder === undefined || !isFromCheckout || process.env['NODE_DISABLE_COMPILE_CACHE'] !== undefined)
    return false;
  const source = fileURLToPath(new URL('..', import.meta.url));
  const modules = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const mark = join(folder, `vedette-${digestOf([source])}`);
  // Modules that have changed are to be added, too: decoder processes, which are killed at their end, add none.
  const state = digestOf([
    process.version,
    ...modules.map((file) => `${file} ${statSync(join(source, file)).mtimeMs}`),
  ]);
  if (existsSync(mark) && readFileSync(mark, 'utf8') === state) return false;
  try {
    await mkdir(folder, { recursive: true });
    // The process of a decoder leaves signals to the service, which does not run yet.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
    enableCompileCache(folder);
    const entries = modules.filter((file) => /-(worker|process)\.ts$|command-line\.ts$/.test(file));
    // One that wants to be told what to do fails, when it has been compiled.
    await Promise.allSettled(entries.map((file) => import(join(source, file))));
    flushCompileCache();
    writeFileSync(mark, state);
    return true;
  } catch {
    // A folder that can't be written to: the service runs without, with more memory.
    return false;
  }
}

function digestOf(words: readonly string[]): string {
  return createHash('sha256').update(words.join('\n')).digest('hex').slice(0, 16);
}

function cacheFolder(environment: Environment): string {
  const cache = environment['XDG_CACHE_HOME'];
  return join(cache !== undefined && cache !== '' ? cache : join(homedir(), '.cache'), 'vedette', 'compiled');
}

function definedOf(environment: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
