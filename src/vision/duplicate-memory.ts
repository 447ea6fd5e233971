import type { Description } from '../core/event.ts';
import { overlapOf, type Box } from '../core/geometry.ts';
import { hashDistance, type PerceptualHash } from './perceptual-hash.ts';

/** What makes an event of a camera recognisable. */
export interface EventLook {
  /** Epoch ms. */
  readonly capturedAt: number;
  /** Of the best frame. */
  readonly frame: PerceptualHash;
  /** Of what the event is about; small subjects do not show in the hash of the whole. */
  readonly subject: PerceptualHash;
  readonly box: Box;
  /** What the object detector recognised in motion, sorted. */
  readonly labels: readonly string[];
}

export interface Remembered {
  readonly eventId: string;
  readonly description: Description;
}

export interface DuplicateMemoryOptions {
  /** Older ones are not the same any more, ms. */
  readonly withinMs?: number;
  readonly capacity?: number;
  readonly perCamera?: number;
}

interface Entry extends Remembered {
  readonly look: EventLook;
}

// Bits of 64. Compression and noise flip one to three; another subject flips ten and more.
const frameBits = 4;
const subjectBits = 6;
const sameBox = 0.6;

/** Whether nobody would tell the two apart: the same thing at the same place before the same scene. */
export function looksSame(a: EventLook, b: EventLook): boolean {
  return (
    hashDistance(a.frame, b.frame) <= frameBits &&
    hashDistance(a.subject, b.subject) <= subjectBits &&
    overlapOf(a.box, b.box) >= sameBox &&
    a.labels.length === b.labels.length &&
    a.labels.every((label, index) => label === b.labels[index])
  );
}

/**
 * The last descriptions of each camera. Bounded: the oldest of a camera gives way, and of too many cameras the one that
 * was quiet longest.
 */
export class DuplicateMemory {
  readonly #cameras = new Map<string, Entry[]>();
  readonly #withinMs: number;
  readonly #capacity: number;
  readonly #perCamera: number;

  constructor({ withinMs = 10 * 60_000, capacity = 256, perCamera = 8 }: DuplicateMemoryOptions = {}) {
    this.#withinMs = withinMs;
    this.#capacity = capacity;
    this.#perCamera = perCamera;
  }

  /** How many descriptions are held. */
  get size(): number {
    return [...this.#cameras.values()].reduce((sum, entries) => sum + entries.length, 0);
  }

  find(cameraId: string, look: EventLook): Remembered | undefined {
    const entries = this.#cameras.get(cameraId) ?? [];
    return entries.findLast(
      (entry) =>
        Math.abs(look.capturedAt - entry.look.capturedAt) <= this.#withinMs && looksSame(entry.look, look),
    );
  }

  remember(cameraId: string, look: EventLook, remembered: Remembered): void {
    const entries = (this.#cameras.get(cameraId) ?? []).filter(
      (entry) =>
        look.capturedAt - entry.look.capturedAt <= this.#withinMs && entry.eventId !== remembered.eventId,
    );
    // Again at the end: the map's order is that of the last events.
    this.#cameras.delete(cameraId);
    this.#cameras.set(cameraId, [...entries, { ...remembered, look }].slice(-this.#perCamera));
    while (this.size > this.#capacity) {
      const [quietest] = this.#cameras.keys();
      if (quietest === undefined) return;
      this.#cameras.delete(quietest);
    }
  }
}
