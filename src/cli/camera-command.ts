import { writeFile } from 'node:fs/promises';
import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import { toTemplateWire } from '../api/camera-setup-wire.ts';
import { cameraTemplates } from '../cameras/camera-templates.ts';
import { AppError, isAbort } from '../core/errors.ts';
import { addCamera, type AddOptions } from './camera-add.ts';
import { openCameraBench } from './camera-bench.ts';
import {
  addAddressOptions,
  addCredentialOptions,
  askPassword,
  cameraOf,
  passwordOf,
  type AddressOptions,
  type CredentialOptions,
} from './camera-options.ts';
import { describeDevices, describeTemplate, describeTrial } from './camera-report.ts';
import { proposeChanges } from './camera-proposals.ts';
import { camerasOf, findCamera } from './named-camera.ts';
import { createServiceClient } from './service-client.ts';
import { defaultServiceUrl, serviceUrlOption } from './service-option.ts';
import { isInteractive, Prompter, type Terminal } from './terminal.ts';

/** A camera that does not answer as it should, or none that was found; 1 is for everything else that goes wrong. */
const exitNoCamera = 2;

interface ServiceOptions {
  readonly url?: string;
}

interface TestOptions extends AddressOptions, ServiceOptions {
  readonly picture?: string;
  readonly json?: true;
}

interface DiscoverOptions extends CredentialOptions, ServiceOptions {
  readonly host?: string;
  readonly timeout: number;
  readonly json?: true;
}

/** @param terminal where it asks and tells; the process's own unless given */
export function addCameraCommand(program: Command, terminal: Terminal = process): void {
  const camera = program.command('camera').description('Find, try, add, list and remove cameras.');
  const service = 'address of the service';
  addAddressOptions(camera.command('add').argument('[address]', 'such as rtsp://192.168.1.20/stream1'))
    .description('Try a camera and add it to the running service.')
    .option('--name <name>', 'name of the camera (default: its host)')
    .option('--onvif-url <url>', 'address of its ONVIF device service')
    .option(
      '--native-events <mode>',
      "the camera's own motion events: off, assist, replace",
      nativeEventsOption,
    )
    .option('--force', 'add it also when it does not answer')
    .option('--url <url>', service, serviceUrlOption, defaultServiceUrl)
    .action((address: string | undefined, options: AddOptions & { readonly url: string }) =>
      attended(terminal, async (signal, prompter) => {
        const client = createServiceClient(options.url);
        if (!(await addCamera(address, options, { client, terminal, prompter, signal })))
          process.exitCode = exitNoCamera;
      }),
    );
  addAddressOptions(camera.command('test').argument('[address]', 'such as rtsp://192.168.1.20/stream1'))
    .description('Try a camera; nothing is stored.')
    .option('--picture <file>', 'write the picture to this file')
    .option('--json', 'answer as the API does')
    .option(
      '--url <url>',
      `${service} that tries it (default: the local one, or this command itself)`,
      serviceUrlOption,
    )
    .action((address: string | undefined, options: TestOptions) => runTest(address, options, terminal));
  addCredentialOptions(camera.command('discover'))
    .description('Find ONVIF cameras on the network.')
    .option('--host <host>', 'ask this camera only')
    .option('--timeout <seconds>', 'how long to wait for answers', secondsOption, 3)
    .option('--json', 'answer as the API does')
    .option(
      '--url <url>',
      `${service} that looks (default: the local one, or this command itself)`,
      serviceUrlOption,
    )
    .action((options: DiscoverOptions) => runDiscover(options, terminal));
  camera
    .command('templates')
    .description('Usual addresses of common makers, and what to switch on first.')
    .argument('[maker]', 'one of them')
    .option('--json', 'answer as the API does')
    .action((maker: string | undefined, { json }: { readonly json?: true }) => {
      listTemplates(maker, json === true, terminal);
    });
  camera
    .command('list')
    .description('Cameras of the running service.')
    .option('--json', 'answer as the API does')
    .option('--url <url>', service, serviceUrlOption, defaultServiceUrl)
    .action((options: { readonly url: string; readonly json?: true }) =>
      attended(terminal, (signal) => listCameras(options, terminal, signal)),
    );
  camera
    .command('proposals')
    .description('What would have prevented the events that are marked as false motion.')
    .argument('<camera>', 'its name or id')
    .option('--apply <n>', 'change the camera as this one of them says, from 1', numberOption)
    .option('--json', 'answer as the API does')
    .option('--url <url>', service, serviceUrlOption, defaultServiceUrl)
    .action(
      (wanted: string, options: { readonly url: string; readonly apply?: number; readonly json?: true }) =>
        attended(terminal, (signal) =>
          proposeChanges(wanted, options, { client: createServiceClient(options.url), terminal, signal }),
        ),
    );
  camera
    .command('remove')
    .description('Stop and remove a camera of the running service; its events stay.')
    .argument('<camera>', 'its name or id')
    .option('-y, --yes', 'do not ask')
    .option('--url <url>', service, serviceUrlOption, defaultServiceUrl)
    .action((wanted: string, options: { readonly url: string; readonly yes?: true }) =>
      attended(terminal, (signal, prompter) => removeCamera(wanted, options, { terminal, signal, prompter })),
    );
}

async function runTest(address: string | undefined, options: TestOptions, terminal: Terminal): Promise<void> {
  await attended(terminal, async (signal, prompter) => {
    const camera = await cameraOf(address, options, prompter);
    const bench = await openCameraBench(options.url, signal);
    const trial = await bench.test(camera, signal);
    if (options.json === true) terminal.stdout.write(`${JSON.stringify(trial, null, 2)}\n`);
    else terminal.stdout.write(describeTrial(trial));
    if (!trial.ok) process.exitCode = exitNoCamera;
    else if (options.picture !== undefined)
      await writeFile(options.picture, Buffer.from(trial.picture.replace(/^.*,/, ''), 'base64'));
  });
}

async function runDiscover(options: DiscoverOptions, terminal: Terminal): Promise<void> {
  await attended(terminal, async (signal, prompter) => {
    const { username, host } = options;
    const password = passwordOf(options) ?? (await askPassword(options, prompter));
    const bench = await openCameraBench(options.url, signal);
    const found = await bench.discover(
      {
        timeout_ms: options.timeout * 1000,
        ...(host === undefined ? {} : { host }),
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password }),
      },
      signal,
    );
    if (options.json === true) terminal.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
    else terminal.stdout.write(describeDevices(found));
    if (found.devices.length > 0) return;
    process.exitCode = exitNoCamera;
    terminal.stderr.write(
      'No camera answered. Is ONVIF switched on, and is this machine in the same network? --host asks one camera by its address.\n',
    );
  });
}

function listTemplates(maker: string | undefined, isJson: boolean, terminal: Terminal): void {
  const templates = cameraTemplates.filter(({ id }) => maker === undefined || id === maker.toLowerCase());
  if (templates.length === 0) {
    const known = cameraTemplates.map(({ id }) => id).join(', ');
    throw new AppError('BAD_REQUEST', `There is no template "${maker}"; expected one of ${known}.`);
  }
  terminal.stdout.write(
    isJson
      ? `${JSON.stringify(templates.map(toTemplateWire), null, 2)}\n`
      : templates.map(describeTemplate).join('\n'),
  );
}

async function listCameras(
  { url, json }: { readonly url: string; readonly json?: true },
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const cameras = await camerasOf(createServiceClient(url), signal);
  if (json === true) {
    terminal.stdout.write(`${JSON.stringify(cameras, null, 2)}\n`);
    return;
  }
  if (cameras.length === 0) terminal.stdout.write('There is no camera yet: vedette camera add\n');
  for (const { id, name, type, url: address, state } of cameras) {
    const cause = state.cause === null ? '' : ` (${state.cause})`;
    terminal.stdout.write(`${name}  ${state.status}${cause}  ${type} ${address}  ${id}\n`);
  }
}

async function removeCamera(
  wanted: string,
  { url, yes }: { readonly url: string; readonly yes?: true },
  { terminal, signal, prompter }: { terminal: Terminal; signal: AbortSignal; prompter: Prompter | undefined },
): Promise<void> {
  const client = createServiceClient(url);
  const camera = await findCamera(client, wanted, signal);
  if (yes !== true && prompter === undefined)
    throw new AppError('BAD_REQUEST', 'Nobody can be asked here (this is no terminal): say --yes to go on.');
  if (yes !== true && !(await prompter?.confirm(`Remove "${camera.name}"? Its events stay.`))) {
    terminal.stdout.write('Nothing was done.\n');
    return;
  }
  await client.call('DELETE', `/cameras/${camera.id}`, z.unknown(), signal);
  terminal.stdout.write(`Removed "${camera.name}".\n`);
}

/** Runs a command that Ctrl-C ends, with somebody to ask where there is somebody. */
async function attended(
  terminal: Terminal,
  work: (signal: AbortSignal, prompter: Prompter | undefined) => Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  const onSignal = (): void => {
    abort.abort();
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  using prompter = isInteractive(terminal) ? new Prompter(terminal, abort) : undefined;
  try {
    await work(abort.signal, prompter);
  } catch (error) {
    if (!abort.signal.aborted || !isAbort(error)) throw error;
    terminal.stderr.write('Stopped.\n');
    process.exitCode = 1;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function nativeEventsOption(text: string): string {
  if (/^(?:off|assist|replace)$/.test(text)) return text;
  throw new InvalidArgumentError('expected off, assist or replace');
}

function numberOption(text: string): number {
  if (/^[1-9]$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected the number of a proposal, from 1');
}

function secondsOption(text: string): number {
  const seconds = Number(text);
  if (seconds >= 0.5 && seconds <= 20) return seconds;
  throw new InvalidArgumentError('expected 0.5 to 20');
}
