import type { LossInputs } from '../src/index.ts';
import { morePoints } from './points-more.ts';

/** A point of every loss away from its kinks, with every differentiable input. */
export interface Point {
  readonly inputs: LossInputs;
  readonly options?: Record<string, unknown>;
  /** Parts of the loss are constants in its gradient, so differences of the value say something else. */
  readonly stopped?: true;
}

const first: Record<string, Point[]> = {
  l1: [{ inputs: { input: [1, 2.5], target: [0, 4], weight: [2, 3], mask: [true, true] } }],
  mse: [{ inputs: { input: [[1, 2.5]], target: [[0, 4]], weight: [[0.5, 1]] } }],
  smoothL1: [{ inputs: { input: [0.2, 3], target: [0, 0], weight: [1, 2] }, options: { beta: 0.7 } }],
  huber: [{ inputs: { input: [0.2, 3], target: [0, 0], weight: [1, 2] }, options: { delta: 0.7 } }],
  bce: [{ inputs: { input: [0.2, 0.9], target: [0.3, 0.75], weight: [1, 2] } }],
  bceWithLogits: [
    {
      inputs: { input: [[0.2, -3]], target: [[1, 0.25]], weight: [[1, 2]], posWeight: [2, 3] },
      options: { labelSmoothing: 0.1 },
    },
  ],
  sigmoidFocal: [
    { inputs: { input: [0.2, -3], target: [1, 0.25], weight: [1, 2] } },
    { inputs: { input: [0.2, -3], target: [0.5, 0.25], normalizer: 3 }, options: { gamma: 1.5, alpha: null } },
  ],
  crossEntropy: [
    {
      inputs: {
        input: [
          [1, 2, 3],
          [0.5, -1, 0.2],
        ],
        target: [2, 0],
        weight: [1, 2, 3],
        mask: [true, true],
      },
      options: { labelSmoothing: 0.1 },
    },
    {
      inputs: {
        input: [
          [1, 2, 3],
          [0.5, -1, 0.2],
        ],
        target: [
          [0.1, 0.2, 0.7],
          [0.3, 0.3, 0.4],
        ],
        weight: [1, 2, 3],
      },
      options: { labelSmoothing: 0.1 },
    },
    { inputs: { input: [[0.2, 0.3, 0.5]], target: [1] }, options: { fromLogits: false } },
  ],
  nll: [
    {
      inputs: {
        input: [
          [-1, -2],
          [-0.5, -3],
        ],
        target: [1, -100],
        weight: [2, 3],
      },
    },
  ],
  klDiv: [
    { inputs: { input: [[-1, -2]], target: [[0.25, 0.75]] } },
    {
      inputs: { input: [[0.5, 0.25]], target: [[-1, -2]] },
      options: { logTarget: true, logInput: false, reduction: 'batchmean' },
    },
  ],
  tripletMargin: [
    { inputs: { anchor: [[0.1, 0.2]], positive: [[1, -0.5]], negative: [[0.7, 1.1]] }, options: { p: 3, swap: true } },
    {
      inputs: { anchor: [[0.1, 0.2]], positive: [[1, -0.5]], negative: [[0.7, 1.1]] },
      options: { distance: 'cosine' },
    },
    {
      inputs: { anchor: [0.1, 0.2], positive: [1, -0.5], negative: [0.7, 1.1] },
      options: { distance: 'squaredEuclidean', margin: 5 },
    },
  ],
  arcFace: [
    {
      inputs: {
        input: [
          [0.8, 0.6],
          [-1, 0.1],
        ],
        prototypes: [
          [1, 0.2],
          [0.1, 1],
          [0.6, 0.8],
        ],
        target: [0, 0],
      },
      options: { scale: 4 },
    },
    {
      inputs: {
        input: [
          [0.8, 0.6],
          [-1, 0.1],
        ],
        prototypes: [
          [1, 0.2],
          [0.1, 1],
          [0.6, 0.8],
        ],
        target: [1, 0],
      },
      options: { scale: 4, easyMargin: true },
    },
  ],
  wasserstein1d: [
    { inputs: { input: [[3, 1, 2.2]], target: [[2.1, 3.3, 4]] }, options: { p: 2 } },
    {
      inputs: { input: [0.3, 1.7], target: [0.1, 1.2, 2], inputWeight: [0.6, 0.5], targetWeight: [0.1, 0.13, 0.8] },
      options: { p: 2, normalized: true },
    },
  ],
  ctc: [
    {
      inputs: {
        logProbs: [[[-1, -0.5, -2]], [[-0.7, -1.5, -1]], [[-0.3, -2.5, -1.2]]],
        targets: [[1, 2]],
        inputLengths: [3],
        targetLengths: [2],
      },
    },
    {
      inputs: {
        logProbs: [
          [1, 0.5, 2],
          [0.7, -1.5, 1],
          [0.3, -2.5, 1.2],
        ],
        targets: [1, 1],
        inputLengths: 3,
        targetLengths: 1,
      },
      options: { logits: true, blank: 2 },
    },
  ],
};

export const points: Record<string, Point[]> = { ...first, ...morePoints };
