// ONNX models run as a server runs them, tensors in and out: our export beside a naive graph.
import { checkInputs } from '@isoloss/core';
import { toOnnx } from '@isoloss/onnx';
import ort from 'onnxruntime-node';
import { timed } from '../run/measure.mjs';
import { NotOffered } from './contestant.mjs';
import { naiveGraph } from './naive-graphs.mjs';

const runtime = `onnxruntime ${ort.env.versions.node ?? ort.env.versions.common}`;

function contestant(id, threads, ours, modelOf) {
  const open = (model) =>
    ort.InferenceSession.create(model, { logSeverityLevel: 4, intraOpNumThreads: threads, interOpNumThreads: 1 });
  return {
    id,
    runtime,
    ours,
    ...(!ours && { modes: ['forward'] }),
    async prepare(one) {
      const feeds = Object.fromEntries(
        Object.entries(one.inputs).map(([name, { dtype, shape, data }]) => [name, new ort.Tensor(dtype, data, shape)]),
      );
      const sessions = {};
      const ready = async (mode) => {
        sessions[mode] ??= await open(modelOf(one, mode));
        return sessions[mode];
      };
      const first = ours ? 'gradient' : 'forward';
      await ready(first);
      return {
        async outputs() {
          const results = await sessions[first].run(feeds);
          const gradients = ours ? one.gradients.map((name) => [name, results[`d_${name}`].data]) : [];
          return { value: results.value.data[0], gradients: Object.fromEntries(gradients) };
        },
        async time(mode, repeat) {
          const session = await ready(mode);
          return timed(() => session.run(feeds), repeat);
        },
        async dispose() {
          for (const session of Object.values(sessions)) await session.release();
        },
      };
    },
  };
}

/** `toOnnx`, with int32 labels as the naive graph has them. Labels are checked beforehand: no guard in either graph. */
export const onnxModel = (id, threads) =>
  contestant(id, threads, true, ({ loss, dtype, inputs, gradients }, mode) =>
    toOnnx(loss, {
      inputs: checkInputs(loss, inputs, dtype).signature,
      dtype,
      gradients: mode === 'gradient' ? gradients : [],
      labels: 'int32',
      guard: false,
    }),
  );

export const onnxNaive = (id, threads) =>
  contestant(id, threads, false, (one) => {
    const model = naiveGraph(one);
    if (model === undefined) throw new NotOffered('no naive graph is written for it');
    return model;
  });
