import type { CameraSource } from '../../src/core/camera-source.ts';
import type { LiveChunk } from '../../src/core/camera-video.ts';
import { noVideo } from './no-video.ts';

export function initChunk(startedAt = 0): LiveChunk {
  return { kind: 'init', mimeType: 'video/mp4; codecs="avc1.640028"', startedAt, bytes: Buffer.from('init') };
}

export function mediaChunk(isKeyframe: boolean, sizeBytes = 4): LiveChunk {
  return { kind: 'media', isKeyframe, bytes: new Uint8Array(sizeBytes) };
}

/** A camera whose live video is what the test shows; one reading at a time. */
export class ScriptedVideo implements CameraSource {
  readonly info = undefined;
  readonly pictureStream = undefined;
  readonly masks = [];
  /** How often its video was begun to be read. */
  readings = 0;
  isRead = false;
  readonly #shown: LiveChunk[] = [];
  #ends: Error | 'end' | undefined;
  #wake: (() => void) | undefined;

  show(...chunks: readonly LiveChunk[]): void {
    this.#shown.push(...chunks);
    this.#wake?.();
  }

  /** The reading under way ends, or the next one if there is none. */
  end(error?: Error): void {
    this.#ends = error ?? 'end';
    this.#wake?.();
  }

  async *live(signal: AbortSignal): AsyncGenerator<LiveChunk, void, undefined> {
    this.readings += 1;
    this.isRead = true;
    const onAbort = (): void => this.#wake?.();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      while (!signal.aborted) {
        const chunk = this.#shown.shift();
        const ends = this.#ends;
        if (chunk !== undefined) yield chunk;
        else if (ends !== undefined) {
          this.#ends = undefined;
          if (ends === 'end') return;
          throw ends;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.isRead = false;
    }
  }

  // oxlint-disable-next-line require-yield -- nothing but video is asked of it
  async *open() {
    return;
  }

  pictures = () => Promise.resolve([]);
  recordClip = noVideo.recordClip;
  [Symbol.asyncDispose] = () => Promise.resolve();
}
