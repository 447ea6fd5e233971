import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { renderDemoScene } from '../cameras/demo-scene.ts';
import type { Logger } from '../core/log.ts';
import { writeClip } from '../media/clip-writer.ts';
import type { CameraInput, Store } from '../store/event-store.ts';

/** Set once somebody deletes the demo camera: it does not come back by itself. */
export const demoDismissedSetting = 'demo.dismissed';

export interface CameraSyncContext {
  readonly store: Pick<Store, 'cameras' | 'settings'>;
  readonly dataDir: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Makes the stored cameras those of the configuration, beside those that were added over the API. */
export async function syncCameras(
  configured: readonly CameraInput[],
  { cameras }: Pick<Store, 'cameras'>,
): Promise<void> {
  await cameras.replaceAll('config', configured);
  const isAlone = (await cameras.list()).every(({ origin }) => origin === 'demo');
  if (!isAlone) await cameras.replaceAll('demo', []);
}

/**
 * With no camera at all, a demo camera shows what Vedette does. Its footage is rendered at the first start, which takes
 * some seconds: the service runs meanwhile.
 *
 * @returns the camera that is to be created now; `undefined` when there are cameras, the demo's among them, or nobody
 *   wants it
 */
export async function missingDemoCamera(context: CameraSyncContext): Promise<CameraInput | undefined> {
  const { cameras, settings } = context.store;
  if ((await settings.get(demoDismissedSetting)) === true) return undefined;
  const [existing, ...others] = await cameras.list();
  if (
    others.length > 0 ||
    (existing !== undefined && (existing.origin !== 'demo' || existsSync(existing.url)))
  ) {
    return undefined;
  }
  if (existing !== undefined) await cameras.replaceAll('demo', []);
  const camera = await demoCamera(context);
  // Somebody may have added a real one meanwhile.
  return (await cameras.list()).length === 0 ? camera : undefined;
}

async function demoCamera({ dataDir, log, signal }: CameraSyncContext): Promise<CameraInput> {
  return {
    name: 'Demo street',
    type: 'file',
    url: await renderDemoClip(join(dataDir, 'demo'), log, signal),
    username: null,
    password: null,
    frameRate: 5,
    isEnabled: true,
    motionSensitivity: 'medium',
    // Every pass of the demo is to be seen as an event.
    motionCooldown: 0,
    origin: 'demo',
  };
}

/** Renders the footage once; a scene that has changed since replaces it. Answers its path. */
async function renderDemoClip(folder: string, log: Logger, signal: AbortSignal): Promise<string> {
  const scene = renderDemoScene();
  const { width, height, framesPerSecond, seconds, truth } = scene;
  const version = createHash('sha256')
    .update(JSON.stringify({ width, height, framesPerSecond, seconds, truth }))
    .digest('hex')
    .slice(0, 12);
  const path = join(folder, `street-${version}.mp4`);
  if (existsSync(path)) return path;
  log.info({ path, seconds }, 'no camera is set up: rendering the footage of the demo camera (once)');
  await mkdir(folder, { recursive: true });
  const former = (await readdir(folder)).filter((name) => name.startsWith('street-'));
  await writeClip({ path, width, height, framesPerSecond }, scene.frames(), signal);
  for (const name of former) await rm(join(folder, name), { force: true });
  return path;
}
