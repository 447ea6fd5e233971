import { exec } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { AppError } from './errors.ts';
import { silentLog } from './log.ts';
import {
  ensurePackageFiles,
  packageFolder,
  readPinnedFile,
  type PackageFiles,
  type PackageFolder,
} from './package-files.ts';

// The real npm client, against a registry on the loopback that publishes one package and counts what it is asked for.

const log = silentLog();
const contents = { 'deep/model.bin': 'weights of the model', 'README.md': 'nothing to see here' };

let scratch: string;
let registry: Server;
let requests: string[] = [];
let isSilent = false;
let wanted: PackageFiles<'model.bin'>;
let folder: PackageFolder;

function hashOf(algorithm: string, content: string | Buffer, encoding: 'hex' | 'base64'): string {
  return createHash(algorithm).update(content).digest(encoding);
}

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'vedette-package-files-'));
  const source = join(scratch, 'source');
  await mkdir(join(source, 'deep'), { recursive: true });
  const manifest = { name: '@demo/weights', version: '1.2.3' };
  await writeFile(join(source, 'package.json'), JSON.stringify(manifest));
  for (const [path, content] of Object.entries(contents)) await writeFile(join(source, path), content);
  await promisify(exec)('npm pack --pack-destination ..', { cwd: source });
  const tarball = await readFile(join(scratch, 'demo-weights-1.2.3.tgz'));
  const integrity = `sha512-${hashOf('sha512', tarball, 'base64')}`;

  registry = createServer((request, response) => {
    requests.push(request.url ?? '');
    if (isSilent) return;
    const base = `http://${request.headers.host ?? ''}`;
    if (request.url?.endsWith('.tgz') === true) response.end(tarball);
    else if (/weights/.test(request.url ?? '')) {
      const dist = { tarball: `${base}/demo-weights-1.2.3.tgz`, integrity };
      const version = { ...manifest, dist };
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ ...manifest, 'dist-tags': { latest: '1.2.3' }, versions: { '1.2.3': version } }),
      );
    } else {
      response.statusCode = 404;
      response.end('{}');
    }
  });
  await new Promise<void>((resolve) => {
    registry.listen(0, '127.0.0.1', resolve);
  });
  const address = registry.address();
  if (address === null || typeof address === 'string') throw new Error('The registry has no port.');
  process.env['npm_config_registry'] = `http://127.0.0.1:${address.port}/`;
  process.env['npm_config_cache'] = join(scratch, 'npm-cache');

  wanted = {
    package: '@demo/weights',
    version: '1.2.3',
    integrity,
    files: [
      {
        path: 'deep/model.bin',
        name: 'model.bin',
        sha256: hashOf('sha256', contents['deep/model.bin'], 'hex'),
      },
    ],
  };
});

afterAll(async () => {
  delete process.env['npm_config_registry'];
  delete process.env['npm_config_cache'];
  registry.closeAllConnections();
  registry.close();
  await rm(scratch, { recursive: true, force: true });
});

beforeEach(async () => {
  requests = [];
  isSilent = false;
  folder = { directory: await mkdtemp(join(scratch, 'cache-')), isReadOnly: false };
});

/** All files below the folder: what is left when a fetch has failed. */
async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

test('a wanted file is fetched once and is the only one that is kept', async () => {
  const ready = await ensurePackageFiles(wanted, { folder, log });
  expect(await readFile(ready.pathOf('model.bin'), 'utf8')).toBe(contents['deep/model.bin']);
  expect(await filesIn(folder.directory)).toEqual(['model.bin']);
  const asked = requests.length;
  expect(asked).toBeGreaterThan(0);
  await ensurePackageFiles(wanted, { folder, log });
  expect(requests).toHaveLength(asked);
});

test('a file that was changed is replaced', async () => {
  const ready = await ensurePackageFiles(wanted, { folder, log });
  await writeFile(ready.pathOf('model.bin'), 'something else');
  await ensurePackageFiles(wanted, { folder, log });
  expect(await readFile(ready.pathOf('model.bin'), 'utf8')).toBe(contents['deep/model.bin']);
});

test('calls at the same time all succeed', async () => {
  const all = [1, 2, 3].map(async () => await ensurePackageFiles(wanted, { folder, log }));
  for (const ready of await Promise.all(all))
    expect(await readFile(ready.pathOf('model.bin'), 'utf8')).toBe(contents['deep/model.bin']);
  expect(await filesIn(folder.directory)).toEqual(['model.bin']);
});

test('an archive that is not the pinned one is refused and leaves nothing behind', async () => {
  const other = { ...wanted, integrity: `sha512-${hashOf('sha512', 'another archive', 'base64')}` };
  const failure = ensurePackageFiles(other, { folder, log });
  await expect(failure).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
  await expect(failure).rejects.toThrow(other.integrity);
  expect(await filesIn(folder.directory)).toEqual([]);
});

test('a file that is not the pinned one is refused and leaves nothing behind', async () => {
  const [file] = wanted.files;
  if (file === undefined) throw new Error('There is one.');
  const other = { ...wanted, files: [{ ...file, sha256: hashOf('sha256', 'other weights', 'hex') }] };
  await expect(ensurePackageFiles(other, { folder, log })).rejects.toThrow(/SHA-256/);
  expect(await filesIn(folder.directory)).toEqual([]);
});

test('a package that can not be had is explained, with what to do', async () => {
  const unknown = { ...wanted, package: 'nobody-published-this' };
  const failure = ensurePackageFiles(unknown, { folder, log });
  await expect(failure).rejects.toThrow(/nobody-published-this@1\.2\.3.*E404.*VEDETTE_MODELS/s);
});

test('a folder that the user fills is read but never written to', async () => {
  const own = { ...folder, isReadOnly: true };
  await expect(ensurePackageFiles(wanted, { folder: own, log })).rejects.toThrow(/model\.bin is missing/);
  expect(await readdir(own.directory)).toEqual([]);
  expect(requests).toEqual([]);
  // What was fetched elsewhere can be copied as it is.
  const { directory } = await ensurePackageFiles(wanted, { folder, log });
  expect((await ensurePackageFiles(wanted, { folder: own, log })).directory).toBe(directory);
});

test('an abort ends a fetch that hangs and leaves nothing behind', async () => {
  isSilent = true;
  const stop = new AbortController();
  const fetching = ensurePackageFiles(
    { ...wanted, package: '@demo/other-weights' },
    { folder, log, signal: stop.signal },
  );
  registry.once('request', () => {
    stop.abort();
  });
  await expect(fetching).rejects.toMatchObject({ name: 'AbortError' });
  expect(await filesIn(folder.directory)).toEqual([]);
});

test('a pinned file is checked whenever it is read', async () => {
  const path = join(folder.directory, 'model.bin');
  await writeFile(path, 'weights');
  const sha256 = hashOf('sha256', 'weights', 'hex');
  expect(new TextDecoder().decode(await readPinnedFile(path, sha256))).toBe('weights');
  await writeFile(path, 'weight5');
  await expect(readPinnedFile(path, sha256)).rejects.toThrow(AppError);
  await expect(readPinnedFile(join(folder.directory, 'none'), sha256)).rejects.toThrow(/VEDETTE_MODELS/);
});

test('the environment says where files are kept', () => {
  expect(packageFolder({ VEDETTE_MODELS: '/media/models' })).toEqual({
    directory: '/media/models',
    isReadOnly: true,
  });
  expect(packageFolder({ XDG_CACHE_HOME: '/var/cache/me' })).toEqual({
    directory: join('/var/cache/me', 'vedette', 'models'),
    isReadOnly: false,
  });
});
