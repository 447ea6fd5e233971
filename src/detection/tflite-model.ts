import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { compileFunction } from 'node:vm';
import { AppError } from '../core/errors.ts';

/** What the model says of one square input, best first, as it stands in the model's output. */
export interface RawDetection {
  /** Slot of COCO's list, from 0. */
  readonly slot: number;
  /** 0..1. */
  readonly score: number;
  /** Edges in 0..1 of the input; may lie a little outside. */
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

export interface TfliteModel {
  /** Pixels of the square input. */
  readonly inputSide: number;
  /** @param rgb `inputSide * inputSide * 3` bytes, row by row */
  run(rgb: Uint8Array): RawDetection[];
}

export interface TfliteFiles {
  readonly runtimeCode: Uint8Array;
  /** Only for stack traces and for what the runtime requires. */
  readonly runtimePath: string;
  readonly runtimeBinary: Uint8Array;
  readonly weights: Uint8Array;
}

/** Starts the runtime and loads an SSD-like model (four outputs: boxes, classes, scores, count). Blocks the thread while it runs. */
export async function loadTfliteModel(files: TfliteFiles): Promise<TfliteModel> {
  const runtime = await startRuntime(files);
  // oxlint-disable-next-line no-underscore-dangle -- C's name for it
  const address = runtime._malloc(files.weights.length);
  runtime.HEAPU8.set(files.weights, address);
  // The weights stay where they are: the model refers to them as long as it lives.
  const created = runtime.TFLiteWebModelRunner.CreateFromBufferAndOptions(address, files.weights.length, {
    numThreads: -1,
    enableProfiling: false,
    maxProfilingBufferEntries: 1,
  });
  if (!created.ok())
    throw new AppError('DETECTION_FAILED', `The model can't be loaded: ${created.errorMessage()}`);
  const runner = created.value();
  const input = runner.GetInputs().get(0);
  const [, height, width, channels] = input.shape.split(',').map(Number);
  if (height === undefined || height !== width || channels !== 3)
    throw new AppError(
      'DETECTION_FAILED',
      `The model's input is ${input.shape}; a square RGB picture was expected.`,
    );
  const outputs = runner.GetOutputs();
  const [boxes, slots, scores, count] = [outputs.get(0), outputs.get(1), outputs.get(2), outputs.get(3)];

  return {
    inputSide: height,
    run(rgb) {
      if (rgb.length !== height * height * 3)
        throw new AppError(
          'DETECTION_FAILED',
          `The model got ${rgb.length} bytes for ${height} × ${height} pixels.`,
        );
      input.data().set(rgb);
      if (!runner.Infer()) throw new AppError('DETECTION_FAILED', 'The model failed to run.');
      const edges = boxes.data();
      const found: RawDetection[] = [];
      for (let index = 0; index < (count.data()[0] ?? 0); index += 1) {
        const [top = 0, left = 0, bottom = 0, right = 0] = edges.subarray(index * 4, index * 4 + 4);
        found.push({
          slot: slots.data()[index] ?? -1,
          score: scores.data()[index] ?? 0,
          top,
          left,
          bottom,
          right,
        });
      }
      return found;
    },
  };
}

// The part of the runtime that is used, as its compiled code has it; it brings no types of its own.
interface Runtime {
  readonly HEAPU8: Uint8Array;
  readonly TFLiteWebModelRunner: {
    CreateFromBufferAndOptions(address: number, length: number, options: object): Created;
  };
  _malloc(length: number): number;
}
interface Created {
  ok(): boolean;
  errorMessage(): string;
  value(): Runner;
}
interface Runner {
  GetInputs(): TensorList<Uint8Array>;
  GetOutputs(): TensorList<Float32Array>;
  Infer(): boolean;
}
interface TensorList<Data> {
  get(index: number): Tensor<Data>;
}
interface Tensor<Data> {
  /** Dimensions with commas between them. */
  readonly shape: string;
  /** A view of the runtime's memory; asked for anew each time, since it moves when the memory grows. */
  data(): Data;
}
type RuntimeFactory = (options: object) => Promise<Runtime>;

async function startRuntime(files: TfliteFiles): Promise<Runtime> {
  // Compiled from the bytes that were checked rather than required by path: nothing can come in between.
  const code = new TextDecoder().decode(files.runtimeCode);
  const names = ['module', 'exports', 'require', '__filename', '__dirname'];
  const body = compileFunction(code, names, { filename: files.runtimePath });
  const module: { exports: unknown } = { exports: {} };
  const load = createRequire(files.runtimePath);
  Reflect.apply(body, undefined, [
    module,
    module.exports,
    load,
    files.runtimePath,
    dirname(files.runtimePath),
  ]);
  if (!isFactory(module.exports)) throw new AppError('DETECTION_FAILED', 'The runtime exports no factory.');
  return await module.exports({
    wasmBinary: files.runtimeBinary,
    print: ignoreOutput,
    printErr: ignoreOutput,
  });
}

/** The runtime prints the delegates that it finds; they are of no use to anybody. */
function ignoreOutput(): void {}

function isFactory(value: unknown): value is RuntimeFactory {
  return typeof value === 'function';
}
