export type ExportFormat = 'ndjson' | 'csv';

const lineEnd = 0x0a;
const quote = 0x22;

/**
 * Cuts an export that comes in pieces where an event ends, so that what is handed on never stops within one, and counts
 * the events. It keeps at most the piece of one event.
 */
export class WholeEvents {
  /** CSV begins with the names of its columns, and a cell between quotes may hold the end of a line. */
  readonly #isCsv: boolean;
  #rest: Uint8Array = new Uint8Array();
  #isQuoted = false;
  #lines = 0;

  constructor(format: ExportFormat) {
    this.#isCsv = format === 'csv';
  }

  /** Events that were handed on; the names of the columns are none. */
  get count(): number {
    return Math.max(0, this.#lines - (this.#isCsv ? 1 : 0));
  }

  /** True when everything was handed on, as it is after the last piece of a whole export. */
  get isAtEnd(): boolean {
    return this.#rest.length === 0 && (!this.#isCsv || this.#lines > 0);
  }

  /** @returns what was kept of the pieces before, and of this one as far as the last event that ends in it */
  take(piece: Uint8Array): Uint8Array {
    let end = 0;
    for (const [at, byte] of piece.entries()) {
      if (this.#isCsv && byte === quote) this.#isQuoted = !this.#isQuoted;
      else if (byte === lineEnd && !this.#isQuoted) {
        end = at + 1;
        this.#lines += 1;
      }
    }
    const whole = end === 0 ? new Uint8Array() : Buffer.concat([this.#rest, piece.subarray(0, end)]);
    this.#rest = Buffer.concat([end === 0 ? this.#rest : new Uint8Array(), piece.subarray(end)]);
    return whole;
  }
}
