import type { Detection } from '../core/event.ts';
import { areaOf, clipToPicture, intersectionArea, overlapOf, type Box } from '../core/geometry.ts';
import { cocoLabel } from './coco-labels.ts';
import type { ModelInput } from './picture.ts';
import type { RawDetection } from './tflite-model.ts';

/** A detection of one pass of the model, relative to the whole picture. */
export interface PassDetection extends Detection {
  /** The pass that it comes from: 0 is the whole picture. */
  readonly pass: number;
  /** It touches an edge of its crop that is not an edge of the picture: probably a part of something larger. */
  readonly isCut: boolean;
}

/** Below it EfficientDet-Lite0 invents things: no false class above it on the labelled frames that were tried. */
export const scoreThreshold = 0.3;
/** Intersection over union, the usual value of COCO detectors. */
const sameOverlap = 0.5;
/**
 * The same between passes, and the share of the smaller box inside the larger one. Lower: what is another thing in
 * one pass is so in the other too and stays for that; what is left is a part, or a blurred view of two.
 */
const samePasses = { overlap: 0.35, inside: 0.6 };
/** Of the crop's side. */
const edgeTolerance = 0.015;

/** Labels that the model changes between for one and the same thing. */
const confusable: readonly (readonly string[])[] = [
  ['car', 'truck', 'bus', 'train'],
  ['bicycle', 'motorcycle'],
  ['bird', 'cat', 'dog', 'horse', 'sheep', 'cow', 'elephant', 'bear', 'zebra', 'giraffe'],
];

/** From the model's square input to the whole picture. Boxes in the padding, empty ones and empty slots are left out. */
export function placeDetections(
  raw: readonly RawDetection[],
  input: Pick<ModelInput, 'part' | 'fill'>,
  pass: number,
): PassDetection[] {
  const [partX, partY, partWidth, partHeight] = input.part;
  const placed: PassDetection[] = [];
  for (const found of raw) {
    const label = cocoLabel(found.slot);
    if (label === undefined || !(found.score >= scoreThreshold)) continue;
    const left = shareOf(found.left, input.fill.x);
    const right = shareOf(found.right, input.fill.x);
    const top = shareOf(found.top, input.fill.y);
    const bottom = shareOf(found.bottom, input.fill.y);
    if (!(right > left && bottom > top)) continue;
    const box = clipToPicture([
      partX + left * partWidth,
      partY + top * partHeight,
      (right - left) * partWidth,
      (bottom - top) * partHeight,
    ]);
    if (!(areaOf(box) > 0)) continue;
    const isCut =
      (left < edgeTolerance && partX > 0.001) ||
      (top < edgeTolerance && partY > 0.001) ||
      (right > 1 - edgeTolerance && partX + partWidth < 0.999) ||
      (bottom > 1 - edgeTolerance && partY + partHeight < 0.999);
    placed.push({ label, score: Math.min(1, found.score), box, pass, isCut });
  }
  return placed;
}

/** An edge in the part of the input that is filled, 0..1. */
function shareOf(edge: number, fill: number): number {
  return Math.min(1, Math.max(0, edge / fill));
}

/**
 * Makes one list of what several passes found: an object that was seen by two of them, as a whole or in part, is in it
 * once, with its better box.
 *
 * @returns best first
 */
export function mergeDetections(found: readonly PassDetection[]): Detection[] {
  // A whole object explains its parts, so the cut ones come last whatever their score.
  const ordered = found.toSorted((a, b) => Number(a.isCut) - Number(b.isCut) || b.score - a.score);
  const kept: PassDetection[] = [];
  for (const candidate of ordered) {
    const twin = kept.findIndex((other) => isSame(candidate, other));
    const other = kept[twin];
    if (other === undefined) kept.push(candidate);
    // A cut view may be the surer one; the whole box stays. The label is that of the surer view.
    else if (candidate.score > other.score && !isPart(candidate.box, other.box))
      kept[twin] = { ...other, label: candidate.label, score: candidate.score };
  }
  return kept.toSorted((a, b) => b.score - a.score).map(({ label, score, box }) => ({ label, score, box }));
}

function isSame(candidate: PassDetection, other: PassDetection): boolean {
  if (!isConfusable(candidate.label, other.label)) return false;
  const overlap = overlapOf(candidate.box, other.box);
  if (candidate.pass === other.pass) return overlap >= sameOverlap;
  return overlap >= samePasses.overlap || shareInside(candidate.box, other.box) >= samePasses.inside;
}

function isPart(a: Box, b: Box): boolean {
  return overlapOf(a, b) < sameOverlap;
}

/** How much of the smaller box lies in the larger one, 0..1. */
function shareInside(a: Box, b: Box): number {
  return intersectionArea(a, b) / Math.min(areaOf(a), areaOf(b));
}

function isConfusable(a: string, b: string): boolean {
  return a === b || confusable.some((group) => group.includes(a) && group.includes(b));
}
