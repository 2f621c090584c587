// @isoloss/tfjs: operations of TensorFlow.js, on the graphics card where the page can use it, and in WebAssembly.
import { tfLoss } from '@isoloss/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import '@tensorflow/tfjs-backend-webgl';
import * as tf from '@tensorflow/tfjs-core';

// The code of its threads does not survive a bundler that renames variables ("e is not defined"): they are switched off, and
// their binary, for which a place has to be named all the same, is never fetched.
setWasmPaths({
  'tfjs-backend-wasm.wasm': plain,
  'tfjs-backend-wasm-simd.wasm': simd,
  'tfjs-backend-wasm-threaded-simd.wasm': simd,
});
tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);

/**
 * @param {'webgl' | 'wasm'} backend of TensorFlow.js
 * @returns {Promise<import('./index.js').Runtime>}
 */
export async function tfjsRuntime(backend) {
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js can't use ${backend} here`);
  return {
    id: `tfjs-${backend}`,
    name: '@isoloss/tfjs',
    detail: backend === 'webgl' ? webgl() : 'wasm backend, one thread',
    prepare(loss) {
      const lossOf = tfLoss(tf, loss);
      return {
        async run({ shape, logits, labels }) {
          // The choice of a backend is one for the whole page.
          await tf.setBackend(backend);
          const [input, target] = [tf.tensor(logits, shape), tf.tensor(labels, shape.slice(0, 1), 'int32')];
          const { value, grad } = tf.valueAndGrad((x) => lossOf(x, target))(input);
          const [[number], gradient] = await Promise.all([value.data(), grad.data()]);
          tf.dispose([input, target, value, grad]);
          return { value: number, gradient };
        },
        dispose() {},
      };
    },
  };
}

/** Some phones compute in 16 bits: their numbers have three digits. */
const webgl = () =>
  `webgl ${tf.env().getNumber('WEBGL_VERSION')}, ${tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED') ? 'float32' : 'float16'}`;

export { tf };
