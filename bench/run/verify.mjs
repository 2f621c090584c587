// Whether a contestant computes the same thing: value and each gradient, by norm. A wrong number is never timed.

/** How far float32 sums of a million terms in another order, and other formulas, may differ; float64 likewise. */
export const tolerances = { float32: 1e-3, float64: 1e-7 };

/** ‖a − b‖/‖b‖; NaN where one has a NaN. */
function relativeDifference(a, b) {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let [apart, size] = [0, 0];
  for (let k = 0; k < a.length; k++) {
    apart += (a[k] - b[k]) ** 2;
    size += b[k] ** 2;
  }
  return apart === 0 ? 0 : Math.sqrt(apart) / Math.sqrt(size);
}

/**
 * Differences of outputs { value, gradients: { name: array } } from the truth, and what is beyond the limit.
 * A contestant without gradients of its own (a naive ONNX graph) gives none, and is compared by its value.
 */
export function compare(outputs, truth, limit) {
  const differences = { value: relativeDifference([outputs.value], [truth.value]) };
  for (const [name, gradient] of Object.entries(outputs.gradients ?? {})) {
    if (truth.gradients[name] === undefined) continue;
    differences[`d_${name}`] = relativeDifference(gradient, truth.gradients[name]);
  }
  // Not `>`: a NaN is no agreement.
  const wrong = Object.entries(differences).filter(([, difference]) => !(difference <= limit));
  const reason = wrong
    .map(([name, difference]) => `${name} differs by ${difference.toExponential(1)} (limit ${limit})`)
    .join(', ');
  return { differences, worst: Math.max(...Object.values(differences)), ...(wrong.length > 0 && { reason }) };
}
