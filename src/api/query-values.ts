import { z } from 'zod';

/** A whole number in a query, within bounds. */
export function queryInteger(min: number, max: number, fallback: number): z.ZodType<number> {
  const expected = `a whole number from ${min} to ${max}`;
  return z
    .string(expected)
    .refine((text) => /^\d{1,12}$/.test(text) && Number(text) >= min && Number(text) <= max, expected)
    .transform(Number)
    .default(fallback)
    .meta({ type: 'integer', minimum: min, maximum: max, description: `Default ${fallback}` });
}

export function queryNumber(min: number, max: number): z.ZodType<number> {
  const expected = `a number from ${min} to ${max}`;
  return z
    .string(expected)
    .refine(
      (text) => /^\d{1,9}(\.\d{1,9})?$/.test(text) && Number(text) >= min && Number(text) <= max,
      expected,
    )
    .transform(Number)
    .meta({ type: 'number', minimum: min, maximum: max });
}

export const queryBoolean = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .meta({ type: 'boolean' });

const expectedTime = 'a time with its zone, such as 2026-03-01T08:15:30.250Z';

/** As epoch ms. */
export const timeInput = z.iso
  .datetime({ offset: true, error: expectedTime })
  .transform((text) => Date.parse(text))
  .refine(Number.isFinite, expectedTime)
  .meta({ format: 'date-time', examples: ['2026-03-01T08:15:30.250Z'] });

export const cameraIds = z
  .union([z.string().max(100), z.array(z.string().max(100)).max(100)], 'one camera id, or up to 100')
  .transform((ids) => (typeof ids === 'string' ? [ids] : ids))
  .meta({ type: 'array', items: { type: 'string' }, description: 'Repeatable: events of any of them' });

/** For calls that have no parameters of this kind: whatever comes is refused. */
export const emptyQuery = z.strictObject({});

/** For calls without a body: nothing, or an empty object. */
export const emptyBody = z.strictObject({}).nullish();

export const idParams = z.object({ id: z.string() });
