import { Command, CommanderError } from 'commander';
import { messageOf } from '../core/errors.ts';
import { redact } from '../core/redact.ts';
import { addBackupCommands } from './backup-commands.ts';
import { addCameraCommand } from './camera-command.ts';
import { addDescribeCommand } from './describe-command.ts';
import { addDoctorCommand } from './doctor-command.ts';
import { addEventsCommand } from './events-command.ts';
import { addModelsCommand } from './models-command.ts';
import { addScanCommand } from './scan-command.ts';
import { addServeCommand } from './serve-command.ts';
import { readVersion } from './version.ts';

/** Runs the command that the process was started with; sets its exit code. */
export async function runCommandLine(): Promise<void> {
  const program = new Command('vedette')
    .description('Turns cameras into described, searchable events.')
    .version(readVersion())
    .showHelpAfterError('(see --help)')
    .exitOverride();
  addServeCommand(program);
  addScanCommand(program);
  addCameraCommand(program);
  addDescribeCommand(program);
  addEventsCommand(program);
  addBackupCommands(program);
  addDoctorCommand(program);
  addModelsCommand(program);

  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode;
    else {
      process.stderr.write(`vedette: ${redact(messageOf(error))}\n`);
      process.exitCode = 1;
    }
  }
}
