import { z } from 'zod';
import {
  clipSchema,
  masksSchema,
  onvifSchema,
  decodeSchema,
  labelsSchema,
  retentionDaysSchema,
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
import { defaultCameraSettings } from '../core/camera-settings.ts';
import { cameraCauses, pictureConditions, type CameraState, type CameraStreams } from '../core/camera.ts';
import { joinCredentials, type Credentials } from '../core/credentials.ts';
import type { StreamInfo } from '../core/frame.ts';
import { clipProblem } from '../core/unmasked-video.ts';
import { redact, splitCredentials, type SplitUrl } from '../core/redact.ts';
import { nullableTime, toWireTime, wireTime } from '../core/wire-values.ts';
import type { CameraInput } from '../store/event-store.ts';
import type { CameraService, CameraWithState } from './api-services.ts';
import { validationError, type FieldDetail } from './validation.ts';

const sensitivity = z.enum(['low', 'medium', 'high']);
const cameraCause = z.enum(cameraCauses);

const streamInfoSchema = z.object({
  codec: z.string().meta({ description: 'h264, hevc, mjpeg, …' }),
  width: z.int(),
  height: z.int(),
  fps: z.number().nullable().meta({ description: 'What the stream declares' }),
});

export const cameraStateSchema = z
  .object({
    status: z.enum(['connecting', 'streaming', 'disconnected', 'disabled']),
    cause: cameraCause.nullable().meta({ description: 'Why it is not streaming' }),
    message: z.string().nullable().meta({ description: 'What the cause means and what to do' }),
    since: wireTime.meta({ description: 'When the status last changed' }),
    attempts: z.int().meta({ description: 'Connections that failed since it last streamed' }),
    next_attempt_at: nullableTime.meta({ description: 'When it is connected to again' }),
    picture: z
      .object({ condition: z.enum(pictureConditions), since: wireTime })
      .nullable()
      .meta({ description: 'What is wrong with its picture; null until the scene is known' }),
    fps: z.number().meta({ description: 'Measured over the last seconds' }),
    last_frame_at: nullableTime,
    decode: z
      .object({ mode: z.enum(['full', 'keyframes']), reason: z.string() })
      .nullable()
      .meta({ description: 'What is decoded for motion analysis now, and why' }),
    streams: z
      .object({
        analysis: streamInfoSchema,
        pictures: streamInfoSchema
          .extend({
            cause: cameraCause.nullable().meta({
              description: 'Why the large stream is away and the analysed one stands in for it',
            }),
            message: z.string().nullable(),
          })
          .nullable()
          .meta({ description: 'null until its first key frame has come' }),
      })
      .nullable()
      .meta({
        description: 'What comes, and what pictures are taken of; the same where there is one stream',
      }),
    schedule: z
      .object({
        is_active: z.boolean().meta({ description: 'Whether motion makes events now' }),
        changes_at: nullableTime.meta({ description: 'null when not within two weeks' }),
      })
      .nullable()
      .meta({ description: 'null for a camera without one' }),
    native_events: z
      .object({
        status: z.enum(['connecting', 'listening', 'disconnected']),
        cause: cameraCause.nullable(),
        message: z.string().nullable(),
        since: wireTime,
      })
      .nullable()
      .meta({ description: "The camera's own motion events; null where they are not asked for" }),
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
    decode: decodeSchema,
    labels: z.array(z.string()).meta({
      description:
        'Nobody is told of a motion event in which none of these was recognised; empty: all are told',
    }),
    retention_days: z
      .int()
      .nullable()
      .meta({ description: 'Days that its events are kept; 0: for ever; null: as those of all cameras' }),
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

export const cameraTestResultSchema = z
  .discriminatedUnion('ok', [
    streamInfoSchema.extend({
      ok: z.literal(true),
      analysis: streamInfoSchema.meta({
        description: 'The stream that is analysed; the same unless there is a sub_url',
      }),
      latency_ms: z.number().meta({ description: 'From the start of connecting to the first picture' }),
      picture: z.string().meta({ description: 'A data: URL of a JPEG' }),
    }),
    z.object({
      ok: z.literal(false),
      cause: cameraCause,
      message: z.string().meta({ description: 'What the cause means and what to do' }),
      hints: z
        .array(z.object({ text: z.string(), url: z.string().nullable(), sub_url: z.string().nullable() }))
        .meta({ description: 'Addresses that may be the right ones, the likeliest first' }),
    }),
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
    decode: camera.decode,
    labels: [...camera.labels],
    retention_days: camera.retentionDays,
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
    attempts: state.attempts,
    next_attempt_at: state.nextAttemptAt === null ? null : toWireTime(state.nextAttemptAt),
    picture:
      state.picture === null
        ? null
        : { condition: state.picture.condition, since: toWireTime(state.picture.since) },
    fps: state.framesPerSecond,
    last_frame_at: state.lastFrameAt === null ? null : toWireTime(state.lastFrameAt),
    decode: state.decode,
    streams: state.streams === null ? null : toStreamsWire(state.streams),
    schedule: state.schedule === null ? null : toScheduleStateWire(state.schedule),
    native_events:
      state.nativeEvents === null
        ? null
        : { ...state.nativeEvents, since: toWireTime(state.nativeEvents.since) },
  };
}

function toScheduleStateWire({
  isActive,
  changesAt,
}: NonNullable<CameraState['schedule']>): NonNullable<CameraStateWire['schedule']> {
  return { is_active: isActive, changes_at: changesAt === null ? null : toWireTime(changesAt) };
}

function toStreamsWire({ analysis, pictures }: CameraStreams): NonNullable<CameraStateWire['streams']> {
  return {
    analysis: toStreamInfoWire(analysis),
    pictures:
      pictures === null
        ? null
        : {
            ...toStreamInfoWire(pictures.info),
            cause: pictures.loss?.cause ?? null,
            message: pictures.loss === null ? null : redact(pictures.loss.message),
          },
  };
}

export function toStreamInfoWire(info: StreamInfo): z.output<typeof streamInfoSchema> {
  const { codec, width, height, framesPerSecond } = info;
  return { codec, width, height, fps: framesPerSecond };
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
