/**
 * The URL of a module beside the caller's, to be started as a worker thread or a child process: a `.ts` file in the
 * checkout, the emitted `.js` in the published package.
 *
 * @param importMetaUrl the caller's `import.meta.url`
 * @param name the module's name without its extension
 */
export function siblingModule(importMetaUrl: string, name: string): URL {
  return new URL(`./${name}${importMetaUrl.endsWith('.ts') ? '.ts' : '.js'}`, importMetaUrl);
}
