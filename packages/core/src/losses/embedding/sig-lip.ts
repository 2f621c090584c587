import { where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { cosineMatrix } from '../../shared/distances.ts';
import { diagonal } from '../../shared/pairs.ts';

/**
 * Every pair of image and text is a binary decision.
 *
 * `−Σ_j log σ(t_ij·(exp(logitScale)·cos_ij + logitBias)), t = 1 on the diagonal, else −1`
 *
 * - `image`: float, shape (N, D)
 * - `text`: float, shape (N, D)
 * - `logitScale`: float, shape ()
 * - `logitBias`: float, shape ()
 *
 * Options: `reduction` ("none", "mean", "sum", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/sigLip.md
 */
export const sigLip = defineLoss({
  id: 'sigLip',
  family: 'embedding',
  about: {
    summary: 'Every pair of image and text is a binary decision.',
    formula: '−Σ_j log σ(t_ij·(exp(logitScale)·cos_ij + logitBias)), t = 1 on the diagonal, else −1',
    use: 'Contrastive learning of image and text together, as `clip`; holds for small batches too.',
    conventions: ['Normalised inside. logitScale is a logarithm. The mean is over the images, as in the paper.'],
    sources: ['Zhai et al. 2023, Sigmoid Loss for Language Image Pre-Training'],
  },
  inputs: { image: float('N D'), text: float('N D'), logitScale: float(''), logitBias: float('') },
  separable: false,
  formula({ image, text, logitScale, logitBias }) {
    const logits = cosineMatrix(image, text).mul(logitScale.exp()).add(logitBias);
    return where(diagonal(image.shape[0]!), logits.neg(), logits).softplus().sum(1);
  },
});
