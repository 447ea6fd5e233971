import type { Command } from 'commander';
import { ensurePackageFiles, packageFolder } from '../core/package-files.ts';
import { createLog } from '../core/log.ts';
import { runtimeFiles, weightsFiles } from '../detection/model-files.ts';

export function addModelsCommand(program: Command): void {
  program
    .command('models')
    .description('Fetch the files of the object detector, or check those that are there.')
    .action(async () => {
      const folder = packageFolder();
      await using logging = await createLog({ level: 'info', toConsole: 'pretty' });
      for (const wanted of [weightsFiles, runtimeFiles]) {
        const { directory } = await ensurePackageFiles(wanted, { folder, log: logging.log });
        for (const { name, sha256 } of wanted.files)
          process.stdout.write(`${directory}/${name}  sha256 ${sha256}\n`);
      }
      process.stdout.write(
        'All files are there and are the pinned ones. For a machine without network, copy the folder\n' +
          `${folder.directory} there and name it in VEDETTE_MODELS.\n`,
      );
    });
}
