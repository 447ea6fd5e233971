import type { AnalysisFrame } from '../core/frame.ts';
import { BackgroundModel } from './background-model.ts';
import { CameraShift } from './camera-shift.ts';
import { createCellGrid, shrinkToCells, smoothCells, type CellGrid } from './cell-grid.ts';
import { Clutter } from './clutter.ts';
import { HiddenCells } from './hidden-cells.ts';
import { LightWitness } from './light-witness.ts';
import type { MotionOptions } from './motion-detector.ts';
import {
  emptyRegion,
  leastDensity,
  leastNewShare,
  RegionFinder,
  type CellRegion,
  type RegionExtent,
} from './regions.ts';
import { ResidualHistory } from './residual-history.ts';
import { EvidenceReader } from './sample-evidence.ts';
import { SceneBuffer } from './scene-buffer.ts';
import { SceneLight } from './scene-light.ts';
import { Tracker } from './tracks.ts';
import { ZoneCells } from './zones.ts';

/** Everything that depends on the size of the picture. */
export class Scene {
  readonly grid: CellGrid;
  /** `undefined` when motion counts everywhere. */
  readonly zones: ZoneCells | undefined;
  readonly hidden: HiddenCells;
  readonly model: BackgroundModel;
  readonly light: SceneLight;
  readonly witness: LightWitness;
  readonly finder: RegionFinder;
  readonly clutter: Clutter;
  readonly tracker: Tracker;
  readonly shift: CameraShift;
  readonly buffer: SceneBuffer;
  readonly cells: Float32Array;
  readonly history: ResidualHistory;
  readonly evidence: EvidenceReader;
  readonly residual: Float32Array;
  readonly expected: Float32Array;
  readonly strength: Float32Array;
  readonly level: Uint8Array;
  readonly isActive: Uint8Array;
  readonly kind: Uint8Array;
  readonly isCandidate = new Uint8Array(64);
  readonly isSubject = new Uint8Array(64);
  /** The largest subject of the last frame that had one. */
  largest: RegionExtent = emptyRegion();
  isReady = false;
  /** Of the last frame: see `wholenessOf`. */
  wholeness = 0;
  /** Share of moving cells in the frame before. */
  movingShare = 0;
  /** Share of blocks with new structure in the frame before. */
  newShare = 0;
  /** Of the frame before; NaN when there is none to compare with. */
  lightLevel = Number.NaN;
  /** Mean level of the frame before, while a scene is learnt. */
  meanLevel = Number.NaN;
  /** Ms of the stream. */
  suspiciousUntil = 0;
  /** When the learning of a changed scene began, ms of the stream. */
  recalibratingSince = 0;

  constructor(
    { width, height }: AnalysisFrame,
    frameSeconds: number,
    { zones = [], masks = [], sensitivity }: Pick<MotionOptions, 'zones' | 'masks' | 'sensitivity'>,
  ) {
    this.grid = createCellGrid(width, height);
    this.zones = zones.length === 0 ? undefined : new ZoneCells(zones, this.grid, width, height);
    this.hidden = new HiddenCells(masks, this.grid, width, height);
    this.clutter = new Clutter(this.grid);
    this.shift = new CameraShift(this.grid, this.hidden.whenMoved);
    this.tracker = new Tracker({
      clutter: this.clutter,
      width: this.grid.width,
      height: this.grid.height,
      frameSeconds,
    });
    this.evidence = new EvidenceReader(this.grid, sensitivity);
    this.history = new ResidualHistory(this.grid.count);
    this.residual = new Float32Array(this.grid.count);
    this.model = new BackgroundModel(this.grid);
    this.light = new SceneLight(this.grid, this.hidden.cells);
    this.witness = new LightWitness(this.grid);
    this.finder = new RegionFinder(this.grid);
    this.buffer = new SceneBuffer(this.grid.count);
    this.cells = new Float32Array(this.grid.count);
    this.expected = new Float32Array(this.grid.count);
    this.strength = new Float32Array(this.grid.count);
    this.level = new Uint8Array(this.grid.count);
    this.isActive = new Uint8Array(this.grid.count);
    this.kind = new Uint8Array(this.grid.count);
  }
}

/** Reads the frame into the scene's cells. */
export function readCells(scene: Scene, frame: AnalysisFrame): void {
  shrinkToCells(frame.gray, frame.width, scene.grid, scene.cells);
  // `strength` is free until the frame is compared.
  smoothCells(scene.cells, scene.grid, scene.strength);
}

/** By how much the picture's level jumps from one frame to the next when a filter or the lamp switches: levels, and a share. */
const lightJump = 6;
const lightJumpShare = 0.2;

const mostNewShare = 0.85;
const mostMovingShare = 0.85;

/**
 * How nearly a frame is taken for a change of the whole picture: above 1 it is. A subject grows into the picture; a switch
 * changes all parts of it at once.
 */
export function wholenessOf(scene: Scene, movingShare: number): number {
  const { newShare, level } = scene.light;
  const jump =
    Math.abs(level - scene.lightLevel) / (lightJump + lightJumpShare * Math.min(level, scene.lightLevel));
  return Math.max(
    newShare / mostNewShare,
    movingShare / mostMovingShare,
    scene.movingShare < 0.25 ? movingShare / 0.6 : 0,
    changedAllOver(scene) ? movingShare / 0.2 : 0,
    // NaN when there is nothing to compare with.
    Number.isNaN(jump) ? 0 : jump,
  );
}

/** New structure in most parts of the picture at once: a switch, or a codec that has coded the picture anew. */
export function changedAllOver(scene: Scene): boolean {
  return scene.light.newParts >= 0.75 && scene.light.newShare - scene.newShare > 0.3;
}

/** Whether a region, whose number is `label`, brings structure of its own: what doesn't is light, or what a codec coded anew. */
export function bringsStructure(scene: Scene, region: CellRegion, label: number): boolean {
  if (region.newShare <= leastNewShare || !isSolid(region)) return false;
  const { witness, finder, cells, model } = scene;
  region.showsGround = witness.seesGround(region, label, finder.labels, cells, model.mean, model.spread);
  return !region.showsGround;
}

/** The cells of a subject lie close together or differ strongly; a texture that is coded anew does neither. */
function isSolid(region: CellRegion): boolean {
  const box = (region.right - region.left + 1) * (region.bottom - region.top + 1);
  return region.mass >= leastDensity * box;
}
