import type { Command } from 'commander';
import { startApp, type App } from '../app/app.ts';
import { cameraAdapters, providerAdapters } from '../app/builtins.ts';
import { loadConfig } from '../config/load-config.ts';
import { messageOf } from '../core/errors.ts';
import { createLog, type Logger } from '../core/log.ts';
import { readVersion } from './version.ts';

/** Guarantee 5: whatever happens, the process is gone after this time. */
const exitWithinMs = 30_000;
/** For the last log line to be written. */
const exitMarginMs = 1000;

interface ServeOptions {
  readonly config?: string;
  readonly data?: string;
  readonly host?: string;
  readonly port?: string;
  readonly camera: readonly string[];
}

export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('Watch the cameras and answer on the network. Without any camera a demo camera is started.')
    .option('-c, --config <file>', 'YAML configuration (see docs/configuration.md)')
    .option('-d, --data <dir>', 'folder of the database and the pictures (default: ./data)')
    .option('--host <host>', 'address to listen on (default: 127.0.0.1)')
    .option('-p, --port <port>', 'port to listen on (default: 8470)')
    .option(
      '--camera <name=url>',
      'a camera; may be given several times',
      (value: string, all: string[]) => [...all, value],
      [],
    )
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  const { config, warnings } = await loadConfig({
    adapters: cameraAdapters,
    providerAdapters,
    env: process.env,
    ...(options.config === undefined ? {} : { file: options.config }),
    overrides: {
      ...(options.data === undefined ? {} : { dataDir: options.data }),
      ...(options.host === undefined ? {} : { host: options.host }),
      ...(options.port === undefined ? {} : { port: options.port }),
      cameras: options.camera,
    },
  });
  await using logging = await createLog({
    level: config.log.level,
    dataDir: config.dataDir,
    toConsole: process.stdout.isTTY ? 'pretty' : 'json',
  });
  const { log } = logging;
  for (const warning of warnings) log.warn(warning);
  const app = await startApp(config, { version: readVersion(), log });
  process.exitCode = await runUntilStopped(app, log);
}

/** Resolves to the exit code when everything has ended, by the first signal in good order, by a second one at once. */
async function runUntilStopped(app: App, log: Logger): Promise<number> {
  const asked = Promise.withResolvers<void>();
  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    log.info({ signal }, isStopping ? 'a second signal: what is in work is aborted' : 'stopping');
    // The second call hurries the first one, which is waited for below.
    if (isStopping) void app.stop();
    isStopping = true;
    asked.resolve();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    await asked.promise;
    return await stopInTime(app, log);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

async function stopInTime(app: App, log: Logger): Promise<number> {
  const deadline = setTimeout(() => {
    log.fatal(
      { withinMs: exitWithinMs },
      'a part did not end in time; everything that was captured is stored',
    );
    process.exit(1);
  }, exitWithinMs - exitMarginMs);
  try {
    const { finished, left, aborted } = await app.stop();
    log.info({ finished, left, aborted }, 'stopped; what is left goes on with the next start');
    return 0;
  } catch (error) {
    log.fatal({ error: messageOf(error) }, 'stopping failed; everything that was captured is stored');
    return 1;
  } finally {
    clearTimeout(deadline);
  }
}
