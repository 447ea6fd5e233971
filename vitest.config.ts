import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Tests start hundreds of processes and threads: each finds its modules compiled, and TypeScript without its types. That
// also spares V8 the WebAssembly of the type stripper in each of them, whose coming and going it does not always survive
// ("jit_page.has_value()", see nodejs/node#64500).
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules', '.cache', 'compile');

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Tests start real child processes and decode real video: two files at a time suit a small box.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
