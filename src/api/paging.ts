import { z } from 'zod';
import { queryInteger } from './query-values.ts';

/** Of the query of a list that goes on by an offset. */
export const pageQuery = {
  limit: queryInteger(1, 500, 50),
  offset: queryInteger(0, 1_000_000_000, 0),
};

/** Of the answer of such a list, behind its rows and their count. */
export const pageFields = {
  has_more: z.boolean(),
  next_offset: z.int().nullable(),
  limit: z.int(),
  offset: z.int(),
};

/**
 * @param rowCount of this page
 * @param totalCount of the whole list
 */
export function pagePlace(
  { limit, offset }: { readonly limit: number; readonly offset: number },
  rowCount: number,
  totalCount: number,
): z.output<z.ZodObject<typeof pageFields>> {
  const next = offset + rowCount;
  const hasMore = rowCount > 0 && next < totalCount;
  return { has_more: hasMore, next_offset: hasMore ? next : null, limit, offset };
}
