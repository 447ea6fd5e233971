import { z } from 'zod';
import { labelsSchema, toZonesWire, zonesSchema } from '../core/camera-settings-wire.ts';
import type { Camera } from '../core/camera.ts';
import {
  noProposalReasons,
  tuningDays,
  type CameraTuning,
  type NoProposalReason,
  type Proposal,
} from '../core/tuning.ts';
import { toWireTime, wireTime } from '../core/wire-values.ts';

/** Of more events than these the ids are left out. */
const maxIds = 200;

const eventsSchema = z.object({
  count: z.int(),
  event_ids: z.array(z.string()).meta({ description: `Newest first, ${maxIds} at most` }),
});

const proposalSchema = z
  .object({
    kind: z.enum(['zone', 'sensitivity', 'labels']),
    summary: z.string().meta({ description: 'What it changes, in words' }),
    change: z
      .object({
        zones: zonesSchema.optional(),
        motion_sensitivity: z.enum(['low', 'medium', 'high']).optional(),
        labels: labelsSchema.optional(),
      })
      .meta({ description: 'The body of `PATCH /cameras/{id}` that applies it' }),
    removes: z.object({
      false_motion: eventsSchema.meta({ description: 'Marked as false motion' }),
      unmarked: eventsSchema.meta({ description: 'Not marked, not starred, and nothing was recognised' }),
    }),
    costs: eventsSchema.meta({
      description: 'True ones: marked otherwise, starred, or something was recognised',
    }),
    unknown: z.int().meta({ description: 'Events of which it is not known what it would have done' }),
  })
  .meta({ id: 'TuningProposal' });

export const tuningSchema = z
  .object({
    camera_id: z.string(),
    since: wireTime.meta({ description: `${tuningDays} days ago: later events of motion are looked at` }),
    is_changeable: z
      .boolean()
      .meta({ description: 'false: the camera is set in the configuration; make the change there' }),
    events: z.object({
      total: z.int(),
      false_motion: z.int(),
      true: z.int(),
      unmarked: z.int(),
      without_evidence: z.int().meta({ description: 'Of all of them, those whose motion was not kept' }),
    }),
    proposals: z.array(proposalSchema).meta({
      description: 'What costs least first, and of those what removes most. Estimates from stored samples',
    }),
    reason: z.enum(noProposalReasons).nullable().meta({ description: 'Why there are none' }),
    message: z.string().nullable().meta({ description: 'The same in words' }),
  })
  .meta({ id: 'CameraTuning' });

type TuningWire = z.output<typeof tuningSchema>;

export function toTuningWire(camera: Camera, tuning: CameraTuning): TuningWire {
  const { since, counts, proposals, reason } = tuning;
  return {
    camera_id: camera.id,
    since: toWireTime(since),
    is_changeable: camera.origin !== 'config',
    events: {
      total: counts.total,
      false_motion: counts.falseMotion,
      true: counts.true,
      unmarked: counts.unmarked,
      without_evidence: counts.withoutEvidence,
    },
    proposals: proposals.map(toProposalWire),
    reason,
    message: reason === null ? null : messages[reason],
  };
}

function toProposalWire(proposal: Proposal): TuningWire['proposals'][number] {
  const { kind, change, removedFalse, removedUnmarked, lost, unknown } = proposal;
  const { zones, motionSensitivity, labels } = change;
  return {
    kind,
    summary: summaryOf(proposal),
    change: {
      ...(zones === undefined ? {} : { zones: toZonesWire(zones) }),
      ...(motionSensitivity === undefined ? {} : { motion_sensitivity: motionSensitivity }),
      ...(labels === undefined ? {} : { labels: [...labels] }),
    },
    removes: { false_motion: toEvents(removedFalse), unmarked: toEvents(removedUnmarked) },
    costs: toEvents(lost),
    unknown,
  };
}

function toEvents(ids: readonly string[]): z.output<typeof eventsSchema> {
  return { count: ids.length, event_ids: ids.slice(0, maxIds) };
}

function summaryOf({ change: { zones, motionSensitivity, labels } }: Proposal): string {
  const zone = zones?.at(-1);
  if (zone !== undefined) return `Motion in ${placeOf(zone.points)} no longer counts (zone "${zone.name}")`;
  if (motionSensitivity !== undefined) return `Sensitivity ${motionSensitivity}: a subject must be larger`;
  return `Only events with ${listOf(labels ?? [])} are told; the others are kept`;
}

function placeOf(points: readonly (readonly [number, number])[]): string {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [x, y] = [(Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2];
  const row = y < 0.35 ? 'top' : y > 0.65 ? 'bottom' : '';
  const column = x < 0.35 ? 'left' : x > 0.65 ? 'right' : '';
  if (row === '' && column === '') return 'the middle of the picture';
  return `the ${[row, column].filter((word) => word !== '').join(' ')} of the picture`;
}

function listOf(labels: readonly string[]): string {
  return labels.length < 2 ? labels.join('') : `${labels.slice(0, -1).join(', ')} or ${labels.at(-1)}`;
}

const messages: Readonly<Record<NoProposalReason, string>> = {
  no_false_motion: `No event of the last ${tuningDays} days is marked as false motion. Mark those in which nothing moved.`,
  no_evidence:
    'Of the events that are marked as false motion it is not known how they moved: they are from before that was kept, or the camera itself made them.',
  prevented: 'The present settings would have prevented every event that is marked as false motion.',
  too_costly:
    'Every setting that would have prevented them would have cost more true events than false ones.',
  no_remedy: 'No zone, sensitivity or label would have prevented them.',
};
