import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VedetteEvent } from '../core/event.ts';
import type { MotionEvidence } from '../core/motion-evidence.ts';
import { drawHeatMap } from '../pipeline/heat-map.ts';

/**
 * Writes the best picture of an event, as `NAME.jpg`, and its heat map, as `NAME-heatmap.jpg`, where there are such.
 *
 * @param name of the files, without an ending
 */
export async function writeScanPictures(
  event: VedetteEvent,
  evidence: MotionEvidence | undefined,
  { dataDir, folder, name }: { readonly dataDir: string; readonly folder: string; readonly name: string },
): Promise<void> {
  const [best] = event.frames;
  if (best === undefined) return;
  await mkdir(folder, { recursive: true });
  const stored = join(dataDir, best.path);
  await copyFile(stored, join(folder, `${name}.jpg`));
  if (evidence === undefined) return;
  await writeFile(join(folder, `${name}-heatmap.jpg`), await drawHeatMap(await readFile(stored), evidence));
}
