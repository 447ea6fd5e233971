import { z } from 'zod';
import {
  clipSchema,
  decodeSchema,
  masksSchema,
  onvifSchema,
  scheduleSchema,
  toClipWire,
  toOnvifWire,
  toPolygonWire,
  toScheduleWire,
  toZonesWire,
  zonesSchema,
} from '../core/camera-settings-wire.ts';
import { cameraCauses, pictureConditions, type CameraState, type CameraStreams } from '../core/camera.ts';
import type { StreamInfo } from '../core/frame.ts';
import { redact } from '../core/redact.ts';
import { nullableTime, toWireTime, wireTime } from '../core/wire-values.ts';
import type { CameraWithState } from './api-services.ts';

export const sensitivity = z.enum(['low', 'medium', 'high']);
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
