import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'src');

/** An import points to a lower floor or stays in its folder; folders of one floor never import each other. */
const floors: Readonly<Record<string, number>> = {
  core: 0,
  motion: 1,
  media: 2,
  cameras: 2,
  detection: 2,
  queue: 2,
  vision: 2,
  store: 2,
  alerts: 2,
  notify: 2,
  config: 3,
  pipeline: 3,
  api: 3,
  app: 4,
  cli: 5,
};

interface Import {
  readonly file: string;
  readonly target: string;
}

function sourceFiles(): string[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => file.split(sep).join('/'));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(source, file), 'utf8');
  const pattern =
    /^\s*(?:import|export)\s+(?:type\s)?[^'"`;]*?from\s+['"](\.[^'"]+)['"]|import\(\s*['"](\.[^'"]+)['"]\s*\)|^\s*import\s+['"](\.[^'"]+)['"]/gm;
  return [...text.matchAll(pattern)].map((match) => ({
    file,
    target: relative(source, join(source, dirname(file), match[1] ?? match[2] ?? match[3] ?? ''))
      .split(sep)
      .join('/'),
  }));
}

function folderOf(path: string): string {
  return path.split('/')[0] ?? '';
}

function isAllowed({ file, target }: Import): boolean {
  const from = folderOf(file);
  const to = folderOf(target);
  if (from === to) return true;
  const fromFloor = floors[from];
  const toFloor = floors[to];
  return fromFloor !== undefined && toFloor !== undefined && toFloor < fromFloor;
}

test('every import points to a lower floor or stays in its folder', () => {
  const files = sourceFiles();
  const imports = files.flatMap(importsOf);
  // The scan itself is checked: a pattern that finds nothing would agree with everything.
  expect(files.length).toBeGreaterThan(60);
  expect(imports.length).toBeGreaterThan(files.length);
  expect(
    imports.filter((entry) => !isAllowed(entry)).map(({ file, target }) => `${file} → ${target}`),
  ).toEqual([]);
});

test('every source file stands in a folder that has a floor', () => {
  expect(sourceFiles().filter((file) => floors[folderOf(file)] === undefined)).toEqual([]);
});

test('the decoder is touched in one folder only', () => {
  const users = sourceFiles().filter((file) =>
    /from ['"]node-av/.test(readFileSync(join(source, file), 'utf8')),
  );
  expect(users.length).toBeGreaterThan(0);
  expect(users.filter((file) => folderOf(file) !== 'media')).toEqual([]);
});

test('there are no default exports and no barrels', () => {
  const offenders = sourceFiles().filter(
    (file) =>
      /^export default/m.test(readFileSync(join(source, file), 'utf8')) || /(^|\/)index\.ts$/.test(file),
  );
  expect(offenders).toEqual([]);
});
