// Our backends, as a user meets them: `run` on typed arrays, with its checks of the inputs.
import { checkInputs, referenceBackend } from '@isoloss/core';
import { onnxBackend } from '@isoloss/onnx';
import { tfjsBackend } from '@isoloss/tfjs';
import { timed } from '../run/measure.mjs';
import { NotOffered } from './contestant.mjs';

/** A contestant of a backend. */
export async function ofBackend(id, backend) {
  const description = await backend.describe();
  if (!description.available) {
    await backend.dispose();
    throw new NotOffered(`${description.reason}. ${description.remedy ?? ''}`.trim());
  }
  return {
    id,
    runtime: description.runtime,
    ours: true,
    async prepare({ loss, dtype, inputs, gradients }) {
      if (!description.dtypes.includes(dtype)) throw new NotOffered(`it has no ${dtype}`);
      const { signature } = checkInputs(loss, inputs, dtype);
      const compiled = {};
      const ready = async (mode) => {
        compiled[mode] ??= await backend.compile(loss, {
          dtype,
          signature,
          gradients: mode === 'gradient' ? gradients : [],
        });
        return compiled[mode];
      };
      return {
        async outputs() {
          const result = await (await ready('gradient')).run(inputs);
          const arrays = Object.entries(result.gradients).map(([name, { data }]) => [name, data]);
          return { value: result.value.data[0], gradients: Object.fromEntries(arrays) };
        },
        async time(mode, repeat) {
          const one = await ready(mode);
          return timed(() => one.run(inputs), repeat);
        },
        dispose() {
          for (const one of Object.values(compiled)) one.dispose();
        },
      };
    },
    close: () => backend.dispose(),
  };
}

export const reference = () => ofBackend('reference', referenceBackend());
export const onnxNode = (id, threads) => ofBackend(id, onnxBackend({ threads }));
export const tfjs = (id) => ofBackend(id, tfjsBackend(id));
