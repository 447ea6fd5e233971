import { InvalidArgumentError, type Command } from 'commander';
import {
  cameraTemplates,
  fillTemplate,
  wantsStreamName,
  type CameraTemplate,
} from '../cameras/camera-templates.ts';
import { AppError } from '../core/errors.ts';
import type { CameraRequest } from './camera-bench.ts';
import type { Prompter } from './terminal.ts';

/** Who the camera lets in. */
export interface CredentialOptions {
  readonly username?: string;
  /** Name of the environment variable that holds the password. */
  readonly passwordEnv?: string;
}

/** What says which camera is meant. */
export interface AddressOptions extends CredentialOptions {
  readonly type?: string;
  readonly template?: CameraTemplate;
  readonly host?: string;
  readonly port?: number;
  readonly channel?: number;
  readonly stream?: string;
  readonly subStream?: string;
  readonly subUrl?: string;
  /** False: the large stream alone. */
  readonly sub: boolean;
}

export function addCredentialOptions(command: Command): Command {
  return command
    .option('--username <name>', 'user name that the camera asks for')
    .option('--password-env <name>', 'environment variable that holds the password');
}

export function addAddressOptions(command: Command): Command {
  return addCredentialOptions(
    command
      .option('--type <type>', 'kind of camera, where the address does not say it')
      .option('--template <maker>', 'usual address of a maker (see camera templates)', templateOption)
      .option('--host <host>', 'name or IP address, with --template')
      .option('--port <n>', 'port of the streams, with --template', portOption)
      .option('--channel <n>', 'lens, or input of a recorder, from 1, with --template', channelOption)
      .option('--stream <name>', 'name of the stream, for templates that have none of their own')
      .option('--sub-stream <name>', 'name of the small stream, likewise')
      .option('--sub-url <url>', 'address of the small stream')
      .option('--no-sub', 'leave the small stream out'),
  );
}

/** @throws AppError `BAD_REQUEST` when the variable is not there */
export function passwordOf({ passwordEnv }: CredentialOptions): string | undefined {
  if (passwordEnv === undefined) return undefined;
  const password = process.env[passwordEnv];
  if (password !== undefined && password !== '') return password;
  throw new AppError(
    'BAD_REQUEST',
    `--password-env: the environment has no variable ${passwordEnv} with a value.`,
  );
}

/**
 * The camera that address and options mean; on a terminal, what is missing is asked for.
 *
 * @param prompter `undefined` where nobody can be asked
 * @throws AppError `BAD_REQUEST` that says what is missing
 */
export async function cameraOf(
  address: string | undefined,
  options: AddressOptions,
  prompter: Prompter | undefined,
): Promise<CameraRequest> {
  const { url, subUrl, onvifUrl } = await addressOf(address, options, prompter);
  const small = options.sub ? (options.subUrl ?? subUrl) : null;
  const password = passwordOf(options) ?? (await askPassword(options, prompter));
  return {
    url,
    ...(options.type === undefined ? {} : { type: options.type }),
    ...(small === null ? {} : { sub_url: small }),
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(password === undefined ? {} : { password }),
    ...(onvifUrl === null ? {} : { onvif: { url: onvifUrl } }),
  };
}

interface Address {
  readonly url: string;
  readonly subUrl: string | null;
  readonly onvifUrl: string | null;
}

async function addressOf(
  address: string | undefined,
  options: AddressOptions,
  prompter: Prompter | undefined,
): Promise<Address> {
  const said = address ?? (options.template === undefined ? await askAddress(prompter) : undefined);
  const template = options.template ?? cameraTemplates.find(({ id }) => id === said);
  if (template === undefined && said !== undefined) return { url: said, subUrl: null, onvifUrl: null };
  if (template === undefined) throw missing('an address, or --template and --host');
  if (options.template !== undefined && address !== undefined)
    throw new AppError('BAD_REQUEST', 'Give an address or a --template, not both.');
  const host = options.host ?? (await askFor('Host or IP address: ', prompter));
  if (host === undefined) throw missing('--host');
  const isNamed = options.stream !== undefined || !wantsStreamName(template);
  const stream = isNamed ? options.stream : await askFor('Name of the stream: ', prompter);
  const filled = fillTemplate(template, { ...options, host, stream });
  if (filled === undefined || !URL.canParse(filled.url))
    throw missing(`a --host and, for ${template.title}, the name of the --stream`);
  return filled;
}

async function askAddress(prompter: Prompter | undefined): Promise<string | undefined> {
  const makers = cameraTemplates.map(({ id }) => id).join(', ');
  return askFor(`Address (rtsp://…), or maker (${makers}): `, prompter);
}

async function askFor(question: string, prompter: Prompter | undefined): Promise<string | undefined> {
  const answer = await prompter?.ask(question);
  return answer === '' ? undefined : answer;
}

/** A user name without a password is asked for the other half. */
export async function askPassword(
  { username }: CredentialOptions,
  prompter: Prompter | undefined,
): Promise<string | undefined> {
  return username === undefined ? undefined : prompter?.askSecret(`Password of ${username}: `);
}

function missing(what: string): AppError {
  return new AppError(
    'BAD_REQUEST',
    `Which camera? Expected ${what}. "vedette camera templates" lists makers.`,
  );
}

function templateOption(text: string): CameraTemplate {
  const template = cameraTemplates.find(({ id }) => id === text.toLowerCase());
  if (template !== undefined) return template;
  throw new InvalidArgumentError(`expected one of ${cameraTemplates.map(({ id }) => id).join(', ')}`);
}

function portOption(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('expected a port from 1 to 65535');
}

function channelOption(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number from 1');
}
