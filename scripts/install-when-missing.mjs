// Runs before `npm start` and `npm test`, on any Node from 18: installs the dependencies when they are not
// there yet or no longer fit the lockfile, and says so in one line. Plain JavaScript on purpose: it must work
// before the project's own Node has been installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const lockfile = join(root, 'package-lock.json');
const installed = join(root, 'node_modules', '.package-lock.json');
const oldestNode = [24, 12];

function isInstalled() {
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(lockfile).mtimeMs - 1000
    ? true
    : existsSync(installed) && hasSamePackages();
}

/** A fresh checkout can touch the lockfile without changing it: compare what matters before installing again. */
function hasSamePackages() {
  const wanted = JSON.parse(readFileSync(lockfile, 'utf8')).packages;
  const present = JSON.parse(readFileSync(installed, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || present[path]?.version === entry.version,
  );
}

function nodeForProject() {
  const own = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  return existsSync(own) ? own : process.execPath;
}

function versionOf(node) {
  const asked = spawnSync(node, ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' });
  return (asked.stdout ?? '').trim();
}

function isRecentEnough(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
}

if (!isInstalled()) {
  process.stderr.write('vedette: installing dependencies (once; 700 MB on the disk) …\n');
  const install = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (install.status !== 0) {
    process.stderr.write(
      'vedette: `npm ci` failed; the lines above say why. Mend that and run this again.\n',
    );
    process.exit(install.status ?? 1);
  }
  process.stderr.write('vedette: dependencies are installed.\n');
}

const node = nodeForProject();
const version = versionOf(node);
if (!isRecentEnough(version)) {
  process.stderr.write(
    `vedette: found Node ${version || 'of unknown version'} at ${node}, but Node ≥ ${oldestNode.join('.')} is needed.\n` +
      'There is no Node for this platform among the dependencies: install a current Node and run this again.\n',
  );
  process.exit(1);
}
