// A case of every loss at about n elements: from the catalogue's kinds and shapes, with what they don't say beside it.
import {
  awayFromZero,
  binary,
  boxes,
  constant,
  distribution,
  halfNormal,
  labelLists,
  normal,
  oneHot,
  precision,
  signs,
  uniform,
  whole,
} from './values.mjs';

const root = (n) => Math.max(2, Math.round(Math.sqrt(n)));
const share = (n, by) => Math.max(2, Math.round(n / by));

/** Sizes by the shapes of a loss's required inputs; `...` is the list of its axes. */
export function defaultSizes(inputs, n) {
  const shapes = inputs.map(({ shape }) => shape.split('|')[0].trim());
  const has = (name) => shapes.some((shape) => shape.split(' ').includes(name));
  // Classes and prototypes: scores of N rows against K are what is large.
  if (has('K')) return { N: root(n), K: root(n), D: 128 };
  if (has('@C') || has('C')) return { '...': [share(n, 100)], N: share(n, 100), C: 100 };
  if (has('D')) return { '...': [share(n, 128)], N: share(n, 128), D: 128 };
  if (has('n')) return { '...': [share(n, 100)], n: 100, m: 100 };
  if (has('4')) return { N: share(n, 4) };
  return { '...': [n], N: n };
}

/** Of a batch: N² pairs. */
const pairsOfBatch = (n) => ({ N: root(n), D: 128 });
/** Lists of 50 items: 50² pairs each. */
const pairsOfLists = (n) => ({ '...': [share(n, 2500)], n: 50 });
const image = (n) => ({ '...': [4, root(n / 16), root(n / 16)], C: 4 });
const rowsOf100 = (n) => ({ '...': [share(n, 100), 100] });
const features = (n) => ({ N: share(n, 256), D: 256 });

const labelledBatch = { sizes: pairsOfBatch, values: { labels: (_, { N }) => whole(0, Math.max(2, N >> 3)) } };
const positives = { values: { input: uniform(0.1, 3), target: uniform(0.1, 3) } };
const binaryTarget = { values: { target: binary() } };
const relevances = { target: whole(0, 5) };
const softMask = { sizes: image, values: { input: uniform(0, 1), target: binary() } };
const distributions = { values: { input: distribution(), target: distribution() } };

/**
 * What the catalogue doesn't say of a loss: sizes, values, options, and which gradients. `reference` is the number of
 * elements at which the reference is still quick, where that is not the usual; `tolerance` is for others in float32,
 * where their usual formula has few digits.
 */
export const overrides = {
  // Regression
  gammaDeviance: positives,
  msle: positives,
  // With power 0 it is mse.
  tweedieDeviance: { ...positives, options: { power: 1.5 } },
  mape: { values: { target: awayFromZero } },
  poissonNll: { values: { target: whole(0, 5) } },
  gaussianNll: { gradients: ['input', 'variance'] },
  laplaceNll: { gradients: ['input', 'scale'] },
  wing: { values: { input: normal(4) } },

  // Classification
  asymmetric: binaryTarget,
  bce: { values: { input: uniform(0.01, 0.99), target: binary() } },
  bceWithLogits: binaryTarget,
  sigmoidFocal: binaryTarget,
  multilabelSoftMargin: binaryTarget,
  categoricalHinge: { values: { target: oneHot() } },
  generalizedCrossEntropy: { values: { input: distribution() } },
  ldam: { values: { counts: uniform(10, 1000) } },
  logitAdjusted: { values: { prior: distribution() } },
  multilabelMargin: { sizes: (n) => ({ N: share(n, 400), C: 20 }), values: { target: labelLists(3) } },

  // Divergences and distances
  klDiv: { sizes: rowsOf100, values: { input: distribution({ logarithm: true }), target: distribution() } },
  generalizedKl: { values: { input: distribution({ logarithm: true }), target: distribution() } },
  hellinger: distributions,
  jsDivergence: distributions,
  energyDistance: { sizes: (n) => ({ n: share(n, 2), m: share(n, 2) }) },
  wasserstein1d: { sizes: (n) => ({ '...': [share(n, 1000)], n: 1000, m: 1000 }) },
  sinkhorn: {
    sizes: (n) => ({ n: root(n), m: root(n), d: 3 }),
    values: { input: uniform(0, 1), target: uniform(0, 1) },
    options: { iterations: 10 },
    reference: 1e4,
  },
  sinkhornCost: {
    sizes: (n) => ({ n: root(n), m: root(n) }),
    values: { cost: uniform(0, 1) },
    options: { iterations: 10 },
    reference: 1e4,
  },
  hamming: { options: { soft: true } },
  mahalanobis: { values: { inverseCovariance: precision } },

  // Embeddings against prototypes
  discFace: { gradients: ['input', 'prototypes', 'displacement'] },
  broadFace: { sizes: (n) => ({ N: root(n) >> 1, Q: root(n) >> 1, K: root(n), D: 128 }) },
  subcenterArcFace: { sizes: (n) => ({ N: root(n / 3), K: root(n / 3), S: 3, D: 128 }) },

  // Embeddings of a batch
  barlowTwins: { sizes: features },
  vicReg: { sizes: features },
  circle: labelledBatch,
  liftedStructure: { ...labelledBatch, reference: 1e4 },
  multiSimilarity: labelledBatch,
  ntXent: labelledBatch,
  supCon: labelledBatch,
  clip: { sizes: pairsOfBatch, values: { logitScale: constant(2.66) } },
  sigLip: { sizes: pairsOfBatch, values: { logitScale: constant(2.3), logitBias: constant(-10) } },
  infoNce: { sizes: pairsOfBatch },
  nPair: { sizes: pairsOfBatch, values: { anchor: normal(0.3), positive: normal(0.3) } },
  contrastive: { values: { input1: normal(0.06), input2: normal(0.06) } },
  hingeEmbedding: { values: { input: halfNormal(1) } },
  // The negatives come from a memory, which has no gradient.
  crd: {
    sizes: (n) => ({ N: 64, K: share(n, 8192), D: 128 }),
    options: { datasetSize: 50_000 },
    gradients: ['anchor', 'positive'],
  },

  // Ranking
  approxNdcg: { sizes: pairsOfLists, values: relevances },
  rankNet: { sizes: pairsOfLists, values: relevances },
  listMle: { sizes: pairsOfLists },
  listNet: { values: relevances },
  softmaxRanking: { values: relevances },

  // Segmentation
  dice: softMask,
  generalizedDice: softMask,
  tversky: softMask,
  focalTversky: softMask,
  jaccard: { ...softMask, sizes: (n) => ({ N: 4, '...': [root(n / 4), root(n / 4)] }) },
  // The authors' code takes differences of neighbouring Jaccard indices, of which few digits are left among 1e6 errors.
  lovaszHinge: { sizes: (n) => ({ N: 4, '...': [root(n / 4), root(n / 4)] }), tolerance: 0.05 },
  lovaszSoftmax: { sizes: image, tolerance: 0.05 },
  totalVariation: { sizes: (n) => ({ '...': [4], H: root(n / 4), W: root(n / 4) }) },

  // Boxes
  ...Object.fromEntries(['iou', 'giou', 'diou', 'ciou'].map((id) => [id, { values: { input: boxes, target: boxes } }])),

  // Sequences. torch's gradient of ctc is that of the log-softmax before it: the same with logits here.
  ctc: {
    sizes: (n) => ({ T: 100, N: share(n, 6400), C: 64, S: 20 }),
    values: { logProbs: normal(), targets: (_, { C }) => whole(1, C) },
    options: { logits: true },
    reference: 2e4,
  },
  rnnt: {
    sizes: (n) => ({ N: share(n, 50 * 20 * 125), T: 50, U: 19, C: 125 }),
    values: { targets: (_, { C }) => whole(0, C - 1) },
    reference: 2e4,
  },

  // Preferences: the reference model's log-probabilities are constants.
  dpo: { gradients: ['chosen', 'rejected'] },
  ipo: { gradients: ['chosen', 'rejected'] },
  hingePreference: { gradients: ['chosen', 'rejected'] },
};

/** Values by kind, where the loss says no more. */
export const valuesOfKind = {
  float: () => normal(),
  nonNegative: () => uniform(0.5, 2),
  probability: ({ shape }) => (/C/.test(shape) ? distribution() : uniform(0.01, 0.99)),
  logProbability: () => distribution({ logarithm: true }),
  index: ({ below }, sizes) => whole(0, sizes[below]),
  sign: () => signs,
  binary: () => binary(0.5),
  length: ({ atMost }, sizes) => constant(sizes[atMost]),
};

/** Inputs that are data, or statistics of data, and are not trained. */
const data = new Set([
  'target',
  'counts',
  'prior',
  'inverseCovariance',
  'queueFeatures',
  'queuePrototypes',
  'normalizer',
]);

export const trained = (name) => !data.has(name);
