import { z } from 'zod';
import type { CameraTrial } from '../api/camera-trial.ts';
import { cameraTestResultSchema } from '../api/camera-wire.ts';
import { redact } from '../core/redact.ts';
import type { CameraRequest } from './camera-bench.ts';
import { cameraOf, type AddressOptions } from './camera-options.ts';
import { describeTrial } from './camera-report.ts';
import type { ServiceClient } from './service-client.ts';
import type { Prompter, Terminal } from './terminal.ts';

export interface AddOptions extends AddressOptions {
  readonly name?: string;
  readonly onvifUrl?: string;
  readonly nativeEvents?: string;
  /** Adds it although it does not answer as it should. */
  readonly force?: true;
}

export interface AddContext {
  readonly client: ServiceClient;
  readonly terminal: Terminal;
  /** `undefined` where nobody can be asked. */
  readonly prompter: Prompter | undefined;
  readonly signal: AbortSignal;
}

const addedSchema = z.object({ id: z.string(), name: z.string() });
/** Cameras lock an account after some more. */
const maxPasswordTries = 3;

/** Tries the camera and adds it. False when it was not added, since it does not answer as it should. */
export async function addCamera(
  address: string | undefined,
  options: AddOptions,
  context: AddContext,
): Promise<boolean> {
  const { client, terminal, prompter, signal } = context;
  const wanted = withOnvif(await cameraOf(address, options, prompter), options);
  const { camera, trial } = await tryUntilLetIn(wanted, context);
  if (!trial.ok && options.force !== true) {
    if (prompter === undefined || !(await prompter.confirm('Add it nevertheless?'))) {
      terminal.stdout.write('Not added.\n');
      return false;
    }
  }
  const name = options.name ?? (await askName(camera.url, prompter));
  const added = await client.call('POST', '/cameras', addedSchema, signal, { ...camera, name });
  terminal.stdout.write(`Added "${added.name}".\n`);
  return true;
}

/** On a terminal, a camera that asks for a password gets another chance. */
async function tryUntilLetIn(
  wanted: CameraRequest,
  { client, terminal, prompter, signal }: AddContext,
): Promise<{ readonly camera: CameraRequest; readonly trial: CameraTrial }> {
  let camera = wanted;
  for (let tries = 1; ; tries += 1) {
    terminal.stdout.write(`Trying ${redact(camera.url)} …\n`);
    const trial = await client.call('POST', '/cameras/test', cameraTestResultSchema, signal, camera);
    terminal.stdout.write(describeTrial(trial));
    const isRefused = !trial.ok && trial.cause === 'unauthorized';
    if (!isRefused || prompter === undefined || tries >= maxPasswordTries) return { camera, trial };
    const username = await prompter.ask('User name (nothing to give up): ');
    if (username === '') return { camera, trial };
    camera = { ...wanted, username, password: await prompter.askSecret(`Password of ${username}: `) };
  }
}

function withOnvif(camera: CameraRequest, { onvifUrl, nativeEvents }: AddOptions): CameraRequest {
  if (onvifUrl === undefined && nativeEvents === undefined) return camera;
  const events = z.enum(['off', 'assist', 'replace']).default('off').parse(nativeEvents);
  return { ...camera, onvif: { url: onvifUrl ?? camera.onvif?.url ?? null, native_events: events } };
}

/** Its host, unless somebody says better. */
async function askName(url: string, prompter: Prompter | undefined): Promise<string> {
  const usual = URL.canParse(url) && new URL(url).hostname !== '' ? new URL(url).hostname : 'Camera';
  const answer = (await prompter?.ask(`Name [${usual}]: `)) ?? '';
  return answer === '' ? usual : answer;
}
