/**
 * How long a service asks to wait, from its headers (`retry-after-ms`, `retry-after` in seconds or as a date) or, with
 * Gemini, from the `retryDelay` of the body. However absurd: the chain caps it.
 *
 * @param now epoch ms
 * @returns ms, at least 0
 */
export function retryAfterOf(
  headers: Readonly<Record<string, string>>,
  body: string,
  now: number,
): number | undefined {
  const ms = numberOf(headers['retry-after-ms']);
  if (ms !== undefined) return ms;
  const header = headers['retry-after'];
  const seconds = numberOf(header);
  if (seconds !== undefined) return seconds * 1000;
  // Of other texts the platform makes dates too.
  if (header !== undefined && /^[A-Z][a-z]{2}, /.test(header)) {
    const date = Date.parse(header);
    if (!Number.isNaN(date)) return Math.max(0, date - now);
  }
  const delay = /"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"/.exec(body)?.[1];
  return delay === undefined ? undefined : Number(delay) * 1000;
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\s*\d+(?:\.\d+)?\s*$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}
