import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { cosineDistance } from '../../shared/distances.ts';

/**
 * 1 less the cosine of the angle between rows.
 *
 * `1 − x·y/(max(‖x‖, eps)·max(‖y‖, eps))`
 *
 * - `input`: float, shape (..., D)
 * - `target`: float, shape (..., D)
 *
 * Options: `eps` (a number > 0, default 1e-8), `reduction` ("none", "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/cosineSimilarity.md
 */
export const cosineSimilarity = defineLoss({
  id: 'cosineSimilarity',
  family: 'distance',
  about: {
    summary: '1 less the cosine of the angle between rows.',
    formula: '1 − x·y/(max(‖x‖, eps)·max(‖y‖, eps))',
    use: 'Similarity of embeddings and directions, whatever their length.',
    conventions: [
      'keras and tfjs-layers give −cos; tfjs-core does not normalise.',
      'The gradient of a row shorter than eps is that of the value; torch’s leaves the floor out.',
    ],
    sources: ['torch 2.13 nn.functional.cosine_similarity'],
    names: {
      torch: 'nn.CosineSimilarity',
      keras: 'CosineSimilarity',
      optax: 'cosine_distance',
      tfjs: 'losses.cosineDistance',
    },
  },
  inputs: { input: float('... D'), target: float('... D') },
  options: { eps: z.number().positive().default(1e-8) },
  formula: ({ input, target }, { eps }) => cosineDistance(input, target, eps),
});
