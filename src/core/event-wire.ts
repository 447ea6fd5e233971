import { z } from 'zod';
import { clipFailures } from './camera-video.ts';
import type { EventClip, EventFrame, VedetteEvent } from './event.ts';
import { motionReasons, type MotionRegion } from './motion.ts';
import {
  nullableTime,
  toWireBox,
  toWireShare,
  toWireTime,
  toWireUsd,
  wireBox,
  wireTime,
} from './wire-values.ts';

const regionSchema = z.object({ box: wireBox, area: z.number() });

const milliseconds = z.number().nullable();

/** An event as it leaves: in answers of the API, in live messages and in notifications. */
export const eventWireSchema = z
  .object({
    id: z.string(),
    camera_id: z.string(),
    camera_name: z.string(),
    source: z.enum(['motion', 'api', 'manual']),
    timestamp: wireTime.meta({ description: 'Of the best frame' }),
    started_at: wireTime.meta({ description: 'Of the frame that opened the episode' }),
    ended_at: nullableTime.meta({ description: 'Last moment of motion; null while it goes on' }),
    description: z.string().nullable(),
    title: z.string().nullable().meta({ description: 'Short form of the description' }),
    description_status: z.enum(['pending', 'done', 'failed', 'skipped']),
    description_reason: z
      .string()
      .nullable()
      .meta({ description: 'Why it failed or was skipped; labels: it is done, and nobody was told' }),
    confidence: z.number().nullable().meta({ description: '0–100; null when the provider gave none' }),
    objects_detected: z.array(z.string()),
    actions: z.array(z.string()).meta({ description: 'What is done' }),
    nothing_of_interest: z
      .boolean()
      .meta({ description: 'Nothing that anybody would want to know of, as far as the provider can tell' }),
    detections: z.array(z.object({ label: z.string(), score: z.number(), box: wireBox })),
    motion: z
      .object({
        score: z.number(),
        regions: z.array(regionSchema),
        zones: z
          .array(z.string())
          .meta({ description: 'Names of the include zones in which something moved' }),
        reason: z
          .enum(motionReasons)
          .meta({ description: 'camera: the camera itself said that something moves' }),
      })
      .nullable(),
    provider: z.string().nullable(),
    model: z.string().nullable(),
    prompt_version: z
      .string()
      .nullable()
      .meta({ description: 'Of the prompt that was answered; null when nothing was sent' }),
    same_as: z
      .string()
      .nullable()
      .meta({ description: 'The event whose description was reused, its picture being nearly the same' }),
    thumbnail_url: z.string().nullable().meta({ description: 'Relative to the address of the server' }),
    clip_url: z
      .string()
      .nullable()
      .meta({ description: 'MP4, relative to the address of the server; null while there is none' }),
    clip_status: z.enum(['recording', 'ready', 'failed']).nullable().meta({
      description: 'null when no clip was to be recorded; why it failed, GET /events/{id}/clip says',
    }),
    alert_triggered: z.boolean(),
    user_feedback: z
      .enum(['correct', 'wrong', 'false_motion'])
      .nullable()
      .meta({ description: 'What a person said of it' }),
    note: z.string().nullable().meta({ description: 'What a person wrote beside it' }),
    starred: z.boolean(),
    timings_ms: z
      .object({
        captured: milliseconds,
        queued: milliseconds,
        described: milliseconds,
        stored: milliseconds,
        total: milliseconds,
      })
      .meta({ description: 'From the frame that opened the episode to the end of each stage' }),
    cost_usd: z.number().nullable(),
    created_at: wireTime,
    updated_at: wireTime,
  })
  .meta({ id: 'Event' });

export type EventWire = z.output<typeof eventWireSchema>;

const frameSchema = z.object({
  number: z.int().meta({ description: 'From 1; number 1 is the best one' }),
  captured_at: wireTime,
  url: z.string(),
  width: z.int(),
  height: z.int(),
  size_bytes: z.int(),
  regions: z.array(regionSchema),
});

const clipSchema = z.object({
  status: z.enum(['recording', 'ready', 'failed']),
  reason: z.enum(clipFailures).nullable().meta({ description: 'Why there is none; null unless it failed' }),
  started_at: nullableTime.meta({ description: 'Of its first picture; null unless it is ready' }),
  ended_at: nullableTime,
  size_bytes: z.int(),
  codec: z.string().nullable().meta({ description: 'h264 or hevc' }),
  width: z.int().nullable(),
  height: z.int().nullable(),
});

/** One event alone: with its pictures and its clip. */
export const eventDetailWireSchema = z
  .object({ ...eventWireSchema.shape, frames: z.array(frameSchema), clip: clipSchema.nullable() })
  .meta({ id: 'EventDetail' });

export type EventDetailWire = z.output<typeof eventDetailWireSchema>;

export function toEventWire(event: VedetteEvent): EventWire {
  return {
    id: event.id,
    camera_id: event.cameraId,
    camera_name: event.cameraName,
    source: event.source,
    timestamp: toWireTime(event.timestamp),
    started_at: toWireTime(event.startedAt),
    ended_at: event.endedAt === null ? null : toWireTime(event.endedAt),
    description: event.description,
    title: event.title,
    description_status: event.descriptionStatus,
    description_reason: event.descriptionReason,
    confidence: event.confidence,
    objects_detected: [...event.objectsDetected],
    actions: [...event.actions],
    nothing_of_interest: event.isNothingOfInterest,
    detections: event.detections.map(({ label, score, box }) => ({
      label,
      score: toWireShare(score),
      box: toWireBox(box),
    })),
    motion:
      event.motion === null
        ? null
        : {
            score: toWireShare(event.motion.score),
            regions: event.motion.regions.map(toRegion),
            zones: [...event.motion.zones],
            reason: event.motion.reason,
          },
    provider: event.provider,
    model: event.model,
    prompt_version: event.promptVersion,
    same_as: event.sameAs,
    thumbnail_url: event.thumbnailPath === null ? null : `/api/v1/events/${event.id}/thumbnail`,
    clip_url: event.clip?.status === 'ready' ? `/api/v1/events/${event.id}/clip` : null,
    clip_status: event.clip?.status ?? null,
    alert_triggered: event.alertTriggered,
    user_feedback: event.userFeedback,
    note: event.note,
    starred: event.isStarred,
    timings_ms: {
      captured: event.timings.captured,
      queued: event.timings.queued,
      described: event.timings.described,
      stored: event.timings.stored,
      total: event.timings.total,
    },
    cost_usd: toWireUsd(event.costUsd),
    created_at: toWireTime(event.createdAt),
    updated_at: toWireTime(event.updatedAt),
  };
}

export function toEventDetailWire(event: VedetteEvent): EventDetailWire {
  const { clip } = event;
  return {
    ...toEventWire(event),
    frames: event.frames.map((frame) => toFrame(event.id, frame)),
    clip: clip === null ? null : toClip(clip),
  };
}

function toClip(clip: EventClip): z.output<typeof clipSchema> {
  return {
    status: clip.status,
    reason: clip.reason,
    started_at: clip.startedAt === null ? null : toWireTime(clip.startedAt),
    ended_at: clip.endedAt === null ? null : toWireTime(clip.endedAt),
    size_bytes: clip.sizeBytes,
    codec: clip.codec,
    width: clip.width,
    height: clip.height,
  };
}

function toFrame(eventId: string, frame: EventFrame): EventDetailWire['frames'][number] {
  return {
    number: frame.number,
    captured_at: toWireTime(frame.capturedAt),
    url: `/api/v1/events/${eventId}/frames/${frame.number}`,
    width: frame.width,
    height: frame.height,
    size_bytes: frame.sizeBytes,
    regions: frame.regions.map(toRegion),
  };
}

function toRegion(region: MotionRegion): z.output<typeof regionSchema> {
  return { box: toWireBox(region.box), area: toWireShare(region.area) };
}
