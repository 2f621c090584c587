// The table of contestants. A loader runs only when its contestant is asked for: runtimes take half a second each.
import { NotOffered } from './contestant.mjs';

const reference = async () => (await import('./backends.mjs')).reference();
const onnxNode = async (id, threads) => (await import('./backends.mjs')).onnxNode(id, threads);
const tfjs = async (id) => (await import('./backends.mjs')).tfjs(id);

const wasm = (inPlace) => async (id, threads) => (await import('./wasm.mjs')).wasm(id, threads, { inPlace });

/** `threaded`: there is one for each number of threads, `wasm-1`, `wasm-2`. The others use what their runtime chooses. */
export const kinds = {
  wasm: { threaded: true, load: wasm(true) },
  'wasm-arrays': { threaded: true, load: wasm(false) },
  'onnx-node': { threaded: true, load: onnxNode },
  'tfjs-node': { load: tfjs },
  'tfjs-wasm': { load: tfjs },
  'tfjs-cpu': { load: tfjs },
  reference: { load: reference },
  tfLoss: { load: async (id) => (await import('./tfjs.mjs')).tfLossFace(id) },
  'tf.losses': { load: async (id) => (await import('./tfjs.mjs')).tfLosses(id) },
  'onnx-model': { threaded: true, load: async (id, threads) => (await import('./onnx.mjs')).onnxModel(id, threads) },
  'onnx-naive': { threaded: true, load: async (id, threads) => (await import('./onnx.mjs')).onnxNaive(id, threads) },
  torch: { threaded: true, python: 'torch' },
  jax: { threaded: true, python: 'jax' },
  copy: { load: async (id) => (await import('./copy.mjs')).copy(id) },
};

/**
 * Opens contestants.
 * @returns {{ contestants: object[], missing: { id: string, reason: string }[] }}
 */
export async function openContestants(names, { threads, python }) {
  const contestants = [];
  const missing = [];
  for (const name of names) {
    const kind = kinds[name];
    for (const count of kind.threaded ? threads : [undefined]) {
      const id = count === undefined ? name : `${name}-${count}`;
      try {
        const contestant =
          kind.python === undefined
            ? await kind.load(id, count)
            : await (await import('./python.mjs')).python(id, count, { python, library: kind.python });
        contestants.push({ kind: name, threads: count, ...contestant });
      } catch (error) {
        if (!(error instanceof NotOffered) && error.code !== 'ERR_MODULE_NOT_FOUND' && kind.python === undefined)
          throw error;
        missing.push({ id, reason: error.message.split('\n', 1)[0] });
      }
    }
  }
  return { contestants, missing };
}
