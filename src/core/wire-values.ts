import { z } from 'zod';

/** A time as it leaves: UTC, ISO 8601 with milliseconds and `Z`. */
export const wireTime = z.string().meta({ format: 'date-time', examples: ['2026-03-01T08:15:30.250Z'] });

export const nullableTime = z.string().nullable().meta({ format: 'date-time' });

/** `[x, y, width, height]`, each 0..1 of the picture, origin at the top left. */
export const wireBox = z.tuple([z.number(), z.number(), z.number(), z.number()]).meta({
  description: '[x, y, width, height], each 0..1 of the picture, origin at the top left',
});

/** @param epochMs within what a `Date` holds */
export function toWireTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
