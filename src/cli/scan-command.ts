import { mkdtemp, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { scan, type ScanEvent } from '../app/scan.ts';
import { silentLog } from '../core/log.ts';
import type { Sensitivity } from '../core/motion.ts';
import type { QuietReport } from '../motion/near-miss.ts';
import { ProgressBar } from './progress-bar.ts';
import { fileReport, quietRecording, type QuietRecording } from './scan-report.ts';

interface CommandOptions {
  readonly json?: true;
  readonly describe: boolean;
  readonly fps: number;
  readonly sensitivity: Sensitivity;
  readonly cooldown: number;
  readonly out?: string;
  readonly explain?: true;
  readonly pictures?: string;
}

export function addScanCommand(program: Command): void {
  program
    .command('scan')
    .description(
      'What happened on these recordings? Finds and describes every episode of motion, as fast as it goes.',
    )
    .argument('<file...>', 'video files')
    .option('--json', 'one JSON array on stdout instead of text')
    .option('--no-describe', 'find the episodes and their pictures only')
    .option('--fps <n>', 'frames analysed per second, 1–30', numberBetween(1, 30), 5)
    .addOption(
      new Option('--sensitivity <level>', 'how much must move')
        .choices(['low', 'medium', 'high'])
        .default('medium'),
    )
    .option(
      '--cooldown <seconds>',
      'time from the start of one event to the next, 0–3600',
      numberBetween(0, 3600),
      0,
    )
    .option(
      '--out <dir>',
      'folder for the events and their pictures; `vedette serve --data <dir>` shows them (default: a new temporary one)',
    )
    .option('--explain', 'why each event is one, and why there is none')
    .option('--pictures <dir>', 'write the best picture and the heat map of every event there')
    .action(runScan);
}

async function runScan(files: string[], options: CommandOptions): Promise<void> {
  const dataDir =
    options.out === undefined ? await mkdtemp(join(tmpdir(), 'vedette-scan-')) : resolve(options.out);
  await mkdir(dataDir, { recursive: true });
  const abort = new AbortController();
  const onSignal = (): void => {
    abort.abort();
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const progress = new ProgressBar(process.stderr);
  const quiet = new Map<string, QuietReport>();
  try {
    const events = await scan({
      files,
      dataDir,
      framesPerSecond: options.fps,
      sensitivity: options.sensitivity,
      cooldownSeconds: options.cooldown,
      isDescribing: options.describe,
      isExplaining: options.explain === true,
      ...(options.pictures === undefined ? {} : { picturesDir: resolve(options.pictures) }),
      onQuiet: (file, report) => {
        quiet.set(file, report);
      },
      log: silentLog(),
      signal: abort.signal,
      onProgress: (file, share) => {
        progress.show(basename(file), share);
      },
    });
    progress.end();
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify(options.explain === true ? withQuiet({ events, quiet }, files) : events, null, 1)}\n`
        : describe({ events, quiet }, files, dataDir),
    );
  } finally {
    progress.end();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

interface Found {
  readonly events: readonly ScanEvent[];
  readonly quiet: ReadonlyMap<string, QuietReport>;
}

/** In the order of the files. */
function withQuiet({ events, quiet }: Found, files: readonly string[]): (ScanEvent | QuietRecording)[] {
  return [...new Set(files)].flatMap((file): (ScanEvent | QuietRecording)[] => {
    const report = quiet.get(file);
    return report === undefined
      ? events.filter((event) => event.file === file)
      : [quietRecording(file, report)];
  });
}

function describe({ events, quiet }: Found, files: readonly string[], dataDir: string): string {
  const lines = files.flatMap((file) =>
    fileReport(
      file,
      events.filter((event) => event.file === file),
      quiet.get(file),
    ),
  );
  return `${lines.join('\n')}\n\nPictures: ${join(dataDir, 'media')}\nTo browse them: vedette serve --data ${dataDir}\n`;
}

function numberBetween(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= low && value <= high)) {
      throw new InvalidArgumentError(`expected a number from ${low} to ${high}`);
    }
    return value;
  };
}
