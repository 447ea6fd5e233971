// Part of `npm run build`: the page's files stand beside the emitted code, as they stand beside the source.
import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
cpSync(join(root, 'src', 'api', 'page'), join(root, 'dist', 'api', 'page'), { recursive: true });
