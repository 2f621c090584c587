/**
 * Where a definition is less stable than {@link stabilityLimit} asks of every element, and why that is accepted. Such an
 * output is judged as a whole instead: its largest bound against u·max(|value| + S) over its elements, within `limit`.
 * An exception that nothing needs any more fails the test.
 */
export interface StabilityException {
  readonly loss: string;
  readonly output: string;
  /** Numbers of cases; all of the loss where left out. */
  readonly cases?: readonly string[];
  /** Largest factor of the output as a whole; ∞ where its exact value is 0 throughout, or it may leave the range. */
  readonly limit: number;
  readonly reason: string;
}

const sharedWeight =
  'A weighted mean does not depend on a weight that all its terms share: the exact gradient is 0, the difference of two equal sums.';
const projection =
  'The gradient by a vector that is normalised is what is left of a cotangent after its part along the vector is taken off: components that cancel keep the error of the whole.';
const recursion =
  'A worst-case bound of a recursion grows with its steps, and a posterior is the exponential of a difference of two log-probabilities as large as the loss; with logits, the gradient softmax − posterior cancels.';

export const stabilityExceptions: readonly StabilityException[] = [
  ...['l1', 'mse', 'huber', 'smoothL1'].map((loss) => ({
    loss,
    output: 'weight',
    cases: ['0022'],
    limit: Number.POSITIVE_INFINITY,
    reason: sharedWeight,
  })),
  {
    loss: 'crossEntropy',
    output: 'weight',
    cases: ['0033', '0107'],
    limit: Number.POSITIVE_INFINITY,
    reason: sharedWeight,
  },
  {
    loss: 'crossEntropy',
    output: 'input',
    cases: ['0066'],
    limit: 64,
    reason:
      'A saturated row under label smoothing has the gradient 1 − (1 − s) − s/K; the options are no inputs, so that S does not count them.',
  },
  {
    loss: 'sigmoidFocal',
    output: 'target',
    limit: 192,
    reason:
      'Near p = ½ the slopes of the cross entropy, of the focal factor and of α by the target have different signs.',
  },
  { loss: 'tripletMargin', output: 'anchor', cases: ['0045'], limit: 64, reason: projection },
  ...['anchor', 'positive', 'negative'].map((output) => ({
    loss: 'tripletMargin',
    output,
    cases: ['0083'],
    limit: 4096,
    reason: `${projection} Here the vectors are within 0.001 of one another.`,
  })),
  ...['input', 'inputWeight', 'targetWeight'].map((output) => ({
    loss: 'wasserstein1d',
    output,
    limit: 64,
    reason: 'Each element is a difference of masses or costs that were summed up to a step: neighbouring steps cancel.',
  })),
  ...['input', 'prototypes'].flatMap((output) => [
    {
      loss: 'arcFace',
      output,
      limit: 128,
      reason: projection,
    },
    {
      loss: 'arcFace',
      output,
      cases: ['0042'],
      limit: 65536,
      reason: `${projection} Here θ is 0.001 and 0.0001.`,
    },
  ]),
  { loss: 'ctc', output: 'logProbs', limit: 32768, reason: recursion },
];

/** The exception for an output of a case: the one that names the case before the one for the loss. */
export function exceptionFor(id: string, output: string): StabilityException | undefined {
  const [loss, number] = id.split('/');
  const candidates = stabilityExceptions.filter((entry) => entry.loss === loss && entry.output === output);
  return (
    candidates.find(({ cases }) => cases?.includes(number!)) ?? candidates.find(({ cases }) => cases === undefined)
  );
}
