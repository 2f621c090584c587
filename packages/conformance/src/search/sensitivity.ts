import { evaluate, findLoss, makeLoss, numberToJSON, type Tensor } from '@isoloss/core';
import type { ExpectedTensor, ResultJSON, VectorCase, VectorCaseJSON } from '../vectors.ts';

type Expected = Exclude<VectorCase['expected'], { error: unknown }>;
type ExpectedJSON = Exclude<VectorCaseJSON['expected'], { error: unknown }>;

/** A relative step for central differences: the error of the step and that of rounding are then alike small. */
const step = 2 ** -18;

/**
 * Expected results as a vectors file has them, each number with its sensitivity Σ|xᵢ·∂out/∂xᵢ|, from differences of the
 * reference in float64. The oracle, which has more digits, gives it anew where the vector is taken over.
 */
export function resultsOf(
  { loss, options, inputs }: Pick<VectorCase, 'loss' | 'options' | 'inputs'>,
  expected: Expected,
): ExpectedJSON {
  const built = makeLoss(findLoss(loss), options);
  const names = Object.keys(expected.gradients);
  const outputs = (changed: Readonly<Record<string, Tensor>>): ArrayLike<number>[] => {
    const { value, gradients } = evaluate(built, changed, { gradients: names });
    return [value.data, ...names.map((name) => gradients[name]!.data)];
  };
  const all = [expected.value, ...names.map((name) => expected.gradients[name]!)];
  const sums = all.map(({ value }) => new Float64Array(value.length));
  for (const [name, tensor] of Object.entries(inputs)) {
    if (tensor.dtype !== 'float32' && tensor.dtype !== 'float64') continue;
    tensor.data.forEach((x, k) => {
      if (x === 0 || !Number.isFinite(x)) return;
      const [up, down] = [1 + step, 1 - step].map((factor) => moved(outputs, inputs, name, k, x * factor));
      // Beyond a domain's end there is no difference: the vector's own sensitivity has to come from the oracle.
      if (up === undefined || down === undefined) return;
      sums.forEach((sum, n) => {
        for (let at = 0; at < sum.length; at++) sum[at]! += Math.abs(up[n]![at]! - down[n]![at]!) / (2 * step);
      });
    });
  }
  const json = ({ shape, value }: ExpectedTensor, n: number): ResultJSON => ({
    dtype: 'float64',
    shape,
    data: Array.from(value, numberToJSON),
    sensitivity: Array.from(sums[n]!, (s) => numberToJSON(Number.isFinite(s) ? Number(s.toPrecision(6)) : s)),
  });
  return {
    value: json(expected.value, 0),
    gradients: Object.fromEntries(names.map((name, k) => [name, json(expected.gradients[name]!, k + 1)])),
  };
}

function moved(
  outputs: (changed: Readonly<Record<string, Tensor>>) => ArrayLike<number>[],
  inputs: Readonly<Record<string, Tensor>>,
  name: string,
  k: number,
  x: number,
): ArrayLike<number>[] | undefined {
  const { shape, data } = inputs[name]!;
  const changed = Float64Array.from(data);
  changed[k] = x;
  try {
    return outputs({ ...inputs, [name]: { dtype: 'float64', shape, data: changed } });
  } catch {
    return undefined;
  }
}
