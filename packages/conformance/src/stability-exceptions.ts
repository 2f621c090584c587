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

/** Outputs with their limits, all for one reason. */
const because = (
  reason: string,
  losses: Readonly<Record<string, Readonly<Record<string, number>>>>,
): StabilityException[] =>
  Object.entries(losses).flatMap(([loss, outputs]) =>
    Object.entries(outputs).map(([output, limit]) => ({ loss, output, limit, reason })),
  );

/** Cases whose exact point is a kink that rounding may miss: which side a backend comes out on is open. */
const atKink = (
  reason: string,
  loss: string,
  cases: readonly string[],
  outputs: readonly string[],
): StabilityException[] => outputs.map((output) => ({ loss, output, cases, limit: Number.POSITIVE_INFINITY, reason }));

/** Where the limit of stability does not hold, each with its reason; one that nothing needs fails a test. */
export const stabilityExceptions: readonly StabilityException[] = [
  ...because(
    'A cosine is a dot product of unit vectors, with the error of some roundings of 1. A scale of 64, or one over a low temperature, multiplies it; and of the gradient by a vector only what is across the vector is left, so that components that cancel keep the error of the whole.',
    {
      arcFace: { input: 64, prototypes: 128 },
      broadFace: { value: 2048, input: 128, prototypes: 128 },
      circle: { value: 256, embeddings: 512 },
      circleClassification: { value: 128, input: 512, prototypes: 512 },
      clip: { image: 64, text: 64, logitScale: 256 },
      cosFace: { input: 64, prototypes: 64 },
      crd: { anchor: 256, positive: 128, negatives: 256 },
      discFace: { input: 64, prototypes: 64, displacement: 64 },
      infoNce: { value: 128, anchor: 128, positive: 64 },
      liftedStructure: { embeddings: 1024 },
      multiSimilarity: { embeddings: 128 },
      normFace: { input: 64, prototypes: 64 },
      npcFace: { input: 64, prototypes: 64 },
      ntXent: { embeddings: 64 },
      proxyAnchor: { prototypes: 64 },
      sigLip: { image: 64, text: 64, logitBias: 128 },
      sphereFace: { value: 64, input: 128, prototypes: 128 },
      subcenterArcFace: { input: 128, prototypes: 64 },
      supCon: { value: 128, embeddings: 256 },
      tripletMarginWithDistance: { anchor: 128 },
    },
  ),
  ...because(
    'Standardising two or three rows takes off nearly all that they have in common, and 1 − C cancels where the views agree.',
    { barlowTwins: { value: 2 ** 10, input1: 2 ** 20, input2: 2 ** 21 } },
  ),
  ...because(
    'A recursion’s worst-case bound grows with its steps, and a posterior is the exponential of a difference of two log-probabilities as large as the inputs; with logits, the gradient softmax − posterior cancels.',
    { ctc: { logProbs: 2 ** 15 } },
  ),
  ...because(
    'Each element is a difference of masses or costs that were summed up to a step: neighbouring steps cancel.',
    { wasserstein1d: { input: 64, inputWeight: 64, targetWeight: 64 } },
  ),
  ...because(
    'Near p = ½ the slopes of the cross entropy, of the focal factor and of α by the target have different signs.',
    { sigmoidFocal: { target: 128 } },
  ),
  {
    loss: 'crossEntropy',
    output: 'input',
    cases: ['0066'],
    limit: 64,
    reason:
      'A saturated row under label smoothing has the gradient 1 − (1 − s) − s/K; the options are no inputs, so that S does not count them.',
  },
  {
    loss: 'generalizedDice',
    output: 'input',
    cases: ['0026', '0071', '0076'],
    limit: Number.POSITIVE_INFINITY,
    reason:
      'Through a saturated softmax only the difference of the classes’ slopes comes, times a probability that vanishes: the exact gradient is below 1e-19 throughout.',
  },
  ...atKink(
    'Without a discrepancy its norm is 0, which the rounding of (0.6, 0.8) may miss.',
    'discFace',
    ['0064'],
    ['input', 'prototypes', 'displacement'],
  ),
  ...atKink(
    'Which sub-centre is nearest is a tie.',
    'subcenterArcFace',
    ['0025', '0051', '0052'],
    ['input', 'prototypes'],
  ),
  ...atKink(
    'A pair in one point has distance 0, which the rounding of (0.6, 0.8) may miss.',
    'liftedStructure',
    ['0060'],
    ['embeddings'],
  ),
  ...atKink(
    'Equal samples have distance 0 under a root, which is as steep as can be there.',
    'energyDistance',
    ['0014', '0015'],
    ['value', 'input', 'target', 'inputWeight', 'targetWeight'],
  ),
];

/** The exception for an output of a case: the one that names the case before the one for the loss. */
export function exceptionFor(id: string, output: string): StabilityException | undefined {
  const [loss, number] = id.split('/');
  const candidates = stabilityExceptions.filter((entry) => entry.loss === loss && entry.output === output);
  return (
    candidates.find(({ cases }) => cases?.includes(number!)) ?? candidates.find(({ cases }) => cases === undefined)
  );
}
