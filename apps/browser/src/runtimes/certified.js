// The backends that the page can put to the test, each started when it is asked for.
import { referenceBackend } from '@isoloss/core';
import { onnxBackend } from '@isoloss/onnx';
import { tfjsBackend } from '@isoloss/tfjs';
import { wasmBackend } from '@isoloss/wasm';
import { ort } from './onnx.js';
import { tf } from './tfjs.js';

export const backends = {
  reference: () => referenceBackend(),
  wasm: () => wasmBackend({ threads: crossOriginIsolated ? 'auto' : 1 }),
  'onnx-web': () => onnxBackend({ ort }),
  'tfjs-wasm': () => tfjsBackend('tfjs-wasm'),
  'tfjs-webgl'() {
    // By default it leaves what is small to the processor, and small is what vectors are.
    tf.env().set('WEBGL_CPU_FORWARD', false);
    return tfjsBackend('tfjs-webgl');
  },
};
