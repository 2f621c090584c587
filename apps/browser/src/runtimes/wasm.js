// @isoloss/wasm: kernels that are made here, in the page. Nothing is fetched.
import { wasmEngine, wasmLoss } from '@isoloss/wasm';

/** @returns {Promise<import('./index.js').Runtime>} */
export async function wasmRuntime() {
  // Threads need shared memory, which a page has only where it is isolated from other origins.
  const engine = wasmEngine({ threads: crossOriginIsolated ? 'auto' : 1 });
  return {
    id: 'wasm',
    name: '@isoloss/wasm',
    detail: engine.threads === 1 ? 'one thread' : `${engine.threads} threads`,
    prepare(loss) {
      const compiled = wasmLoss(loss, { gradients: ['input'], engine });
      return {
        async run({ shape, logits, labels }) {
          const { value, gradients } = compiled.run({
            input: { dtype: 'float32', shape, data: logits },
            target: { dtype: 'int32', shape: shape.slice(0, 1), data: labels },
          });
          return { value: value.data[0], gradient: gradients.input.data };
        },
        dispose: () => compiled.dispose(),
      };
    },
  };
}
