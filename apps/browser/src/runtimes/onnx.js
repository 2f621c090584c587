// @isoloss/onnx: a model with value and gradient, made in the page and run by ONNX Runtime.
import { toOnnx } from '@isoloss/onnx';
// The page's own copies: by default ONNX Runtime looks beside its script, which a bundler moves.
import script from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import binary from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import * as ort from 'onnxruntime-web/wasm';

const absolute = (url) => new URL(url, location.href).href;
ort.env.wasm.wasmPaths = { mjs: absolute(script), wasm: absolute(binary) };
ort.env.wasm.numThreads = crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;

/** @returns {Promise<import('./index.js').Runtime>} */
export async function onnxRuntime() {
  return {
    id: 'onnx-web',
    name: '@isoloss/onnx',
    detail: `onnxruntime-web ${ort.env.versions.web}`,
    prepare(loss) {
      const model = toOnnx(loss, { inputs: { input: 2, target: 1 }, gradients: ['input'], labels: 'int32' });
      const opened = ort.InferenceSession.create(model);
      return {
        async run({ shape, logits, labels }) {
          const session = await opened;
          const { value, d_input } = await session.run({
            input: new ort.Tensor('float32', logits, shape),
            target: new ort.Tensor('int32', labels, shape.slice(0, 1)),
          });
          return { value: value.data[0], gradient: d_input.data };
        },
        dispose: async () => (await opened).release(),
      };
    },
  };
}

export { ort };
