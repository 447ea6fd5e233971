import { createOffsetReader } from './zone-offset.ts';

/** A stretch of time in which a zone's clocks are not changed. Epoch ms; `to` is exclusive. */
export interface OffsetSpan {
  readonly from: number;
  readonly to: number;
  /** Local time less UTC. */
  readonly offsetMs: number;
}

/** No zone has changed its clocks twice within this time. */
const stepMs = 6 * 3_600_000;

/**
 * The offsets of a zone, without gaps and in order, as the time zone database of this Node has them.
 *
 * @param timeZone IANA name
 * @param from epoch ms
 * @param to epoch ms, exclusive
 */
export function offsetSpans(timeZone: string, from: number, to: number): OffsetSpan[] {
  const offsetAt = createOffsetReader(timeZone);
  const spans: OffsetSpan[] = [];
  let begin = from;
  let offsetMs = offsetAt(from);
  for (let at = from; at < to; at += stepMs) {
    const next = Math.min(to, at + stepMs);
    const nextOffset = offsetAt(next);
    if (nextOffset === offsetMs) continue;
    const change = findChange(offsetAt, at, next);
    spans.push({ from: begin, to: change, offsetMs });
    begin = change;
    offsetMs = nextOffset;
  }
  if (begin < to) spans.push({ from: begin, to, offsetMs });
  return spans;
}

/** The first ms with the later offset. */
function findChange(offsetAt: (at: number) => number, before: number, after: number): number {
  const offset = offsetAt(before);
  let low = before;
  let high = after;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle) === offset) low = middle;
    else high = middle;
  }
  return high;
}
