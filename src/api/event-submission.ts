import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import type { SubmittedEvent } from './api-services.ts';
import { timeInput } from './query-values.ts';
import { validationError, type FieldDetail } from './validation.ts';

/** 7 MiB of base64 are 5.25 MiB of picture. */
const maxBase64Length = 7 * 1024 * 1024;
const dayMs = 86_400_000;

/** Labels are compared in lower case; a comma would part them in a filter. */
export const objectLabel = z
  .string()
  .trim()
  .toLowerCase()
  .min(1)
  .max(50)
  .regex(/^[^,\p{Cc}]*$/u, 'a label without commas and control characters');

export const eventBodySchema = z
  .strictObject({
    camera_id: z.string().max(100),
    timestamp: timeInput,
    description: z
      .string()
      .trim()
      .min(1)
      .max(5000)
      .nullish()
      .meta({ description: 'Left out: the picture is described by the pipeline' }),
    confidence: z.number().min(0).max(100).nullish(),
    objects_detected: z.array(objectLabel).max(50).default([]),
    thumbnail_base64: z
      .string()
      .max(maxBase64Length)
      .nullish()
      .meta({ description: 'A picture (JPEG, PNG, WebP, …), as base64 or as a data: URL' }),
    alert_triggered: z.boolean().default(false),
  })
  .meta({ id: 'EventBody' });

export type EventBody = z.output<typeof eventBodySchema>;

/** @throws AppError `VALIDATION_FAILED` */
export function toSubmittedEvent(
  body: EventBody,
  idempotencyKey: string | undefined,
  now: number,
): SubmittedEvent {
  const description = body.description ?? null;
  const confidence = body.confidence ?? null;
  const picture =
    body.thumbnail_base64 === null || body.thumbnail_base64 === undefined
      ? null
      : decodePicture(body.thumbnail_base64);
  const misfits: FieldDetail[] = [];
  const refuse = (path: string, received: string, expected: string): void => {
    misfits.push({ in: 'body', path, received, expected });
  };
  if (description === null && picture === null) {
    refuse(
      'description',
      'nothing',
      'a description, or a picture in thumbnail_base64 that is to be described',
    );
  }
  if (description === null && confidence !== null) {
    refuse('confidence', String(confidence), 'nothing, as there is no description that it belongs to');
  }
  if (description === null && body.objects_detected.length > 0) {
    refuse(
      'objects_detected',
      `a list of ${body.objects_detected.length}`,
      'none, as there is no description',
    );
  }
  if (body.timestamp < 0 || body.timestamp > now + dayMs) {
    const received = new Date(body.timestamp).toISOString();
    refuse('timestamp', received, 'a time since 1970 that lies less than a day ahead');
  }
  if (misfits.length > 0) throw validationError(misfits);
  return {
    cameraId: body.camera_id,
    timestamp: body.timestamp,
    description,
    confidence,
    objectsDetected: [...new Set(body.objects_detected)],
    picture,
    alertTriggered: body.alert_triggered,
    ...(idempotencyKey === undefined
      ? {}
      : { idempotency: { key: parseKey(idempotencyKey), requestHash: hashOf(body, picture) } }),
  };
}

function parseKey(key: string): string {
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw validationError([
    {
      in: 'header',
      path: 'Idempotency-Key',
      received: `${key.length} characters`,
      expected: '1 to 255 visible ASCII characters',
    },
  ]);
}

/** Of the checked body, whose keys stand in the schema's order: spacing and order of the request don't matter. */
function hashOf({ thumbnail_base64: _encoded, ...body }: EventBody, picture: Uint8Array | null): string {
  const hash = createHash('sha256').update(JSON.stringify(body));
  if (picture !== null) hash.update(picture);
  return hash.digest('hex');
}

function decodePicture(text: string): Uint8Array {
  const base64 = text.replace(/^data:image\/[\w.+-]{1,30};base64,/, '').replace(/={1,2}$/, '');
  const bytes = Buffer.from(base64, 'base64');
  // The decoder leaves out what is not base64: then there are fewer bytes than the length promises. Looking at each of
  // seven million characters with an expression would hold everybody up.
  if (bytes.byteLength > 0 && bytes.byteLength === Math.floor((base64.length * 3) / 4)) return bytes;
  throw new AppError(
    'PICTURE_INVALID',
    'thumbnail_base64 is not base64: expected the bytes of a picture in standard base64.',
  );
}
