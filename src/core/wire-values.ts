import { z } from 'zod';
import type { Box } from './geometry.ts';

/** A time as it leaves: UTC, ISO 8601 with milliseconds and `Z`. */
export const wireTime = z.string().meta({ format: 'date-time', examples: ['2026-03-01T08:15:30.250Z'] });

export const nullableTime = z.string().nullable().meta({ format: 'date-time' });

/** `[x, y, width, height]`, each 0..1 of the picture, origin at the top left. */
export const wireBox = z.tuple([z.number(), z.number(), z.number(), z.number()]).meta({
  description: '[x, y, width, height], each 0..1 of the picture, origin at the top left',
});

/** A share of 0..1 with four digits: a ten-thousandth of a picture is less than a pixel. */
export function toWireShare(share: number): number {
  return Math.round(share * 10_000) / 10_000;
}

export function toWireBox(box: Box): z.output<typeof wireBox> {
  return [toWireShare(box[0]), toWireShare(box[1]), toWireShare(box[2]), toWireShare(box[3])];
}

/** @param epochMs within what a `Date` holds */
export function toWireTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

export function toNullableTime(epochMs: number | null): string | null {
  return epochMs === null ? null : toWireTime(epochMs);
}

/** US dollars to a billionth, as the ledger counts them: `0.00022970000000000003` is noise. */
export function toWireUsd(usd: number | null): number | null {
  return usd === null ? null : Math.round(usd * 1e9) / 1e9;
}
