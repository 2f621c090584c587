import { iota } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float } from '../../loss/inputs.ts';
import { cosineMatrix } from '../../shared/distances.ts';
import { softmaxCrossEntropy } from '../../shared/labels.ts';

/**
 * Images and texts of a batch should pick each other.
 *
 * `½·(−log softmax(logits)_ii by rows and by columns), logits = exp(logitScale)·cos`
 *
 * - `image`: float, shape (N, D)
 * - `text`: float, shape (N, D)
 * - `logitScale`: float, shape ()
 *
 * Options: `reduction` ("none", "mean", "sum", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/clip.md
 */
export const clip = defineLoss({
  id: 'clip',
  family: 'embedding',
  about: {
    summary: 'Images and texts of a batch should pick each other.',
    formula: '½·(−log softmax(logits)_ii by rows and by columns), logits = exp(logitScale)·cos',
    use: 'Contrastive learning of image and text together: retrieval, zero-shot classification.',
    conventions: [
      'Normalised inside. logitScale is the logarithm of the scale, as CLIP trains it: log(1/0.07) = 2.66 at its start.',
    ],
    sources: ['Radford et al. 2021, CLIP'],
  },
  inputs: { image: float('N D'), text: float('N D'), logitScale: float('') },
  separable: false,
  formula({ image, text, logitScale }) {
    const logits = cosineMatrix(image, text).mul(logitScale.exp());
    const own = iota(image.shape[0]!);
    return softmaxCrossEntropy(logits, own)
      .add(softmaxCrossEntropy(logits.transpose([1, 0]), own))
      .mul(0.5);
  },
});
