import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { ApiApp } from '../api-app.ts';
import { unlimited } from '../request-limits.ts';

/** Plain files: browsers take them as they stand here. */
const folder = new URL('../page/', import.meta.url);

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The page at `/` and its parts at `/assets/…`, read once: a request can only name what is there. */
export async function registerPageRoutes(app: ApiApp): Promise<void> {
  for (const name of await readdir(folder)) {
    const type = contentTypes[extname(name)];
    if (type === undefined) continue;
    const bytes = await readFile(new URL(name, folder));
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    app.route({
      method: 'GET',
      url: name === 'page.html' ? '/' : `/assets/${name}`,
      config: unlimited,
      schema: { hide: true },
      handler: (request, reply) => {
        // Asked for anew each time, so that an update of Vedette is an update of its page.
        void reply.header('etag', etag).header('cache-control', 'no-cache');
        if (request.headers['if-none-match'] === etag) return reply.code(304).send();
        return reply.type(type).send(bytes);
      },
    });
  }
}
