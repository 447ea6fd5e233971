import { z } from 'zod';
import { decodeModes } from '../core/camera-settings.ts';
import type { VedetteEvent } from '../core/event.ts';
import { explainGuard } from '../core/explain-motion.ts';
import { motionGuards, type GuardMargin, type MotionEvidence } from '../core/motion-evidence.ts';
import { sensitivities, type MotionRegion } from '../core/motion.ts';
import { toWireBox, toWireShare, wireBox } from '../core/wire-values.ts';
import { apiPrefix } from './api-app.ts';

const share = z.number();
const nullableShare = share.nullable();

const guardSchema = z.object({
  name: z.enum(motionGuards),
  margin: z.number().meta({ description: '1: just not called nothing; 2: twice as far from it; 99 at most' }),
  value: z.number(),
  limit: z.number(),
  side: z
    .enum(['least', 'most'])
    .meta({ description: 'Whether the value must not be below the limit, or not above it' }),
  unit: z
    .enum(['picture', 'width', 'growth', 'share', 'frames', 'times', 'changes'])
    .meta({ description: 'picture, width: shares of the picture and of its width; changes: a second' }),
  text: z.string().meta({ description: 'The same in words' }),
});

export const evidenceSchema = z
  .object({
    sensitivity: z.enum(sensitivities),
    decode: z.enum(decodeModes),
    complete: z.boolean().meta({
      description:
        'false while the motion goes on, and for ever when the service was ended meanwhile: only its beginning is known',
    }),
    frames: z.int().meta({ description: 'Moving frames' }),
    heat: z
      .object({ columns: z.int(), rows: z.int(), seconds: z.array(z.number()) })
      .meta({ description: 'How long something moved in each field of the picture, row by row' }),
    samples: z
      .array(
        z.object({
          at_ms: z.int().meta({ description: 'From the start of the event' }),
          regions: z.array(z.object({ box: wireBox, area: share })),
          zones: z.array(z.string()),
          areas: z.object({ low: nullableShare, medium: nullableShare, high: nullableShare }).meta({
            description:
              'Share of the picture that the largest subject would cover with each sensitivity; null: not known',
          }),
        }),
      )
      .meta({
        description: 'Two a second at most, 120 in all; the first and the last moving frame are among them',
      }),
    path: z
      .object({
        points: z.array(z.object({ x: share, y: share })),
        length: share.meta({ description: "Share of the picture's width" }),
        area: share.meta({ description: 'Largest share of the picture that it covered' }),
        frames_found: z.int(),
        frames_followed: z.int(),
        seconds: z.number(),
      })
      .nullable()
      .meta({ description: 'Of the subject that was followed longest' }),
    guards: z.array(guardSchema).meta({ description: 'What could have called it nothing, nearest first' }),
  })
  .meta({ id: 'MotionEvidence' });

export type EvidenceWire = z.output<typeof evidenceSchema>;

export function toEvidenceWire(evidence: MotionEvidence): EvidenceWire {
  const { path } = evidence;
  return {
    sensitivity: evidence.sensitivity,
    decode: evidence.decode,
    complete: evidence.isComplete,
    frames: evidence.frames,
    heat: {
      columns: evidence.heat.columns,
      rows: evidence.heat.rows,
      seconds: [...evidence.heat.seconds],
    },
    samples: evidence.samples.map(({ atMs, regions, zones, areas }) => ({
      at_ms: atMs,
      regions: regions.map(toRegion),
      zones: [...zones],
      areas: { low: areas.low, medium: areas.medium, high: areas.high },
    })),
    path:
      path === null
        ? null
        : {
            points: path.points.map(({ x, y }) => ({ x, y })),
            length: path.length,
            area: path.area,
            frames_found: path.framesFound,
            frames_followed: path.framesFollowed,
            seconds: path.seconds,
          },
    guards: evidence.guards.map(toGuardWire),
  };
}

export function toGuardWire(guard: GuardMargin): z.output<typeof guardSchema> {
  const { name, margin, value, limit, side, unit } = guard;
  return { name, margin, value, limit, side, unit, text: explainGuard(guard) };
}

/** Where the picture of its heat is; `null` when there is none. */
export function heatMapUrl(event: VedetteEvent, evidence: MotionEvidence | undefined): string | null {
  const hasOne = evidence !== undefined && event.frames.length > 0;
  return hasOne ? `${apiPrefix}/events/${event.id}/heatmap` : null;
}

function toRegion({ box, area }: MotionRegion): EvidenceWire['samples'][number]['regions'][number] {
  return { box: toWireBox(box), area: toWireShare(area) };
}
