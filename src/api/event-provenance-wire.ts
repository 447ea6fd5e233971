import { basename } from 'node:path/posix';
import { z } from 'zod';
import { eventDetailWireSchema, toEventDetailWire } from '../core/event-wire.ts';
import type { VedetteEvent } from '../core/event.ts';
import { explainEvent } from '../core/explain-motion.ts';
import type { MotionEvidence } from '../core/motion-evidence.ts';
import { redact } from '../core/redact.ts';
import type { ProviderAttempt } from '../core/vision.ts';
import { toWireTime, wireTime } from '../core/wire-values.ts';
import type { SentPictureFile, SentRequest } from '../store/event-store.ts';
import { apiPrefix } from './api-app.ts';
import { evidenceSchema, heatMapUrl, toEvidenceWire } from './event-evidence-wire.ts';
import { toWireUsd } from '../core/wire-values.ts';

const attemptSchema = z
  .object({
    provider: z.string(),
    model: z.string().nullable(),
    started_at: wireTime,
    latency_ms: z.int(),
    outcome: z
      .string()
      .meta({ description: 'described, or the fault: rate_limit, quota, timeout, budget, …' }),
    message: z.string().nullable().meta({ description: 'What the service said; null when it described' }),
    cost_usd: z.number().nullable().meta({ description: 'null: the price of the model is not known' }),
    input_tokens: z.int().nullable(),
    output_tokens: z.int().nullable(),
  })
  .meta({ id: 'ProviderAttempt' });

/** One event alone: with its pictures, why it fired, and who was asked to describe it. */
export const eventWithAttemptsSchema = z
  .object({
    ...eventDetailWireSchema.shape,
    why: z.string().meta({ description: 'Why it is there, in plain words' }),
    evidence: evidenceSchema.nullable().meta({
      description: 'What that is concluded from; null where no motion was analysed, or it was not kept',
    }),
    heatmap_url: z
      .string()
      .nullable()
      .meta({ description: 'Relative to the address of the server; null when there is none' }),
    provider_attempts: z
      .array(attemptSchema)
      .meta({ description: 'Who was asked, oldest first; the last 50' }),
  })
  .meta({ id: 'EventWithAttempts' });

const sentPictureSchema = z.object({
  label: z.string().meta({ description: 'As the model read it' }),
  url: z.string(),
  width: z.int(),
  height: z.int(),
  size_bytes: z.int(),
});

export const sentListSchema = z
  .object({
    sent: z
      .array(
        z.object({
          provider: z.string(),
          model: z.string().nullable(),
          sent_at: wireTime,
          prompt_version: z.string(),
          system: z.string(),
          prompt: z.string().meta({ description: 'Stands behind the pictures' }),
          pictures: z.array(sentPictureSchema),
        }),
      )
      .meta({ description: 'Oldest first; the last 8 requests' }),
    total_count: z.int(),
  })
  .meta({ id: 'SentList' });

export function toEventWithAttempts(
  event: VedetteEvent,
  attempts: readonly ProviderAttempt[],
  evidence: MotionEvidence | undefined,
): z.output<typeof eventWithAttemptsSchema> {
  return {
    ...toEventDetailWire(event),
    why: explainEvent(event, evidence),
    evidence: evidence === undefined ? null : toEvidenceWire(evidence),
    heatmap_url: heatMapUrl(event, evidence),
    provider_attempts: attempts.map(toAttemptWire),
  };
}

function toAttemptWire(attempt: ProviderAttempt): z.output<typeof attemptSchema> {
  return {
    provider: attempt.provider,
    model: attempt.model,
    started_at: toWireTime(attempt.startedAt),
    latency_ms: Math.round(attempt.latencyMs),
    outcome: attempt.outcome,
    message: attempt.message === null ? null : redact(attempt.message),
    cost_usd: toWireUsd(attempt.costUsd),
    input_tokens: attempt.inputTokens,
    output_tokens: attempt.outputTokens,
  };
}

export function toSentListWire(
  eventId: string,
  requests: readonly SentRequest[],
): z.output<typeof sentListSchema> {
  return {
    sent: requests.map((request) => ({
      provider: request.provider,
      model: request.model,
      sent_at: toWireTime(request.sentAt),
      prompt_version: request.promptVersion,
      system: request.system,
      prompt: request.prompt,
      pictures: request.pictures.map((picture) => ({
        label: picture.label,
        url: `${apiPrefix}/events/${eventId}/sent/${encodeURIComponent(sentPictureName(eventId, picture))}`,
        width: picture.width,
        height: picture.height,
        size_bytes: picture.sizeBytes,
      })),
    })),
    total_count: requests.length,
  };
}

/** Its file's name without what the address says already: `openai-mh2k9x_1`. Names the same bytes for ever. */
export function sentPictureName(eventId: string, { path }: Pick<SentPictureFile, 'path'>): string {
  return basename(path, '.jpg').replace(`event_${eventId}_sent_`, '');
}
