import { checkInputs, isDifferentiable, lossFromJSON } from '@isoloss/core';
import { points } from '../../core/test/points.ts';
import type { Sample } from './inputs.ts';

/** The points at which core's tests know each loss of the catalogue, as float32. The ONNX adapter's tests use them too. */
export const pointSamples = (reduction?: string): (Sample & { readonly name: string })[] =>
  Object.entries(points).flatMap(([id, list]) =>
    list.map(({ inputs, options }, k) => {
      const loss = lossFromJSON(id, { ...options, ...(reduction === undefined ? {} : { reduction }) });
      const { tensors, resolved } = checkInputs(loss, inputs, 'float32');
      const gradients = resolved
        .filter(({ spec, type }) => type.dtype === 'float' && isDifferentiable(spec))
        .filter(() => loss.definition.notDifferentiable(loss.options) === undefined)
        .map(({ name }) => name);
      return { name: `${id} at core's point ${k}`, loss, inputs: tensors, gradients };
    }),
  );
