// Our fused WebAssembly engine, by its synchronous face. Results go into tensors that are used again, as a training loop
// does; what it checks of the inputs counts. The one place of the bench that knows its faces.
import { timed } from '../run/measure.mjs';
import { NotOffered } from './contestant.mjs';

/** Milliseconds until threads have started: they are counted only once they have. */
const startUp = 300;

/**
 * `wasm-1`, `wasm-2`: the engine with so many threads, its tensors in its own memory, as torch's are in torch's;
 * `wasm-arrays-1`: ordinary arrays, which it copies in and out.
 */
export async function wasm(id, threads, { inPlace }) {
  const { wasmBackend, wasmEngine, wasmLoss } = await import('@isoloss/wasm');
  const description = await wasmBackend().describe();
  if (!description.available) throw new NotOffered(description.reason);
  const engine = wasmEngine({ threads });
  if (threads > 1) await new Promise((resolve) => setTimeout(resolve, startUp));
  return {
    id,
    runtime: `WebAssembly SIMD, ${threads} thread${threads === 1 ? '' : 's'}`,
    ours: true,
    async prepare({ loss, dtype, inputs: given, gradients }) {
      const compiled = {};
      const owned = [];
      const held = ({ shape, dtype: kind, data }) => {
        const tensor = engine.allocate(shape, kind);
        owned.push(tensor);
        tensor.data.set(data);
        return tensor;
      };
      const all = (tensors) => Object.fromEntries(Object.entries(tensors).map(([name, one]) => [name, held(one)]));
      const inputs = inPlace ? all(given) : given;
      const ready = (mode) => {
        if (compiled[mode] === undefined) {
          const one = wasmLoss(loss, { dtype, gradients: mode === 'gradient' ? gradients : [], engine });
          const first = one.run(inputs);
          const into = inPlace ? { value: held(first.value), gradients: all(first.gradients) } : first;
          compiled[mode] = { one, into };
        }
        return compiled[mode];
      };
      return {
        async outputs() {
          const { one, into } = ready('gradient');
          const result = one.run(inputs, into);
          const arrays = Object.entries(result.gradients).map(([name, { data }]) => [name, data]);
          return { value: result.value.data[0], gradients: Object.fromEntries(arrays) };
        },
        async time(mode, repeat) {
          const { one, into } = ready(mode);
          return timed(() => one.run(inputs, into), repeat);
        },
        dispose() {
          for (const { one } of Object.values(compiled)) one.dispose();
          for (const tensor of owned) tensor.free();
        },
      };
    },
    close: () => engine.dispose(),
  };
}
