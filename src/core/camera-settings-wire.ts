import { z } from 'zod';
import { isTimeZone } from './calendar-day.ts';
import {
  decodeModes,
  defaultCameraSettings,
  type ClipSettings,
  type OnvifSettings,
  type Polygon,
  type Schedule,
  type Zone,
} from './camera-settings.ts';
import { areaOfPolygon } from './polygon.ts';

const share = z.number().min(0).max(1);

const polygon = z
  .array(z.tuple([share, share]))
  .min(3, { abort: true })
  .max(64, { abort: true })
  .refine((points) => areaOfPolygon(points) > 0, { error: 'expected corners that enclose an area' })
  .describe('Corners [x, y], each 0..1 of the picture, origin at the top left.');

export const zonesSchema = z
  .array(
    z.strictObject({
      name: z.string().trim().min(1).max(50).describe('Unique within the camera; shown with its events.'),
      kind: z
        .enum(['include', 'exclude'])
        .default('include')
        .describe('include: only motion in such a zone counts. exclude: motion there never does.'),
      points: polygon,
    }),
  )
  .max(10)
  .refine((zones) => new Set(zones.map(({ name }) => name)).size === zones.length, {
    error: 'expected a name of its own for each zone',
  });

const timeOfDay = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, { error: 'expected a time such as 07:30' });

export const scheduleSchema = z.strictObject({
  timezone: z
    .string()
    .refine(isTimeZone, { error: 'expected the IANA name of a time zone, e.g. Europe/Berlin' })
    .describe('IANA name, e.g. `Europe/Berlin`.'),
  days_of_week: z
    .array(z.int().min(1).max(7))
    .max(7)
    .default([])
    .describe('1 = Monday … 7 = Sunday, on which a range begins; empty for every day.'),
  time_ranges: z
    .array(
      z.strictObject({
        start: timeOfDay.describe('Local time, e.g. `22:00`.'),
        end: timeOfDay.describe('Exclusive; before or at `start` it is one of the next day.'),
      }),
    )
    .max(10)
    .default([])
    .describe('Empty for all day.'),
});

export const masksSchema = z
  .array(polygon)
  .max(20)
  .describe('Polygons of corners [x, y], 0..1, blackened in every picture that is stored, shown or sent.');

const seconds = z.number().min(0).max(30);
const clipDefaults = defaultCameraSettings.clip;

export const clipSchema = z.strictObject({
  enabled: z
    .boolean()
    .default(clipDefaults.isEnabled)
    .describe("Keeps a clip of the camera's own video with each event."),
  before_s: seconds.default(clipDefaults.beforeMs / 1000).describe('Seconds before the first motion.'),
  after_s: seconds.default(clipDefaults.afterMs / 1000).describe('Seconds after the last one.'),
});

const onvifDefaults = defaultCameraSettings.onvif;

export const onvifSchema = z.strictObject({
  url: z
    .string()
    .refine((url) => /^https?:\/\//i.test(url) && URL.canParse(url), {
      error: 'expected an address such as http://192.168.1.20/onvif/device_service',
      abort: true,
    })
    .refine((url) => !hasCredentials(url), {
      error: 'expected no user name and password in it: those of the camera are used',
    })
    .nullable()
    .default(onvifDefaults.url)
    .describe("Address of the device service; the standard path at the camera's own host unless given."),
  native_events: z
    .enum(['off', 'assist', 'replace'])
    .default(onvifDefaults.nativeEvents)
    .describe(
      "The camera's own motion events. assist: they make an event where Vedette saw no motion. replace: only they make events.",
    ),
});

export const retentionDaysSchema = z.int().min(0).max(36_500);

export const decodeSchema = z
  .enum(decodeModes)
  .describe(
    'What is decoded for motion analysis. full: everything. keyframes: in a still scene key frames only. auto: the same once the stream has proved that nothing is missed by it.',
  );

export const labelsSchema = z
  .array(z.string().trim().toLowerCase().min(1).max(50))
  .max(50)
  .describe(
    'Nobody is told of a motion event in which none of these was recognised: person, vehicle, animal, or a label such as dog. Empty: all are told.',
  );

export function toZonesWire(zones: readonly Zone[]): z.output<typeof zonesSchema> {
  return zones.map(({ name, kind, points }) => ({ name, kind, points: toPolygonWire(points) }));
}

export function toPolygonWire(points: Polygon): [number, number][] {
  return points.map(([x, y]) => [x, y]);
}

export function toSchedule(wire: z.output<typeof scheduleSchema>): Schedule {
  return {
    timeZone: wire.timezone,
    daysOfWeek: [...new Set(wire.days_of_week)].toSorted((a, b) => a - b),
    timeRanges: wire.time_ranges,
  };
}

export function toScheduleWire(schedule: Schedule): z.output<typeof scheduleSchema> {
  return {
    timezone: schedule.timeZone,
    days_of_week: [...schedule.daysOfWeek],
    time_ranges: [...schedule.timeRanges],
  };
}

export function toClip(wire: z.output<typeof clipSchema>): ClipSettings {
  return { isEnabled: wire.enabled, beforeMs: wire.before_s * 1000, afterMs: wire.after_s * 1000 };
}

export function toClipWire(clip: ClipSettings): z.output<typeof clipSchema> {
  return { enabled: clip.isEnabled, before_s: clip.beforeMs / 1000, after_s: clip.afterMs / 1000 };
}

export function toOnvif(wire: z.output<typeof onvifSchema>): OnvifSettings {
  return { url: wire.url, nativeEvents: wire.native_events };
}

export function toOnvifWire(onvif: OnvifSettings): z.output<typeof onvifSchema> {
  return { url: onvif.url, native_events: onvif.nativeEvents };
}

/** The address is shown, and passwords never are. */
function hasCredentials(url: string): boolean {
  const { username, password } = new URL(url);
  return username !== '' || password !== '';
}
