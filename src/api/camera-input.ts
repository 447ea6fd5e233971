import { z } from 'zod';
import {
  clipSchema,
  decodeSchema,
  labelsSchema,
  masksSchema,
  onvifSchema,
  retentionDaysSchema,
  scheduleSchema,
  toClip,
  toOnvif,
  toSchedule,
  zonesSchema,
} from '../core/camera-settings-wire.ts';
import { defaultCameraSettings } from '../core/camera-settings.ts';
import { joinCredentials, type Credentials } from '../core/credentials.ts';
import { redact, splitCredentials, type SplitUrl } from '../core/redact.ts';
import { clipProblem } from '../core/unmasked-video.ts';
import type { CameraInput } from '../store/event-store.ts';
import type { CameraService, CameraWithState } from './api-services.ts';
import { sensitivity } from './camera-wire.ts';
import { validationError, type FieldDetail } from './validation.ts';

/** Text that a person typed: no control characters, which would garble lists and logs. */
const plainText = (min: number, max: number): z.ZodString =>
  z
    .string()
    .trim()
    .min(min)
    .max(max)
    .regex(/^\P{Cc}*$/u, 'a text without control characters');

const cameraFields = {
  name: plainText(1, 100).meta({ description: 'Unique among the cameras' }),
  type: z
    .string()
    .max(50)
    .optional()
    .meta({ description: 'rtsp, http_snapshot, file, …; found by the address when left out' }),
  url: plainText(1, 2048).meta({
    description: 'May hold user:password@; both are then kept apart from it',
    examples: ['rtsp://192.168.1.20:554/stream1'],
  }),
  username: plainText(0, 256).nullable().optional(),
  password: z
    .string()
    .max(256)
    .nullable()
    .optional()
    .meta({ description: 'Write-only. In a PUT: kept when left out, removed by null' }),
  frame_rate: z.number().min(1).max(30).default(5).meta({ description: 'Analysed frames per second' }),
  is_enabled: z.boolean().default(true),
  motion_sensitivity: sensitivity.default('medium'),
  motion_cooldown: z
    .number()
    .min(0)
    .max(3600)
    .default(60)
    .meta({ description: 'Seconds from the start of one event to the next' }),
  sub_url: plainText(1, 2048).nullable().optional().meta({
    description:
      'The small stream of the same picture: it is analysed, and pictures and clips come from the large one. In a PUT: kept when left out',
  }),
  zones: zonesSchema.optional().meta({ description: 'In a PUT: kept when left out' }),
  schedule: scheduleSchema
    .nullable()
    .optional()
    .meta({ description: 'When motion makes events; null for always. In a PUT: kept when left out' }),
  clip: clipSchema.optional().meta({
    description: 'Not together with privacy masks, which a clip would not have. In a PUT: kept when left out',
  }),
  onvif: onvifSchema.optional().meta({ description: 'In a PUT: kept when left out' }),
  decode: decodeSchema.optional().meta({ description: 'In a PUT: kept when left out' }),
  labels: labelsSchema.optional().meta({
    description:
      'Nobody is told of a motion event in which none of these was recognised: person, vehicle, animal, or a label such as dog; empty: all are told. In a PUT: kept when left out',
  }),
  retention_days: retentionDaysSchema.nullable().optional().meta({
    description:
      'Days that its events are kept, 0 for ever; null for as long as those of all cameras. In a PUT: kept when left out',
  }),
  privacy: z
    .strictObject({
      local_only: z
        .boolean()
        .optional()
        .meta({ description: 'Its pictures never leave this machine, whatever fails' }),
      masks: masksSchema.optional(),
    })
    .optional()
    .meta({ description: 'In a PUT: each is kept when left out' }),
  vision: z
    .strictObject({
      prompt_addition: z
        .string()
        .trim()
        .max(2000)
        .nullable()
        .optional()
        .meta({ description: 'What the model should know of this camera' }),
      max_events_per_hour: z.int().min(0).max(3600).nullable().optional().meta({
        description: 'Events an hour that paid providers are asked for; the others go to free ones',
      }),
    })
    .optional()
    .meta({ description: 'In a PUT: each is kept when left out, removed by null' }),
};

export const cameraBodySchema = z.strictObject(cameraFields).meta({ id: 'CameraBody' });

/** What may be tried out before it is saved: it needs no name yet. */
export const cameraTestBodySchema = z
  .strictObject({ ...cameraFields, name: cameraFields.name.default('test') })
  .meta({ id: 'CameraTestBody' });

export type CameraBody = z.output<typeof cameraBodySchema>;

const { frame_rate, is_enabled, motion_sensitivity, motion_cooldown } = cameraFields;

/** What is left out stays as it is. */
export const cameraChangeSchema = z
  .strictObject({
    ...cameraFields,
    name: cameraFields.name.optional(),
    url: cameraFields.url.optional(),
    frame_rate: frame_rate.unwrap().optional(),
    is_enabled: is_enabled.unwrap().optional(),
    motion_sensitivity: motion_sensitivity.unwrap().optional(),
    motion_cooldown: motion_cooldown.unwrap().optional(),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), {
    error: 'at least one field of a camera',
  })
  .meta({ id: 'CameraChange' });

export type CameraChange = z.output<typeof cameraChangeSchema>;

/** The camera as it would be sent back whole, with the change. */
export function changedBody(change: CameraChange, current: CameraWithState['camera']): CameraBody {
  return {
    // Another address may be one of another type, and brings its own user along.
    ...(change.url === undefined ? { type: current.type, username: current.username } : {}),
    ...change,
    name: change.name ?? current.name,
    url: change.url ?? redact(current.url),
    frame_rate: change.frame_rate ?? current.frameRate,
    is_enabled: change.is_enabled ?? current.isEnabled,
    motion_sensitivity: change.motion_sensitivity ?? current.motionSensitivity,
    motion_cooldown: change.motion_cooldown ?? current.motionCooldown,
  };
}

type CameraType = CameraService['types'][number];

/**
 * What a client sent, as the store takes it.
 *
 * @param current the camera that the body replaces: what the client can't know of it (its password, the secrets in its
 *   address) is kept when it comes back as it was shown
 * @throws AppError `VALIDATION_FAILED` for an address or a type that no kind of camera takes
 */
export function toCameraInput(
  body: CameraBody,
  types: CameraService['types'],
  current?: CameraWithState['camera'],
): CameraInput {
  const split = splitAddress('url', body.url);
  const sub = body.sub_url == null ? null : splitAddress('sub_url', body.sub_url);
  const { adapter, url } = resolveType(body.type, keptAddress(split.url, current?.url), types);
  const subUrl =
    body.sub_url === undefined ? (current?.subUrl ?? null) : sub && keptAddress(sub.url, current?.subUrl);
  if (subUrl !== null) checkSubAddress(subUrl, adapter);
  const { username, password } = credentialsOf(body, split, sub);
  const settings = settingsOf(body);
  const problem = clipProblem({ ...defaultCameraSettings, ...current, ...settings });
  if (problem !== undefined) throw refused('clip.enabled', problem.received, problem.expected);
  return {
    name: body.name,
    type: adapter.type,
    url,
    subUrl,
    username,
    password: password ?? (body.password === undefined ? (current?.password ?? null) : null),
    frameRate: body.frame_rate,
    isEnabled: body.is_enabled,
    motionSensitivity: body.motion_sensitivity,
    motionCooldown: body.motion_cooldown,
    ...limitsOf(body),
    ...settings,
    origin: current?.origin ?? 'api',
  };
}

/** An address that comes back as it was shown keeps the secrets in its query. */
function keptAddress(address: string, current: string | null | undefined): string {
  return current != null && address === redact(current) ? current : address;
}

/** What is left out stays as it is: a camera must not lose its privacy to a client that does not know of it. */
function limitsOf({ privacy, vision }: CameraBody): Partial<CameraInput> {
  return {
    ...(privacy?.local_only === undefined ? {} : { isLocalOnly: privacy.local_only }),
    ...(vision?.prompt_addition === undefined ? {} : { promptAddition: emptyToNull(vision.prompt_addition) }),
    ...(vision?.max_events_per_hour === undefined ? {} : { maxEventsPerHour: vision.max_events_per_hour }),
  };
}

function settingsOf(body: CameraBody): Partial<CameraInput> {
  const { zones, schedule, clip, onvif, decode, labels, retention_days: retentionDays, privacy } = body;
  return {
    ...(zones === undefined ? {} : { zones }),
    ...(schedule === undefined ? {} : { schedule: schedule === null ? null : toSchedule(schedule) }),
    ...(clip === undefined ? {} : { clip: toClip(clip) }),
    ...(onvif === undefined ? {} : { onvif: toOnvif(onvif) }),
    ...(decode === undefined ? {} : { decode }),
    ...(labels === undefined ? {} : { labels }),
    ...(retentionDays === undefined ? {} : { retentionDays }),
    ...(privacy?.masks === undefined ? {} : { privacyMasks: privacy.masks }),
  };
}

function emptyToNull(text: string | null): string | null {
  return text === '' ? null : text;
}

/** Both streams are asked for with one user name and one password, wherever they stand. */
function credentialsOf(body: CameraBody, main: SplitUrl, sub: SplitUrl | null): Credentials {
  const given = {
    username: emptyToNull(body.username ?? main.username),
    password: emptyToNull(body.password === undefined ? main.password : body.password),
  };
  const joined = sub === null ? given : joinCredentials(given, sub);
  if (joined !== undefined) return joined;
  throw refused(
    'sub_url',
    'another user name or password than the camera has (not shown)',
    'the same as for "url", or none: both streams are asked for with one user name and password',
  );
}

/** Refuses what can't be taken apart for sure: it would be stored, and shown, with its password. */
function splitAddress(field: 'url' | 'sub_url', address: string): SplitUrl {
  const split = splitCredentials(address);
  // An @ that is left stands behind the host: most likely in a password with a slash in it.
  if (!(split.url.includes('://') && split.url.includes('@'))) return split;
  throw refused(
    field,
    'an address with an @ that can not be taken apart (not shown)',
    'an address whose user name and password are percent-encoded (@ as %40, / as %2F, % as %25) or stand in ' +
      '"username" and "password", and without an @ behind the host (there, too, it is %40)',
  );
}

function resolveType(
  name: string | undefined,
  address: string,
  types: CameraService['types'],
): { readonly adapter: CameraType; readonly url: string } {
  const names = types.map(({ type }) => type).join(', ');
  const adapter =
    name === undefined
      ? types.find((candidate) => candidate.accepts(address))
      : types.find((candidate) => candidate.type === name);
  if (adapter === undefined) {
    throw name === undefined
      ? refused('type', `nothing, and the address ${quote(address)} tells no type`, `one of ${names}`)
      : refused('type', quote(name), `one of ${names}`);
  }
  return { adapter, url: checkAddress('url', address, adapter) };
}

function checkSubAddress(address: string, adapter: CameraType): void {
  if (!adapter.hasSubStream) {
    throw refused(
      'sub_url',
      quote(address),
      `null: a camera of the type ${adapter.type} has one stream only`,
    );
  }
  checkAddress('sub_url', address, adapter);
}

function checkAddress(field: 'url' | 'sub_url', address: string, adapter: CameraType): string {
  const checked = adapter.url.safeParse(address);
  if (checked.success) return checked.data;
  throw refused(field, quote(address), checked.error.issues.map(({ message }) => redact(message)).join('; '));
}

function quote(text: string): string {
  return JSON.stringify(redact(text.slice(0, 200)));
}

function refused(path: string, received: string, expected: string): Error {
  const detail: FieldDetail = { in: 'body', path, received, expected };
  return validationError([detail]);
}
