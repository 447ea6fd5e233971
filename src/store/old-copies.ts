import { readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Of the copies that were made before upgrades. */
const copiesKept = 2;
/** The copy before this one holds the passwords of cameras in clear, as the first version kept them. */
const sealingMigration = '0002_describing_chain';

/** The copies of the database that are not needed any more once the upgrade is proven: names beside it. */
export async function superfluousCopies(databaseFile: string): Promise<string[]> {
  const folder = dirname(databaseFile);
  const prefix = `${basename(databaseFile)}.before-`;
  const names = (await readdir(folder)).filter(
    (name) => name.startsWith(prefix) && !name.endsWith('.unfinished'),
  );
  const copies = await Promise.all(
    names.map(async (name) => ({ name, madeAt: (await stat(join(folder, name))).mtimeMs })),
  );
  const newestFirst = copies.toSorted((one, other) => other.madeAt - one.madeAt).map(({ name }) => name);
  return [
    ...newestFirst.filter(holdsPasswords),
    ...newestFirst.filter((name) => !holdsPasswords(name)).slice(copiesKept),
  ];
}

export async function removeCopies(databaseFile: string, names: readonly string[]): Promise<void> {
  for (const name of names) await rm(join(dirname(databaseFile), name), { force: true });
}

export function holdsPasswords(copyName: string): boolean {
  return copyName.endsWith(`.before-${sealingMigration}`);
}
