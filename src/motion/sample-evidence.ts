import { heatGridOf, maxMargin } from '../core/motion-evidence.ts';
import { sensitivities, type SampleEvidence, type Sensitivity, type SubjectReading } from '../core/motion.ts';
import type { CellGrid } from './cell-grid.ts';
import { leastDensity, leastNewShare, weakStrength, type CellRegion } from './regions.ts';
import type { Scene } from './scene.ts';
import { sensitivityScales } from './sensitivity.ts';
import type { Track } from './track.ts';
import { leastGrowth, leastPresence, swingingFlicker, travelAmongSwinging } from './tracks.ts';
import type { CountedPart } from './zones.ts';

/** More subjects than this are not told of. */
const maxSubjects = 4;
/** The strength of cells is counted in steps of this, so many of them. */
const strengthStep = 0.1;
const strengthSteps = 80;

/** A region that counts as a subject. */
export interface CountedSubject {
  /** Of the region. */
  readonly index: number;
  readonly part: CountedPart;
}

/** Reads from a scene, right after a frame was judged, what the verdict came from. One for each scene. */
export class EvidenceReader {
  /** For each of `sensitivities`: its threshold as a multiple of the present one; below 1 nothing is known of it. */
  readonly #factors: readonly number[];
  /** For each of them, cells of the largest subject of the frame, and of the one that is read. */
  readonly #largest = new Int32Array(sensitivities.length);
  readonly #kept = new Int32Array(sensitivities.length);
  readonly #columns: number;
  readonly #rows: number;
  readonly #fieldOf: Uint16Array;
  readonly #isMoved: Uint8Array;
  readonly #strengths = new Int32Array(strengthSteps);

  constructor({ width, height, count }: CellGrid, sensitivity: Sensitivity) {
    const { columns, rows } = heatGridOf(width, height);
    const own = sensitivityScales[sensitivity].threshold;
    this.#factors = sensitivities.map((other) => sensitivityScales[other].threshold / own);
    this.#columns = columns;
    this.#rows = rows;
    this.#isMoved = new Uint8Array(columns * rows);
    this.#fieldOf = new Uint16Array(count);
    for (let cell = 0; cell < count; cell += 1) {
      const x = Math.floor(((cell % width) * columns) / width);
      const y = Math.floor((Math.floor(cell / width) * rows) / height);
      this.#fieldOf[cell] = y * columns + x;
    }
  }

  /**
   * @param found the regions of the frame
   * @param minArea cells of the smallest subject
   */
  read(
    scene: Scene,
    found: readonly CellRegion[],
    subjects: readonly CountedSubject[],
    minArea: number,
  ): SampleEvidence {
    this.#isMoved.fill(0);
    this.#largest.fill(0);
    for (const { index } of subjects) {
      const region = found[index];
      if (region !== undefined) this.#readCells(scene, region, index);
    }
    const moved: number[] = [];
    for (let field = 0; field < this.#isMoved.length; field += 1) {
      if (this.#isMoved[field] === 1) moved.push(field);
    }
    const readings: SubjectReading[] = [];
    // The tracks are in the order of how long they have been followed.
    for (const track of scene.tracker.tracks) {
      const region = found[track.region];
      const subject = subjects.find(({ index }) => index === track.region);
      if (!track.isUsed || region === undefined || subject === undefined) continue;
      readings.push(this.readTrack(scene, track, region, subject.part, minArea));
      if (readings.length >= maxSubjects) break;
    }
    return {
      columns: this.#columns,
      rows: this.#rows,
      moved,
      areas: { low: this.#areaOf(0, scene), medium: this.#areaOf(1, scene), high: this.#areaOf(2, scene) },
      wholeness: scene.wholeness,
      subjects: readings,
    };
  }

  /** @param part what the zones let count of it; `undefined` when that is too little */
  readTrack(
    scene: Scene,
    track: Track,
    region: CellRegion,
    part: CountedPart | undefined,
    minArea: number,
  ): SubjectReading {
    const { width, height, count } = scene.grid;
    const box = (region.right - region.left + 1) * (region.bottom - region.top + 1);
    const isGrowing = track.isConfirmed && track.isGrowing;
    return {
      track: track.id,
      x: (region.x + 0.5) / width,
      y: (region.y + 0.5) / height,
      bornX: (track.birthX + 0.5) / width,
      bornY: (track.birthY + 0.5) / height,
      bornAt: track.bornAt,
      framesFound: track.hits,
      framesFollowed: track.frames,
      length: track.path / width,
      area: region.area / count,
      smallest: minArea / count,
      inside: scene.zones === undefined ? null : (part?.area ?? 0) / count,
      leastInside: (part?.needed ?? minArea) / count,
      contrast: this.#contrastOf(scene, region, track.region, minArea),
      light: 1 - region.newShare,
      mostLight: 1 - leastNewShare,
      density: region.mass / box,
      leastDensity,
      flicker: region.flicker,
      swinging: swingingFlicker,
      busyArea: track.busyCells / count,
      leastBusyArea: track.leastBusyCells / count,
      reach: (isGrowing ? track.growth : track.reach) / width,
      leastReach: (isGrowing ? leastGrowth : track.leastReach) / width,
      leastReachSwinging: travelAmongSwinging / width,
      isGrowing,
      isConfirmed: track.isConfirmed,
      leastFrames: track.needed,
      frameGuard: track.frameGuard,
      missing: Math.max(0, 1 - track.presence),
      mostMissing: 1 - leastPresence,
      detour: track.straightness > 0 ? Math.max(0, 1 / track.straightness - 1) : maxMargin,
      mostDetour: 1 / track.leastStraightness - 1,
    };
  }

  /** Share of the picture that the largest subject would cover; `null` when it is not known. */
  #areaOf(sensitivity: number, scene: Scene): number | null {
    if ((this.#factors[sensitivity] ?? 0) < 1) return null;
    return (this.#largest[sensitivity] ?? 0) / scene.grid.count;
  }

  /** Marks where a subject moves, and counts what would be left of it with each sensitivity, inside the zones. */
  #readCells({ grid, zones, finder, strength }: Scene, region: CellRegion, index: number): void {
    const kept = this.#kept.fill(0);
    const factors = this.#factors;
    const labels = finder.labels;
    let strongest = 0;
    for (let y = region.top; y <= region.bottom; y += 1) {
      for (let cell = y * grid.width + region.left; cell <= y * grid.width + region.right; cell += 1) {
        if (labels[cell] !== index + 1 || (zones !== undefined && zones.bits[cell] === 0)) continue;
        const own = strength[cell] ?? 0;
        if (own > 1) this.#isMoved[this.#fieldOf[cell] ?? 0] = 1;
        strongest = Math.max(strongest, own);
        for (let i = 0; i < factors.length; i += 1) {
          if (own > weakStrength * (factors[i] ?? 0)) kept[i] = (kept[i] ?? 0) + 1;
        }
      }
    }
    for (const [i, factor] of this.#factors.entries()) {
      if (strongest > factor) this.#largest[i] = Math.max(this.#largest[i] ?? 0, kept[i] ?? 0);
    }
  }

  /** By which factor the threshold could be higher until less is left of a region than a subject has. */
  #contrastOf({ grid, finder, strength }: Scene, region: CellRegion, index: number, minArea: number): number {
    const counts = this.#strengths.fill(0);
    const labels = finder.labels;
    let strongest = 0;
    for (let y = region.top; y <= region.bottom; y += 1) {
      for (let cell = y * grid.width + region.left; cell <= y * grid.width + region.right; cell += 1) {
        if (labels[cell] !== index + 1) continue;
        const own = strength[cell] ?? 0;
        strongest = Math.max(strongest, own);
        const step = Math.min(strengthSteps - 1, Math.floor(own / strengthStep));
        counts[step] = (counts[step] ?? 0) + 1;
      }
    }
    let left = 0;
    for (let step = strengthSteps - 1; step >= 0; step -= 1) {
      left += counts[step] ?? 0;
      if (left >= minArea) return Math.max(1, Math.min(strongest, (step * strengthStep) / weakStrength));
    }
    return 1;
  }
}
