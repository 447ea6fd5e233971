const unitMs: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/**
 * A moment in the past as people type it: `7d`, `12h`, `30m`, `2w` ago; `2026-11-01`, the midnight that began that day
 * here; or a whole time with its zone.
 *
 * @param now epoch ms
 * @returns epoch ms; `undefined` for what is none of these, or lies in the future
 */
export function parseSince(text: string, now: number): number | undefined {
  const [, count, unit] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  const moment =
    count !== undefined && unit !== undefined
      ? now - Number(count) * (unitMs[unit] ?? Number.NaN)
      : dateOf(text);
  return Number.isFinite(moment) && moment <= now ? Math.max(0, moment) : undefined;
}

function dateOf(text: string): number {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  if (year === undefined)
    return /^\d{4}-\d{2}-\d{2}T.+(?:Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : Number.NaN;
  const midnight = new Date(Number(year), Number(month) - 1, Number(day));
  // 31 February would become a day in March.
  return midnight.getDate() === Number(day) && midnight.getMonth() === Number(month) - 1
    ? midnight.getTime()
    : Number.NaN;
}
