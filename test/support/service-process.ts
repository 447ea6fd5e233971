import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [key: string]: unknown;
}

export interface ServiceOptions {
  readonly dataDir: string;
  /** Where its configuration file is put; the data folder unless given. */
  readonly configDir?: string;
  /** The configuration file, in the form of its YAML. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Stands before the command, such as `nsenter …`; the data folder may be there for it only. */
  readonly prefix?: readonly string[];
  /** Called with every line of the log as it comes. */
  readonly onLine?: (line: LogLine) => void;
}

/** The real program in a process of its own, as a user starts it. */
export interface ServiceProcess extends AsyncDisposable {
  readonly url: string;
  readonly child: ChildProcess;
  readonly lines: readonly LogLine[];
  readonly stderr: () => string;
  /** Sends the signal and resolves with how the process ended. */
  end(
    signal: NodeJS.Signals,
  ): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** Resolves when it answers; rejects with its last words when it ends before that. */
export async function startService({
  dataDir,
  configDir,
  config = {},
  args = [],
  env = {},
  prefix = [],
  onLine,
}: ServiceOptions): Promise<ServiceProcess> {
  const configFile = join(configDir ?? dataDir, 'test-config.yaml');
  await mkdir(dirname(configFile), { recursive: true });
  // JSON is YAML.
  await writeFile(configFile, JSON.stringify(config));
  const started = ['serve', '--data', dataDir, '--port', '0', '--config', configFile, ...args];
  const [command = '', ...words] = [...prefix, process.execPath, main, ...started];
  const child = spawn(command, words, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  const lines: LogLine[] = [];
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-10_000);
  });
  const running = Promise.withResolvers<string>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = parseLine(text);
    lines.push(line);
    onLine?.(line);
    if (line.msg === 'vedette is running') running.resolve(String(line['url']));
  });
  child.once('exit', (code, signal) => {
    running.reject(
      new Error(
        `the service ended before it ran (code ${code}, signal ${signal}): ${stderr}\n${lines.map(({ msg }) => msg).join('\n')}`,
      ),
    );
  });
  const url = await running.promise;
  return {
    url,
    child,
    lines,
    stderr: () => stderr,
    async end(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return ended;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}

function parseLine(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { level: 'none', msg: text };
  }
}
