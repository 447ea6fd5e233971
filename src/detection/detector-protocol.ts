import type { Detection } from '../core/event.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Box } from '../core/geometry.ts';

/** Given to the worker when it is started: where the files are, and what they must hash to. */
export interface DetectorWorkerData {
  readonly runtimeCode: PinnedPath;
  readonly runtimeBinary: PinnedPath;
  readonly weights: PinnedPath;
}

export interface PinnedPath {
  readonly path: string;
  readonly sha256: string;
}

/** To the worker; one at a time. */
export interface DetectorRequest {
  readonly id: number;
  readonly jpeg: Uint8Array<ArrayBuffer>;
  readonly focus: readonly Box[];
}

/** From the worker: `ready` or `unavailable` once, then one answer to each request. */
export type DetectorAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unavailable'; readonly message: string }
  | { readonly kind: 'found'; readonly id: number; readonly detections: readonly Detection[] }
  | { readonly kind: 'failed'; readonly id: number; readonly code: ErrorCode; readonly message: string };
