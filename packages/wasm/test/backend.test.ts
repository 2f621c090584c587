import { testBackend } from '@isoloss/conformance';
import { describe, test } from 'vitest';
import { wasmBackend } from '../src/index.ts';

// `npm start` runs all vectors; here those of losses of each family, and of each kind of kernel.
const losses = [
  ...[
    'huber',
    'logCosh',
    'tweedieDeviance',
    'gaussianNll',
    'crossEntropy',
    'bceWithLogits',
    'sparsemax',
    'multilabelMargin',
  ],
  ...['dice', 'lovaszSoftmax', 'totalVariation', 'ciou', 'klDiv', 'wasserstein1d', 'energyDistance', 'mahalanobis'],
  ...[
    'tripletMargin',
    'arcFace',
    'vicReg',
    'listMle',
    'approxNdcg',
    'distillation',
    'dpo',
    'elasticNet',
    'ctc',
    'rnnt',
  ],
];
testBackend(() => wasmBackend(), { describe, test, losses });
