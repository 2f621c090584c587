import { z } from 'zod';
import { complementRoot, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, index } from '../../loss/inputs.ts';
import { cosineMatrix } from '../../shared/distances.ts';
import { isLabel, softmaxCrossEntropy } from '../../shared/labels.ts';

export const arcFace = defineLoss({
  id: 'arcFace',
  family: 'embedding',
  about: {
    summary: 'Softmax cross entropy on angles, with an angular margin added to the target’s.',
    formula: '−log softmax(scale·z)_y, with z_y = cos(θ_y + margin), z_j = cos θ_j',
    use: 'Face recognition and other open-set identification, where classes must be compact in angle.',
    conventions: [
      'Beyond θ = π − margin the target logit is cos θ − margin·sin(margin), as in insightface; with easyMargin it is cos θ wherever cos θ <= 0.',
      'Embeddings and prototypes are normalised inside; margins are radians (pytorch-metric-learning takes degrees).',
      'sin θ = √max(1 − cos², 0) has derivative 0 where cos² >= 1: elsewhere the gradient there is infinite or NaN.',
    ],
    sources: ['Deng et al. 2019, ArcFace', 'insightface recognition/arcface_torch'],
    names: { 'pytorch-metric-learning': 'ArcFaceLoss' },
  },
  inputs: { input: float('N D'), prototypes: float('K D'), target: index('N', { below: 'K' }) },
  options: {
    scale: z.number().positive().default(64),
    margin: z.number().min(0).max(Math.PI).default(0.5),
    easyMargin: z.boolean().default(false),
  },
  formula({ input, prototypes, target }, { scale, margin, easyMargin }) {
    const cosines = cosineMatrix(input, prototypes);
    const cosine = cosines.pick(target, 1);
    const shifted = cosine.mul(Math.cos(margin)).sub(complementRoot(cosine).mul(Math.sin(margin)));
    const withMargin = easyMargin
      ? where(cosine.gt(0), shifted, cosine)
      : where(cosine.gt(Math.cos(Math.PI - margin)), shifted, cosine.sub(margin * Math.sin(margin)));
    const logits = where(isLabel(target, cosines), withMargin.expandDims(1), cosines);
    return softmaxCrossEntropy(logits.mul(scale), target);
  },
});
