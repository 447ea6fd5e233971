import { AppError } from '../core/errors.ts';
import type { AnalysisFrame } from '../core/frame.ts';
import type { MotionReason, MotionRegion, MotionSample } from '../core/motion.ts';
import { shrinkMoved, smoothCells, type CellGrid } from './cell-grid.ts';
import { Clutter } from './clutter.ts';
import type { MotionDetector, MotionOptions } from './motion-detector.ts';
import { nearMissOf } from './near-miss.ts';
import { weakStrength, type CellRegion, type RegionExtent } from './regions.ts';
import type { CountedSubject } from './sample-evidence.ts';
import { maxBufferedFrames } from './scene-buffer.ts';
import { bringsStructure, changedAllOver, readCells, Scene, wholenessOf } from './scene.ts';
import { sensitivityScales, smallestSubject, type SensitivityScale } from './sensitivity.ts';
import { subjectQuality } from './subject-quality.ts';
import type { CountedPart } from './zones.ts';

/** A cell moves when it differs by so many standard deviations and so many levels more. */
const noiseFactor = 3.2;
const leastDifference = 3.8;
/** The same against what differed 0.6 s ago. */
const leastChange = 2.8;

/** Frames are judged so far apart on average, at least; those between take the verdict before. */
const leastIntervalMs = 150;
/** A camera of 8 frames a second, thinned out to 5, delivers 125 and 250 ms apart: both are to be judged. */
const shortestIntervalMs = 110;
/** What is that close may only make up for what was farther apart: five judged frames a second and a few. */
const evenIntervalMs = 185;
const warmUpSeconds = 6;
const recalibrationSeconds = 2;
/** Mean levels from frame to frame above which exposure is still on its way. */
const settlingStep = 1;
const maxSettlingMs = 8000;
/** After a change of structure all over the picture nothing new is followed for so long, ms. */
const suspicionMs = 1500;
/** A subject that was confirmed still moves this long after its last step, ms. */
const stepHold = 1000;

/** Creates the detector of one camera. Nothing is allocated per frame but the sample that is returned. */
export function createMotionDetector(options: MotionOptions): MotionDetector {
  return new SceneDetector(options);
}

class SceneDetector implements MotionDetector {
  readonly #scale: SensitivityScale;
  readonly #frameSeconds: number;
  readonly #options: MotionOptions;
  #scene: Scene | undefined;
  #width = 0;
  #height = 0;
  /** Of the last frame that was judged. */
  #lastTime: number | undefined;
  /** When the next frame is due at an even pace, ms of the stream. */
  #nextDue = Number.NEGATIVE_INFINITY;
  #lastSample: MotionSample | undefined;

  constructor(options: MotionOptions) {
    this.#options = options;
    this.#scale = sensitivityScales[options.sensitivity];
    // The frames that are judged, not those that come.
    const judgedEvery = Math.max(1, Math.ceil((leastIntervalMs / 1000) * options.frameRate - 0.001));
    this.#frameSeconds = judgedEvery / options.frameRate;
  }

  prime(frames: readonly AnalysisFrame[]): void {
    const first = frames[0];
    if (first === undefined) return;
    const scene = this.#sceneFor(first);
    scene.buffer.restart(Number.POSITIVE_INFINITY, this.#frameSeconds);
    const stride = Math.ceil(frames.length / maxBufferedFrames);
    for (const [i, frame] of frames.entries()) {
      if (i % stride !== 0 || frame.width !== this.#width || frame.height !== this.#height) continue;
      readCells(scene, frame);
      scene.buffer.push(scene.cells, frame.mediaTimeMs);
    }
    this.#learnScene(scene, first);
  }

  detect(frame: AnalysisFrame): MotionSample {
    const scene = this.#sceneFor(frame);
    if (scene.isReady && this.#isBetween(frame.mediaTimeMs)) return this.#repeat(scene, frame);
    const sample = this.#detect(scene, frame);
    this.#lastSample = sample;
    return sample;
  }

  #detect(scene: Scene, frame: AnalysisFrame): MotionSample {
    readCells(scene, frame);
    const seconds = this.#secondsSince(frame.mediaTimeMs);
    if (!scene.isReady) {
      const reason = scene.buffer.isFirst ? 'warming_up' : 'whole_picture';
      if (reason === 'whole_picture') this.#awaitSettling(scene, frame.mediaTimeMs);
      if (scene.buffer.push(scene.cells, frame.mediaTimeMs)) this.#learnScene(scene, frame);
      return sampleOf(frame, reason);
    }
    // A step of gain must not be taken for a shift.
    scene.light.fitGlobal(scene.cells, scene.model.mean);
    if (scene.shift.find(scene.cells, scene.model.mean, scene.light.gain, scene.light.offset, seconds)) {
      const side = scene.grid.pixelsPerSide;
      shrinkMoved(
        frame.gray,
        frame.width,
        scene.grid,
        scene.shift.x * side,
        scene.shift.y * side,
        scene.cells,
      );
      smoothCells(scene.cells, scene.grid, scene.strength);
      scene.light.fitGlobal(scene.cells, scene.model.mean);
    }
    const sample = this.#analyse(scene, frame.mediaTimeMs, seconds, frame);
    if (sample !== undefined) return sample;
    scene.isReady = false;
    scene.tracker.clear();
    scene.recalibratingSince = frame.mediaTimeMs;
    scene.meanLevel = Number.NaN;
    scene.buffer.restart(recalibrationSeconds, this.#frameSeconds);
    scene.buffer.push(scene.cells, frame.mediaTimeMs);
    return sampleOf(frame, 'whole_picture');
  }

  /** While exposure still follows a switch, what is learnt would be wrong at once: the learning begins anew. */
  #awaitSettling(scene: Scene, time: number): void {
    let sum = 0;
    for (const value of scene.cells) sum += value;
    const mean = sum / Math.max(1, scene.hidden.visibleCount);
    const isSettling = Math.abs(mean - scene.meanLevel) > settlingStep;
    scene.meanLevel = mean;
    if (isSettling && time - scene.recalibratingSince < maxSettlingMs) {
      scene.buffer.restart(recalibrationSeconds, this.#frameSeconds);
    }
  }

  /**
   * Judges the cells that the scene holds, whose light is fitted globally, and learns from them; `undefined` when the
   * whole picture changed.
   */
  #analyse(scene: Scene, time: number, seconds: number, frame: AnalysisFrame): MotionSample | undefined {
    scene.light.fit(scene.cells, scene.model.mean, scene.model.spread, scene.expected);
    const movingShare = this.#compare(scene);
    scene.wholeness = wholenessOf(scene, movingShare);
    if (scene.wholeness > 1) return undefined;
    scene.movingShare = movingShare;
    scene.lightLevel = scene.light.level;
    scene.clutter.forget(seconds);
    const sample = this.#judge(scene, time, frame);
    scene.newShare = scene.light.newShare;
    scene.clutter.settle();
    scene.model.learn(scene.cells, scene.expected, scene.kind, seconds);
    scene.history.push(scene.residual, time);
    return sample;
  }

  /** More than about six frames a second say nothing more of what moves; they only make noise look steady. */
  #isBetween(time: number): boolean {
    const last = this.#lastTime;
    if (last === undefined || time < last || time - last >= leastIntervalMs - 1) return false;
    return time - last < shortestIntervalMs || time < this.#nextDue;
  }

  /** The last verdict for a frame that isn't judged itself, with the quality of this frame's own picture. */
  #repeat(scene: Scene, frame: AnalysisFrame): MotionSample {
    const last = this.#lastSample;
    if (last === undefined) return sampleOf(frame, 'quiet');
    const { capturedAt, mediaTimeMs } = frame;
    const quality = last.isMotion ? subjectQuality(scene.largest, frame, scene.grid) : 0;
    return { ...last, capturedAt, mediaTimeMs, quality };
  }

  #sceneFor(frame: AnalysisFrame): Scene {
    if (frame.gray.length !== frame.width * frame.height) {
      throw new AppError(
        'INTERNAL',
        `received a gray picture of ${frame.gray.length} bytes for ${frame.width} × ${frame.height} pixels, expected ${frame.width * frame.height}`,
      );
    }
    if (this.#scene === undefined || frame.width !== this.#width || frame.height !== this.#height) {
      this.#scene = new Scene(frame, this.#frameSeconds, this.#options);
      this.#scene.buffer.restart(warmUpSeconds, this.#frameSeconds);
      this.#width = frame.width;
      this.#height = frame.height;
      this.#lastTime = undefined;
      this.#lastSample = undefined;
    }
    return this.#scene;
  }

  #secondsSince(time: number): number {
    const last = this.#lastTime;
    this.#lastTime = time;
    this.#nextDue = Math.max(this.#nextDue, time - evenIntervalMs) + evenIntervalMs;
    if (last !== undefined && time < last) this.#nextDue = time + evenIntervalMs;
    // A gap of minutes is not learnt as if the scene had been seen all the while.
    return last === undefined || time <= last ? this.#frameSeconds : Math.min(1, (time - last) / 1000);
  }

  /** Learns the scene from the buffer, then rehearses on the same frames what clutter there is. */
  #learnScene(scene: Scene, frame: AnalysisFrame): void {
    scene.buffer.buildInto(scene.model);
    scene.movingShare = 0;
    scene.newShare = 0;
    scene.suspiciousUntil = 0;
    scene.lightLevel = Number.NaN;
    scene.tracker.clear();
    scene.clutter.clear();
    scene.history.clear();
    scene.shift.reset();
    let last: number | undefined;
    for (let i = 0; i < scene.buffer.count; i += 1) {
      const time = scene.buffer.replay(i, scene.cells);
      const seconds =
        last === undefined ? this.#frameSeconds : Math.min(1, Math.max(0.01, (time - last) / 1000));
      last = time;
      scene.light.fitGlobal(scene.cells, scene.model.mean);
      this.#analyse(scene, time, seconds, frame);
    }
    scene.tracker.clear();
    scene.history.clear();
    scene.movingShare = 0;
    scene.newShare = 0;
    scene.lightLevel = Number.NaN;
    scene.buffer.release();
    scene.isReady = true;
  }

  /** Fills `residual`, `strength`, `level` and `isActive`; returns the share of the picture that differs clearly. */
  #compare(scene: Scene): number {
    const { cells, expected, residual, strength, level, isActive, model, clutter, grid } = scene;
    const { spread, former, mean } = model;
    const earlier = scene.history.oldest;
    const { x: shiftX, y: shiftY } = scene.shift;
    const isHidden = shiftX === 0 && shiftY === 0 ? scene.hidden.cells : scene.hidden.whenMoved;
    const factor = this.#scale.threshold;
    const noiseGain = Math.max(1, scene.light.gain) ** 2;
    let moving = 0;
    let cell = 0;
    for (let y = 0; y < grid.height; y += 1) {
      const tileRow = (y >> Clutter.tileShift) * clutter.tilesWide;
      for (let x = 0; x < grid.width; x += 1) {
        const own = spread[cell] ?? 0;
        const noise = Math.sqrt(
          own * own * noiseGain + (clutter.variance[tileRow + (x >> Clutter.tileShift)] ?? 0),
        );
        const threshold = factor * (noiseFactor * noise + leastDifference);
        const lit = expected[cell] ?? 0;
        let difference = (cells[cell] ?? 0) - lit;
        if (Math.abs(difference) > threshold) {
          // NaN compares false: no former scene.
          if (Math.abs(difference + (mean[cell] ?? 0) - (former[cell] ?? 0)) < threshold) {
            model.restore(cell);
            expected[cell] = lit + difference;
            difference = 0;
          }
        }
        if (isHidden[cell] === 1) difference = 0;
        residual[cell] = difference;
        const ratio = Math.abs(difference) / threshold;
        strength[cell] = ratio;
        const kind = ratio > 1 ? 2 : ratio > weakStrength ? 1 : 0;
        level[cell] = kind;
        if (kind === 2) moving += 1;
        isActive[cell] =
          Math.abs(difference - (earlier[cell] ?? 0)) > noiseFactor * noise + leastChange ? 1 : 0;
        cell += 1;
      }
    }
    return moving / Math.max(1, scene.hidden.visibleCount);
  }

  #judge(scene: Scene, time: number, frame: AnalysisFrame): MotionSample {
    const { grid, light, finder, tracker, isCandidate, isSubject } = scene;
    const minArea = smallestSubject(this.#scale, grid);
    const found = finder.find(
      {
        level: scene.level,
        strength: scene.strength,
        residual: scene.residual,
        isActive: scene.isActive,
        flicker: scene.model.flicker,
        isNewBlock: light.isNew,
        blocksWide: light.blocksWide,
      },
      minArea,
      scene.clutter,
    );
    let lightCount = 0;
    for (let i = 0; i < found.length; i += 1) {
      const region = found[i];
      const isStructure = region !== undefined && bringsStructure(scene, region, i + 1);
      isCandidate[i] = isStructure ? 1 : 0;
      if (!isStructure) lightCount += 1;
    }
    if (changedAllOver(scene)) scene.suspiciousUntil = time + suspicionMs;
    tracker.update(found, isCandidate, time, time < scene.suspiciousUntil);
    isSubject.fill(0);
    let seen = 0;
    let swinging = 0;
    for (const track of tracker.tracks) {
      const region = found[track.region];
      if (!track.isUsed || region === undefined) continue;
      seen += 1;
      const activeCells = region.activity * region.area;
      const isStepping =
        time - track.lastMovedAt <= stepHold && activeCells >= Math.max(2, region.area * 0.02);
      const isBusy = activeCells >= Math.max(3, minArea * 0.4, region.area * 0.12);
      if (track.isConfirmed && (isStepping || isBusy)) isSubject[track.region] = 1;
      else if (region.flicker > 0.4) swinging += 1;
    }
    this.#classify(scene, found);
    const subjects: CountedSubject[] = [];
    let outside = 0;
    for (let i = 0; i < found.length; i += 1) {
      const region = found[i];
      if (region === undefined || isSubject[i] === 0) continue;
      const part = countedPart(scene, region, i + 1, minArea);
      if (part === undefined) outside += 1;
      else subjects.push({ index: i, part });
    }
    if (subjects.length === 0) {
      const isLight = swinging > 0 || (seen === 0 && lightCount > 0);
      const reason = outside > 0 ? 'outside_zones' : isLight ? 'flicker' : seen > 0 ? 'small' : 'quiet';
      const nearMiss = this.#options.isExplaining === true ? nearMissOf(scene, found, minArea) : undefined;
      return { ...sampleOf(frame, reason), ...(nearMiss === undefined ? {} : { nearMiss }) };
    }
    subjects.sort((a, b) => b.part.area - a.part.area);
    const parts = subjects.map(({ part }) => part);
    let size = 0;
    for (const { area, needed } of parts) size += area / needed;
    const [largest] = parts;
    if (largest !== undefined) scene.largest = largest;
    return {
      capturedAt: frame.capturedAt,
      mediaTimeMs: frame.mediaTimeMs,
      isMotion: true,
      score: 1 - Math.exp(-size / 4),
      regions: parts.slice(0, 8).map((region) => regionOf(region, grid)),
      zones: scene.zones?.namesOf(parts) ?? [],
      reason: 'motion',
      quality: subjectQuality(scene.largest, frame, grid),
      evidence: scene.evidence.read(scene, found, subjects, minArea),
    };
  }

  /** Says for every cell how it is to be learnt: still, moving, or changed in its light only. */
  #classify(scene: Scene, found: readonly CellRegion[]): void {
    const { kind, level, isCandidate } = scene;
    const labels = scene.finder.labels;
    for (let cell = 0; cell < kind.length; cell += 1) {
      const label = labels[cell] ?? 0;
      if (label > 0 && label <= found.length) kind[cell] = isCandidate[label - 1] === 1 ? 1 : 2;
      else kind[cell] = level[cell] === 2 ? 1 : 0;
    }
  }
}

/** What counts of a subject; `undefined` when too little of it lies where the zones let motion count. */
function countedPart(
  { zones, finder, isActive }: Scene,
  region: CellRegion,
  label: number,
  minArea: number,
): CountedPart | undefined {
  if (zones !== undefined) return zones.partOf(region, label, finder.labels, isActive, minArea);
  const { area, left, top, right, bottom } = region;
  return { area, left, top, right, bottom, needed: minArea, fields: 0 };
}

function regionOf(region: RegionExtent, grid: CellGrid): MotionRegion {
  const { width, height } = grid;
  return {
    box: [
      region.left / width,
      region.top / height,
      (region.right - region.left + 1) / width,
      (region.bottom - region.top + 1) / height,
    ],
    area: region.area / grid.count,
  };
}

function sampleOf(frame: AnalysisFrame, reason: MotionReason): MotionSample {
  const { capturedAt, mediaTimeMs } = frame;
  return { capturedAt, mediaTimeMs, isMotion: false, score: 0, regions: [], zones: [], reason, quality: 0 };
}
