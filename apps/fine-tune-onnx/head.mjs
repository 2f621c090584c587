import { defineLoss, inputs } from '@isoloss/core';

/**
 * A linear classifier on features, and its cross entropy, as one loss: the gradients by its weights and bias follow, and
 * so they do for any other head that can be written like this.
 */
export const linearHead = defineLoss({
  id: 'linearHead',
  inputs: {
    features: inputs.float('N D'),
    weights: inputs.float('C D'),
    bias: inputs.float('C'),
    target: inputs.index('N', { below: 'C' }),
  },
  formula({ features, weights, bias, target }) {
    const logits = features.matmul(weights.transpose([1, 0])).add(bias.expandDims(0));
    return logits.logSoftmax(1).pick(target, 1).neg();
  },
});
