import { closeSync, fsyncSync, openSync } from 'node:fs';

/** What was written to a file, or to a folder as its entries, is on the disk when this returns. */
export function flushToDisk(path: string): void {
  // Windows can't open folders, and needs no flush of them.
  const descriptor = openWhere(path);
  if (descriptor === undefined) return;
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function openWhere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (process.platform === 'win32') return undefined;
    throw error;
  }
}
