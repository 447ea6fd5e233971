import type { Command } from 'commander';
import { cameraAdapters, providerAdapters } from '../app/builtins.ts';
import { examine } from '../app/doctor.ts';
import { rebuildSearch } from '../store/rebuild-search.ts';
import { loadConfig } from '../config/load-config.ts';
import { silentLog } from '../core/log.ts';

interface DoctorOptions {
  readonly config?: string;
  readonly data?: string;
  readonly rebuildSearch?: true;
  readonly camera: readonly string[];
}

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('Check everything that Vedette needs and say what to do.')
    .option('-c, --config <file>', 'YAML configuration')
    .option('-d, --data <dir>', 'data folder (default: ./data)')
    .option('--rebuild-search', 'make the index of the search anew; the service must not run')
    .option('--camera <name=url>', 'a camera to try', (value: string, all: string[]) => [...all, value], [])
    .action(async (options: DoctorOptions) => {
      const { config, warnings } = await loadConfig({
        adapters: cameraAdapters,
        providerAdapters,
        env: process.env,
        ...(options.config === undefined ? {} : { file: options.config }),
        overrides: {
          ...(options.data === undefined ? {} : { dataDir: options.data }),
          cameras: options.camera,
        },
      });
      if (options.rebuildSearch === true) {
        rebuildSearch(config.dataDir);
        process.stdout.write('The index of the search was made anew.\n');
      }
      for (const warning of warnings) process.stdout.write(`! ${warning}\n`);
      for await (const { name, isWell, message } of examine(config, silentLog())) {
        process.stdout.write(`${isWell ? '✓' : '✗'} ${name}: ${message}\n`);
        if (!isWell) process.exitCode = 1;
      }
    });
}
