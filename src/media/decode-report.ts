import type { CodecParameters } from 'node-av/lib';
import type { DecodeState } from '../core/camera.ts';
import type { DecodeGate } from './decode-gate.ts';
import type { HostStreamOptions } from './host-stream.ts';
import { formatOf } from './stream-proof.ts';

/** The process may end without a word: what was proved meanwhile is lost then. */
const tellProofEveryMs = 60_000;

/** Tells the service what is decoded of a stream, and what the stream has proved, for its next connection. */
export class DecodeReport {
  readonly #gate: DecodeGate;
  readonly #options: Pick<HostStreamOptions, 'id' | 'proof' | 'clock' | 'send'>;
  #told: DecodeState | undefined;
  /** Of what is analysed; `undefined` as long as it is not known. */
  #format: string | undefined;
  #proofToldAt = 0;

  constructor(gate: DecodeGate, options: Pick<HostStreamOptions, 'id' | 'proof' | 'clock' | 'send'>) {
    this.#gate = gate;
    this.#options = options;
  }

  /** What an earlier connection proved counts, when the stream is of the same format. */
  begin(parameters: CodecParameters): void {
    const { proof: before, clock } = this.#options;
    this.#format = formatOf(parameters);
    this.#proofToldAt = clock.monotonic();
    if (before === undefined || before.format !== this.#format) return;
    this.#gate.resume(before.proof, clock.now() * 1000);
  }

  /** To be called after each step of the analysis. */
  progress(): void {
    this.#tellDecode();
    if (this.#options.clock.monotonic() - this.#proofToldAt > tellProofEveryMs) this.tellProof();
  }

  tellProof(): void {
    const { id, clock, send } = this.#options;
    const format = this.#format;
    const { proof } = this.#gate;
    this.#proofToldAt = clock.monotonic();
    if (format !== undefined && proof !== undefined)
      send({ kind: 'proof', stream: id, proof: { format, proof } });
  }

  #tellDecode(): void {
    const decode = this.#gate.state;
    if (decode.mode === this.#told?.mode && decode.reason === this.#told.reason) return;
    this.#told = decode;
    this.#options.send({ kind: 'decode', stream: this.#options.id, decode });
  }
}
