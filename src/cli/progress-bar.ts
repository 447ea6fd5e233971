import type { WriteStream } from 'node:tty';

const width = 30;
/** Redrawing more often only costs time. */
const intervalMs = 100;

/** One line that shows how far a command is; on something that is not a terminal, one line for each label at its end. */
export class ProgressBar {
  readonly #stream: WriteStream;
  #label: string | undefined;
  #drawnAt = 0;

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  /** @param share 0..1, or `null` when the end is not known */
  show(label: string, share: number | null): void {
    if (!this.#stream.isTTY) {
      if (share === 1) this.#stream.write(`${label}: done\n`);
      return;
    }
    const now = performance.now();
    if (label === this.#label && share !== 1 && now - this.#drawnAt < intervalMs) return;
    if (this.#label !== undefined && label !== this.#label) this.#stream.write('\n');
    this.#label = label;
    this.#drawnAt = now;
    const filled = Math.round((share ?? 0) * width);
    const percent = share === null ? '   ?' : `${Math.round(share * 100)} %`.padStart(5);
    this.#stream.write(`\r\u001B[K${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${percent}  ${label}`);
  }

  end(): void {
    if (this.#stream.isTTY && this.#label !== undefined) this.#stream.write('\n');
    this.#label = undefined;
  }
}
