import * as z from 'zod';
import { defineLoss } from '../../loss/define.ts';
import { float, index, length, mask } from '../../loss/inputs.ts';
import { transducer } from '../../shared/transducer.ts';

/**
 * The transducer loss: the negative log-likelihood of a label sequence over all alignments of encoder and predictor.
 *
 * `−log Σ over monotone paths through the (T, U+1) lattice of Π p`
 *
 * - `logits`: float, shape (N, T, U+1, C)
 * - `targets`: int32 labels, shape (N, U)
 * - `inputLengths`: int32 lengths, shape (N)
 * - `targetLengths`: int32 lengths, shape (N)
 * - `mask` (optional): bool, shape (N), broadcast
 *
 * Options: `blank` (an integer, default -1), `fusedLogSoftmax` (true or false, default true), `reduction` ("none",
 * "mean", "sum", "partial", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/rnnt.md
 */
export const rnnt = defineLoss({
  id: 'rnnt',
  family: 'sequence',
  about: {
    summary:
      'The transducer loss: the negative log-likelihood of a label sequence over all alignments of encoder and predictor.',
    formula: '−log Σ over monotone paths through the (T, U+1) lattice of Π p',
    use: 'Streaming speech recognition.',
    conventions: [
      'blank −1 is the last class, as in torchaudio.',
      'Padding in time and labels is never read.',
      'The mean is over the batch.',
      'Without frames the value is ∞, or 0 where there are no labels either.',
    ],
    sources: ['Graves 2012, Sequence Transduction with Recurrent Neural Networks', 'torchaudio functional.rnnt_loss'],
    names: { torchaudio: 'functional.rnnt_loss' },
  },
  inputs: {
    logits: float('N T U+1 C'),
    targets: index('N U', { below: 'C', lengths: 'targetLengths' }),
    inputLengths: length('N', { atMost: 'T' }),
    targetLengths: length('N', { atMost: 'U' }),
    mask: mask('N'),
  },
  options: { blank: z.int().default(-1), fusedLogSoftmax: z.boolean().default(true) },
  precondition({ blank }, { sizes }) {
    const classes = sizes.get('C')!;
    return blank >= -classes && blank < classes ? undefined : `blank ${blank} is not in [${-classes}, ${classes})`;
  },
  formula: transducer,
});
