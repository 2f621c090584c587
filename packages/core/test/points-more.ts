import type { Point } from './points.ts';

const pair = { input: [0.3, -1.7, 2.2], target: [0.1, 0.4, 1.9] };
const positive = { input: [0.3, 1.7, 2.2], target: [0.7, 0.4, 1.9] };
const scores = [
  [1, 2, 3],
  [0.5, -1, 0.2],
];
const labels = [2, 0];
const signs = { input: [0.3, -1.7, 2.2], target: [1, 1, -1] };
const rows = {
  input: [
    [0.1, 0.7],
    [1.3, -0.4],
  ],
  target: [
    [0.9, 0.2],
    [1, 0.5],
  ],
};
const faces = {
  input: [
    [0.8, 0.6],
    [-1, 0.1],
  ],
  prototypes: [
    [1, 0.1],
    [0.2, 1],
    [0.6, 0.8],
  ],
  target: [0, 2],
};
const cluster = {
  embeddings: [
    [1, 0.1],
    [0.6, 0.8],
    [0.1, 1],
    [-0.6, 0.7],
  ],
  labels: [0, 0, 1, 1],
};
const twins = {
  anchor: [
    [1, 0.2],
    [0.1, 0.9],
  ],
  positive: [
    [0.8, 0.1],
    [0.3, 1],
  ],
};
const views = {
  input1: [
    [1, 0.1],
    [0.6, 0.8],
    [0.1, 1],
  ],
  input2: [
    [0.9, 0.3],
    [0.5, 0.7],
    [-0.1, 1.2],
  ],
};
const masks = { input: [[[0.8, 0.6, 0.3, 0.1]]], target: [[[0.9, 1, 0.1, 0.2]]] };
const boxes = { input: [[0, 0.1, 2, 2.2]], target: [[1.1, 1, 3, 3.3]] };
const ranking = { input: [1, 2.2, 3], target: [0.1, 1, 2] };
const answers = { chosen: [1.5], rejected: [0.2], referenceChosen: [0.3], referenceRejected: [-0.1] };

/** The other losses of the catalogue, one line each where one point shows all. `stopped`: parts are constants in the gradient, so differences say something else. */
export const morePoints: Record<string, Point[]> = {
  halfMse: [{ inputs: pair }, { inputs: pair, options: { reduction: 'batchmean' } }],
  logCosh: [{ inputs: pair }],
  quantile: [{ inputs: pair, options: { q: 0.9 } }],
  expectile: [{ inputs: pair, options: { q: 0.9 } }],
  pseudoHuber: [{ inputs: pair, options: { delta: 0.7 } }],
  mape: [{ inputs: pair }],
  smape: [{ inputs: pair }],
  msle: [{ inputs: positive }],
  charbonnier: [{ inputs: pair }],
  cauchy: [{ inputs: pair }],
  welsch: [{ inputs: pair }],
  gemanMcClure: [{ inputs: pair }],
  generalRobust: [-2, 0, 1, 2, Number.NEGATIVE_INFINITY].map((alpha) => ({
    inputs: pair,
    options: { alpha, scale: 1.5 },
  })),
  wing: [{ inputs: pair, options: { width: 1, curvature: 0.5 } }],
  tweedieDeviance: [0, 1, 1.5, 2, 3].map((power) => ({ inputs: positive, options: { power } })),
  gammaDeviance: [{ inputs: positive }],
  poissonNll: [
    { inputs: pair },
    { inputs: { input: [0.3, 1.7], target: [0.5, 3] }, options: { logInput: false, full: true } },
  ],
  gaussianNll: [{ inputs: { ...pair, variance: [0.5, 1, 2] }, options: { full: true } }],
  laplaceNll: [{ inputs: { ...pair, scale: [0.5, 1, 2] } }],
  focal: [{ inputs: { input: scores, target: labels, weight: [1, 2, 3] }, options: { alpha: 0.5, gamma: 1.5 } }],
  poly1: [{ inputs: { input: scores, target: labels } }],
  generalizedCrossEntropy: [
    { inputs: { input: [[0.2, 0.5, 0.3]], target: [1] } },
    { inputs: { input: scores, target: labels }, options: { fromLogits: true } },
  ],
  symmetricCrossEntropy: [{ inputs: { input: scores, target: labels } }],
  asymmetric: [{ inputs: { input: [[0.3, -1.7, 2.2]], target: [[1, 0, 0]] } }],
  hinge: [{ inputs: signs }],
  squaredHinge: [{ inputs: signs }],
  perceptron: [{ inputs: signs }],
  softMargin: [{ inputs: signs }],
  categoricalHinge: [
    {
      inputs: {
        input: scores,
        target: [
          [0.1, 0, 0.9],
          [0, 1, 0],
        ],
      },
    },
  ],
  multiclassHinge: [{ inputs: { input: scores, target: [0, 1] } }],
  sparsemax: [{ inputs: { input: scores, target: labels } }],
  logitAdjusted: [{ inputs: { input: scores, target: labels, prior: [0.5, 0.3, 0.2] } }],
  ldam: [{ inputs: { input: scores, target: labels, counts: [50, 30, 20] }, stopped: true }],
  multilabelSoftMargin: [
    {
      inputs: {
        input: scores,
        target: [
          [0.9, 0, 1],
          [0, 1, 0],
        ],
        weight: [1, 2, 3],
      },
    },
  ],
  multiMargin: [{ inputs: { input: scores, target: labels, weight: [1, 2, 3] }, options: { p: 2 } }],
  multilabelMargin: [{ inputs: { input: [[0.1, 0.2, 0.4, 0.85]], target: [[3, 0, -1, 1]] } }],
  marginRanking: [{ inputs: { input1: [[1], [2]], input2: [[1.1, 2.3, 3]], target: [[1]] } }],
  hingeEmbedding: [{ inputs: { input: [0.5, 0.4], target: [1, -1] } }],
  cosineEmbedding: [{ inputs: { input1: rows.input, input2: rows.target, target: [1, -1] } }],
  contrastive: [
    { inputs: { input1: rows.input, input2: rows.target, target: [1, 0] } },
    {
      inputs: { input1: rows.input, input2: rows.target, target: [1, 0] },
      options: { squared: false, half: false, margin: 2 },
    },
  ],
  jsDivergence: [{ inputs: { input: [0.3, 0.5, 0.2], target: [0.1, 0.6, 0.3] }, options: { base: 2 } }],
  generalizedKl: [{ inputs: { input: [-1, -0.5], target: [0.3, 0.9] } }],
  hellinger: [{ inputs: { input: [0.3, 0.5, 0.2], target: [0.1, 0.6, 0.3] } }],
  entropy: [{ inputs: { input: [0.3, 0.5, 0.2] } }],
  energyDistance: [
    { inputs: { input: [0.1, 1.3], target: [0.4, 1, 2.2], inputWeight: [1, 2], targetWeight: [0.5, 1, 1] } },
  ],
  sinkhorn: [
    {
      inputs: {
        input: [
          [0.1, 0],
          [1, 0.3],
        ],
        target: [
          [0.2, 1],
          [0.4, 0.1],
          [1.2, 0.6],
        ],
      },
      options: { iterations: 5, epsilon: 0.5, debiased: true },
    },
  ],
  sinkhornCost: [
    {
      inputs: {
        cost: [
          [0.1, 1],
          [0.7, 0.2],
        ],
        inputWeight: [0.4, 0.6],
        targetWeight: [0.5, 0.5],
      },
      options: { iterations: 4, epsilon: 0.3 },
    },
  ],
  euclidean: [{ inputs: rows }],
  manhattan: [{ inputs: rows }],
  chebyshev: [{ inputs: rows }],
  minkowski: [{ inputs: rows }],
  mahalanobis: [
    {
      inputs: {
        ...rows,
        inverseCovariance: [
          [1.2, 0.3],
          [0.3, 0.8],
        ],
      },
    },
  ],
  hamming: [{ inputs: rows, options: { soft: true } }],
  cosineSimilarity: [{ inputs: rows }],
  cosFace: [{ inputs: faces, options: { scale: 4 } }],
  normFace: [{ inputs: faces, options: { scale: 4 } }],
  sphereFace: [{ inputs: faces, options: { scale: 4 } }, { inputs: faces }],
  subcenterArcFace: [
    {
      inputs: {
        ...faces,
        prototypes: [
          [
            [1, 0.1],
            [0.9, 0.3],
          ],
          [
            [0.2, 1],
            [0, 1],
          ],
          [
            [0.6, 0.8],
            [-1, 0.2],
          ],
        ],
      },
      options: { scale: 4 },
    },
  ],
  circleClassification: [{ inputs: faces, options: { gamma: 4 }, stopped: true }],
  npcFace: [{ inputs: faces, options: { scale: 4 }, stopped: true }],
  discFace: [{ inputs: { ...faces, displacement: [0.1, 0.02] }, options: { baseOptions: { scale: 4 } } }],
  broadFace: [
    {
      inputs: { ...faces, queueFeatures: [[0.5, 0.4]], queueTargets: [1], queuePrototypes: [[0.1, 0.9]] },
      options: { scale: 4 },
      stopped: true,
    },
  ],
  circle: [{ inputs: cluster, options: { gamma: 4 }, stopped: true }],
  crd: [
    {
      inputs: {
        anchor: [[1, 0.2]],
        positive: [[0.8, 0.6]],
        negatives: [
          [
            [0.1, 1],
            [-1, 0.2],
          ],
        ],
        normalizer: 30,
      },
      options: { datasetSize: 10, temperature: 0.5 },
    },
  ],
  infoNce: [{ inputs: twins, options: { temperature: 0.5 } }],
  nPair: [{ inputs: twins }],
  ntXent: [{ inputs: cluster, options: { temperature: 0.5 } }],
  supCon: [{ inputs: cluster, options: { temperature: 0.5 } }],
  multiSimilarity: [{ inputs: cluster, options: { beta: 5 } }],
  proxyAnchor: [{ inputs: faces, options: { alpha: 4 } }],
  liftedStructure: [{ inputs: cluster }],
  clip: [{ inputs: { image: twins.anchor, text: twins.positive, logitScale: 1.2 } }],
  sigLip: [{ inputs: { image: twins.anchor, text: twins.positive, logitScale: 1.2, logitBias: -1 } }],
  barlowTwins: [{ inputs: views }],
  vicReg: [{ inputs: views }],
  tripletMarginWithDistance: (
    ['euclidean', 'squaredEuclidean', 'cosine', 'manhattan', 'chebyshev', 'minkowski'] as const
  ).map((distance) => ({
    inputs: { anchor: [[0.1, 0.2]], positive: [[1, -0.5]], negative: [[0.7, 1.1]] },
    options: { distance, margin: 2, p: 3 },
  })),
  dice: [
    { inputs: masks },
    { inputs: masks, options: { activation: 'sigmoid', squared: true, smooth: 1, per: 'batch' } },
  ],
  jaccard: [
    { inputs: { input: [[0.8, 0.6, 0.3]], target: [[0.9, 0.5, 0.1]] } },
    { inputs: { input: [[0.8, 0.6, 0.3]], target: [[0.9, 0.5, 0.1]] }, options: { form: 'product' } },
  ],
  tversky: [{ inputs: masks, options: { alpha: 0.3, beta: 0.7, smooth: 0.5 } }],
  focalTversky: [{ inputs: masks }],
  generalizedDice: [{ inputs: masks, stopped: true }],
  lovaszHinge: [{ inputs: { input: [[2, 1.1, -1, -2.2]], target: [[1, 0, 1, 0]] } }],
  lovaszSoftmax: [
    {
      inputs: {
        input: [
          [2, 1],
          [0.2, 1.3],
          [0.1, 1],
        ],
        target: [0, 1, 0],
      },
    },
  ],
  totalVariation: [
    {
      inputs: {
        input: [
          [1, 2.2],
          [3, 5.1],
        ],
      },
    },
  ],
  iou: [{ inputs: boxes }],
  giou: [{ inputs: boxes }],
  diou: [{ inputs: boxes }],
  ciou: [{ inputs: boxes, stopped: true }],
  rankNet: [{ inputs: ranking }],
  listNet: [{ inputs: ranking }],
  softmaxRanking: [{ inputs: ranking }],
  listMle: [{ inputs: ranking }],
  approxNdcg: [{ inputs: ranking }],
  bpr: [{ inputs: { positive: [1, 0.2], negative: [0.3, 1] } }],
  distillation: [
    {
      inputs: {
        input: scores,
        target: [
          [3, 2, 1],
          [0, 0.5, 1],
        ],
      },
    },
  ],
  dpo: [{ inputs: answers }],
  ipo: [{ inputs: answers }],
  hingePreference: [{ inputs: answers }],
  rnnt: [
    {
      inputs: {
        logits: [
          [
            [
              [0.1, 0.6, 0.2],
              [0.3, 0.1, 0.4],
            ],
            [
              [0.2, 0.8, 0.1],
              [0.5, 0.1, 0.3],
            ],
          ],
        ],
        targets: [[1]],
        inputLengths: [2],
        targetLengths: [1],
      },
    },
  ],
  l1Penalty: [{ inputs: { parameters: [1, -2] } }],
  l2Penalty: [{ inputs: { parameters: [1, -2] } }],
  elasticNet: [{ inputs: { parameters: [1, -2] } }],
};
