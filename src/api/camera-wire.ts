import { z } from 'zod';
import {
  clipSchema,
  masksSchema,
  onvifSchema,
  scheduleSchema,
  toClip,
  toClipWire,
  toOnvif,
  toOnvifWire,
  toPolygonWire,
  toSchedule,
  toScheduleWire,
  toZonesWire,
  zonesSchema,
} from '../core/camera-settings-wire.ts';
import { cameraCauses, type CameraState } from '../core/camera.ts';
import { redact, splitCredentials, type SplitUrl } from '../core/redact.ts';
import { nullableTime, toWireTime, wireTime } from '../core/wire-values.ts';
import type { CameraInput } from '../store/event-store.ts';
import type { CameraService, CameraWithState } from './api-services.ts';
import { validationError, type FieldDetail } from './validation.ts';

const sensitivity = z.enum(['low', 'medium', 'high']);
const cameraCause = z.enum(cameraCauses);

export const cameraStateSchema = z
  .object({
    status: z.enum(['connecting', 'streaming', 'disconnected', 'disabled']),
    cause: cameraCause.nullable().meta({ description: 'Why it is not streaming' }),
    message: z.string().nullable().meta({ description: 'What the cause means and what to do' }),
    since: wireTime.meta({ description: 'When the status last changed' }),
    fps: z.number().meta({ description: 'Measured over the last seconds' }),
    last_frame_at: nullableTime,
  })
  .meta({ id: 'CameraState' });

export type CameraStateWire = z.output<typeof cameraStateSchema>;

export const cameraSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    type: z.string(),
    url: z.string().meta({ description: 'Without credentials; secrets in its query are shown as ***' }),
    username: z.string().nullable(),
    has_password: z.boolean().meta({ description: 'The password itself never leaves the server' }),
    frame_rate: z.number(),
    is_enabled: z.boolean(),
    motion_sensitivity: sensitivity,
    motion_cooldown: z.number(),
    sub_url: z.string().nullable().meta({ description: 'The small stream of the same picture, as url' }),
    zones: zonesSchema,
    schedule: scheduleSchema.nullable(),
    clip: clipSchema,
    onvif: onvifSchema,
    privacy: z.object({ local_only: z.boolean(), masks: masksSchema }),
    vision: z.object({
      prompt_addition: z.string().nullable(),
      max_events_per_hour: z.int().nullable(),
    }),
    origin: z
      .enum(['config', 'api', 'demo'])
      .meta({ description: 'config: set in the configuration, and changed only there' }),
    state: cameraStateSchema,
    created_at: wireTime,
    updated_at: wireTime,
  })
  .meta({ id: 'Camera' });

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
    .meta({ description: 'rtsp, http_mjpeg, file, …; found by the address when left out' }),
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
  clip: clipSchema.optional().meta({ description: 'In a PUT: kept when left out' }),
  onvif: onvifSchema.optional().meta({ description: 'In a PUT: kept when left out' }),
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

export const cameraTestResultSchema = z
  .discriminatedUnion('ok', [
    z.object({
      ok: z.literal(true),
      codec: z.string(),
      width: z.int(),
      height: z.int(),
      fps: z.number().nullable().meta({ description: 'What the stream declares' }),
      latency_ms: z.number().meta({ description: 'From the start of connecting to the first picture' }),
      picture: z.string().meta({ description: 'A data: URL of a JPEG' }),
    }),
    z.object({ ok: z.literal(false), cause: cameraCause, message: z.string() }),
  ])
  .meta({ id: 'CameraTestResult' });

export function toCameraWire({ camera, state }: CameraWithState): z.output<typeof cameraSchema> {
  return {
    id: camera.id,
    name: camera.name,
    type: camera.type,
    url: redact(camera.url),
    username: camera.username,
    has_password: camera.password !== null,
    frame_rate: camera.frameRate,
    is_enabled: camera.isEnabled,
    motion_sensitivity: camera.motionSensitivity,
    motion_cooldown: camera.motionCooldown,
    sub_url: camera.subUrl === null ? null : redact(camera.subUrl),
    zones: toZonesWire(camera.zones),
    schedule: camera.schedule === null ? null : toScheduleWire(camera.schedule),
    clip: toClipWire(camera.clip),
    onvif: toOnvifWire(camera.onvif),
    privacy: { local_only: camera.isLocalOnly, masks: camera.privacyMasks.map(toPolygonWire) },
    vision: { prompt_addition: camera.promptAddition, max_events_per_hour: camera.maxEventsPerHour },
    origin: camera.origin,
    state: toCameraStateWire(state),
    created_at: toWireTime(camera.createdAt),
    updated_at: toWireTime(camera.updatedAt),
  };
}

export function toCameraStateWire(state: CameraState): CameraStateWire {
  return {
    status: state.status,
    cause: state.cause,
    message: state.message === null ? null : redact(state.message),
    since: toWireTime(state.since),
    fps: state.framesPerSecond,
    last_frame_at: state.lastFrameAt === null ? null : toWireTime(state.lastFrameAt),
  };
}

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
  const split = splitAddress(body.url);
  const address = keptAddress(split.url, current?.url);
  const { type, url } = resolveType(body.type, address, types);
  return {
    name: body.name,
    type,
    url,
    username: emptyToNull(body.username ?? split.username),
    password: emptyToNull(
      body.password === undefined ? (split.password ?? current?.password ?? null) : body.password,
    ),
    frameRate: body.frame_rate,
    isEnabled: body.is_enabled,
    motionSensitivity: body.motion_sensitivity,
    motionCooldown: body.motion_cooldown,
    ...limitsOf(body),
    ...settingsOf(body, current),
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

function settingsOf(body: CameraBody, current: CameraWithState['camera'] | undefined): Partial<CameraInput> {
  const { sub_url: subUrl, zones, schedule, clip, onvif, privacy } = body;
  return {
    ...(subUrl === undefined
      ? {}
      : { subUrl: subUrl === null ? null : keptAddress(subUrl, current?.subUrl) }),
    ...(zones === undefined ? {} : { zones }),
    ...(schedule === undefined ? {} : { schedule: schedule === null ? null : toSchedule(schedule) }),
    ...(clip === undefined ? {} : { clip: toClip(clip) }),
    ...(onvif === undefined ? {} : { onvif: toOnvif(onvif) }),
    ...(privacy?.masks === undefined ? {} : { privacyMasks: privacy.masks }),
  };
}

function emptyToNull(text: string | null): string | null {
  return text === '' ? null : text;
}

/** Refuses what can't be taken apart for sure: it would be stored, and shown, with its password. */
function splitAddress(address: string): SplitUrl {
  const split = splitCredentials(address);
  // An @ that is left stands behind the host: most likely in a password with a slash in it.
  if (!(split.url.includes('://') && split.url.includes('@'))) return split;
  throw refused(
    'url',
    'an address with an @ that can not be taken apart (not shown)',
    'an address whose user name and password are percent-encoded (@ as %40, / as %2F, % as %25) or stand in ' +
      '"username" and "password", and without an @ behind the host (there, too, it is %40)',
  );
}

function resolveType(
  name: string | undefined,
  address: string,
  types: CameraService['types'],
): { readonly type: string; readonly url: string } {
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
  const checked = adapter.url.safeParse(address);
  if (checked.success) return { type: adapter.type, url: checked.data };
  const expected = checked.error.issues.map(({ message }) => redact(message)).join('; ');
  throw refused('url', quote(address), expected);
}

function quote(text: string): string {
  return JSON.stringify(redact(text.slice(0, 200)));
}

function refused(path: string, received: string, expected: string): Error {
  const detail: FieldDetail = { in: 'body', path, received, expected };
  return validationError([detail]);
}
