import { createHash } from 'node:crypto';
import type { CodecParameters } from 'node-av/lib';
import type { DecodeProof } from './decode-gate.ts';

/** What a stream has proved, and of which video. */
export interface StreamProof {
  /** As `formatOf` tells it. */
  readonly format: string;
  readonly proof: DecodeProof;
}

/**
 * Two connections show the same video when the codec and its parameter sets are the same: size, profile and structure
 * stand in them. `undefined` for a stream that does not say.
 */
export function formatOf({ codecId, extradata }: CodecParameters): string | undefined {
  if (extradata === null || extradata.length === 0) return undefined;
  return `${codecId} ${createHash('sha256').update(extradata).digest('base64')}`;
}

/** Of cameras that were watched since the service started; about 2 kB each. */
export class StreamProofs {
  readonly #proofs = new Map<string, StreamProof>();

  of(cameraId: string): StreamProof | undefined {
    return this.#proofs.get(cameraId);
  }

  keep(cameraId: string, proof: StreamProof): void {
    this.#proofs.set(cameraId, proof);
  }
}
