import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import type { Detection } from '../core/event.ts';
import { AppError, messageOf } from '../core/errors.ts';
import { readPinnedFile } from '../core/package-files.ts';
import type { Box } from '../core/geometry.ts';
import type { DetectorAnswer, DetectorRequest, DetectorWorkerData, PinnedPath } from './detector-protocol.ts';
import { mergeDetections, placeDetections, type PassDetection } from './merge-detections.ts';
import { decodePicture, letterbox } from './picture.ts';
import { planCrops } from './plan-crops.ts';
import { loadTfliteModel, type TfliteModel } from './tflite-model.ts';

// The entry of the detector's worker thread: loads the model, then answers one request after the other.

const wholePicture: Box = [0, 0, 1, 1];

const files: DetectorWorkerData = workerData;
if (parentPort !== null) await serve(parentPort, files);

async function serve(port: NonNullable<typeof parentPort>, data: DetectorWorkerData): Promise<void> {
  const answer = (message: DetectorAnswer) => {
    port.postMessage(message);
  };
  // Loading the library has turned it on again, for the whole process.
  sharp.cache(false);
  let model: TfliteModel;
  try {
    model = await loadModel(data);
  } catch (error) {
    answer({ kind: 'unavailable', message: messageOf(error) });
    return;
  }
  port.on('message', (request: DetectorRequest) => {
    // It answers in every case and never rejects.
    void reply(model, request).then(answer);
  });
  answer({ kind: 'ready' });
}

async function reply(model: TfliteModel, { id, jpeg, focus }: DetectorRequest): Promise<DetectorAnswer> {
  try {
    return { kind: 'found', id, detections: await detect(model, jpeg, focus) };
  } catch (error) {
    const code = error instanceof AppError ? error.code : 'DETECTION_FAILED';
    return { kind: 'failed', id, code, message: messageOf(error) };
  }
}

async function readPinned(file: PinnedPath): Promise<Uint8Array> {
  return await readPinnedFile(file.path, file.sha256);
}

async function loadModel(data: DetectorWorkerData): Promise<TfliteModel> {
  return await loadTfliteModel({
    runtimeCode: await readPinned(data.runtimeCode),
    runtimePath: data.runtimeCode.path,
    runtimeBinary: await readPinned(data.runtimeBinary),
    weights: await readPinned(data.weights),
  });
}

async function detect(model: TfliteModel, jpeg: Uint8Array, focus: readonly Box[]): Promise<Detection[]> {
  const picture = await decodePicture(jpeg);
  const parts = [wholePicture, ...planCrops(focus, picture.width, picture.height)];
  const found: PassDetection[] = [];
  for (const [pass, part] of parts.entries()) {
    const input = await letterbox(picture, part, model.inputSide);
    found.push(...placeDetections(model.run(input.rgb), input, pass));
  }
  return mergeDetections(found);
}
