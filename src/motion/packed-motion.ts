import { sensitivities, type MotionRegion, type Sensitivity } from '../core/motion.ts';
import type { RecordedMotion, RecordedSample } from './what-if.ts';
import type { HeatGrid } from './zone-candidates.ts';

/** Numbers of a region: its box and its area. */
const perRegion = 5;
/** Numbers of a sample before those of its regions: its time, how many regions, the area with each sensitivity. */
const head = 2 + sensitivities.length;

/** The same motion in a fraction of the room: thousands of events are looked at together. */
export class PackedMotion implements RecordedMotion {
  readonly sensitivity: Sensitivity;
  readonly heat: HeatGrid;
  readonly #numbers: Float32Array;

  constructor({ sensitivity, samples, heat }: RecordedMotion & { readonly heat: HeatGrid }) {
    this.sensitivity = sensitivity;
    this.heat = { columns: heat.columns, rows: heat.rows, seconds: Float32Array.from(heat.seconds) };
    const numbers: number[] = [];
    for (const { atMs, regions, areas } of samples) {
      numbers.push(atMs, regions.length);
      for (const each of sensitivities) numbers.push(areas[each] ?? Number.NaN);
      for (const { box, area } of regions) numbers.push(...box, area);
    }
    this.#numbers = Float32Array.from(numbers);
  }

  /** Made anew as they are looked at. */
  get samples(): Iterable<RecordedSample> {
    return unpack(this.#numbers);
  }
}

function* unpack(numbers: Float32Array): Generator<RecordedSample, void, undefined> {
  const at = (index: number): number => numbers[index] ?? 0;
  const areaAt = (index: number): number | null => (Number.isNaN(at(index)) ? null : at(index));
  for (let start = 0; start < numbers.length;) {
    const count = at(start + 1);
    const regions: MotionRegion[] = [];
    for (let region = 0; region < count; region += 1) {
      const first = start + head + region * perRegion;
      regions.push({ box: [at(first), at(first + 1), at(first + 2), at(first + 3)], area: at(first + 4) });
    }
    const [low, medium, high] = [areaAt(start + 2), areaAt(start + 3), areaAt(start + 4)];
    yield { atMs: at(start), regions, areas: { low, medium, high } };
    start += head + count * perRegion;
  }
}
