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
  zonesSchema,
} from '../core/camera-settings-wire.ts';
import { defaultCameraSettings } from '../core/camera-settings.ts';
import { clipProblem } from '../core/unmasked-video.ts';
import { resolveCameraAddress, type AddressAdapter } from './camera-address.ts';
import { name, wholeNumber } from './config-values.ts';

/** A camera of the list, as written. What is wrong with its address is found also where other keys are wrong. */
export function createCameraSchema(adapters: readonly AddressAdapter[]) {
  return z
    .strictObject({
      name: name().describe('Unique. Cameras are matched by it when the configuration changes.'),
      type: z
        .enum(adapters.map(({ type }) => type))
        .optional()
        .describe(
          `Kind of camera; without it the address decides: ${adapters.map(({ type, title }) => (title === undefined ? type : `${type} (${title})`)).join(', ')}.`,
        ),
      url: z
        .string()
        .min(1)
        .describe('Address of the stream or the recording. Credentials in it are taken out and kept apart.'),
      sub_url: z
        .string()
        .min(1)
        .optional()
        .describe(
          'Address of the small stream of the same picture: it is analysed, and pictures and clips come from the large one.',
        ),
      username: z.string().min(1).optional().describe('Where the camera asks for one.'),
      password: z.string().min(1).optional().describe('Better given as `${VARIABLE}` than written down.'),
      frame_rate: wholeNumber(1, 30).default(5).describe('Frames analysed per second.'),
      is_enabled: z
        .boolean()
        .default(true)
        .describe('A camera that is not enabled is listed, but not watched.'),
      motion_sensitivity: z
        .enum(['low', 'medium', 'high'])
        .default('medium')
        .describe('How little must move.'),
      motion_cooldown: wholeNumber(0, 3600)
        .default(60)
        .describe('Seconds from the start of one event to the next on this camera.'),
      privacy: z
        .strictObject({
          local_only: z
            .boolean()
            .default(false)
            .describe(
              'Pictures of this camera never leave this machine: only local providers describe them.',
            ),
          masks: masksSchema.default([]),
        })
        .prefault({}),
      zones: zonesSchema.default([]),
      schedule: scheduleSchema
        .nullable()
        .default(null)
        .describe('When motion makes events; always unless given.'),
      clip: clipSchema.prefault({}),
      onvif: onvifSchema.prefault({}),
      decode: decodeSchema.default(defaultCameraSettings.decode),
      labels: labelsSchema.default([]),
      retention_days: retentionDaysSchema
        .optional()
        .describe(
          'Days that its events are kept, instead of `retention.days`; 0 keeps them for ever, whatever the cap.',
        ),
      vision: z
        .strictObject({
          prompt_addition: z
            .string()
            .trim()
            .min(1)
            .max(2000)
            .optional()
            .describe('What the model should know of this camera, e.g. `The blue car is ours.`'),
          max_events_per_hour: wholeNumber(0, 3600)
            .optional()
            .describe('Events an hour that paid providers are asked for; the others go to free ones.'),
        })
        .prefault({}),
    })
    .superRefine(
      (value, context) => {
        const result = resolveCameraAddress(onlyTexts(value), adapters);
        if (result.kind === 'problem') {
          context.addIssue({ code: 'custom', path: [result.key], message: result.message });
        }
      },
      { when: ({ value }) => hasAddress(value, adapters) },
    )
    .superRefine(({ clip, privacy }, context) => {
      const problem = clipProblem({ clip: toClip(clip), privacyMasks: privacy.masks });
      if (problem === undefined) return;
      const message = `received ${problem.received}, expected ${problem.expected}`;
      context.addIssue({ code: 'custom', path: ['clip', 'enabled'], message });
    });
}

function hasAddress(value: unknown, adapters: readonly AddressAdapter[]): boolean {
  if (typeof value !== 'object' || value === null || !('url' in value)) return false;
  const type = 'type' in value ? value.type : undefined;
  return (
    typeof value.url === 'string' &&
    value.url !== '' &&
    (type === undefined || adapters.some((adapter) => adapter.type === type))
  );
}

/** Before the other keys were found right, each of them may be anything. */
function onlyTexts(value: {
  url: string;
  sub_url?: unknown;
  type?: unknown;
  username?: unknown;
  password?: unknown;
}) {
  return {
    url: value.url,
    sub_url: textOf(value.sub_url),
    type: textOf(value.type),
    username: textOf(value.username),
    password: textOf(value.password),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
