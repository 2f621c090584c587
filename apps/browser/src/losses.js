// Losses of logits and one label a row, each with the option that is turned most.
import { crossEntropy, focal, generalizedCrossEntropy, multiMargin, poly1 } from '@isoloss/core';

/** `make(option, more)` gives the loss. */
export const losses = {
  crossEntropy: {
    option: { name: 'labelSmoothing', min: 0, max: 0.5, step: 0.01, value: 0.1 },
    make: (labelSmoothing, more) => crossEntropy({ labelSmoothing, ...more }),
  },
  focal: {
    option: { name: 'gamma', min: 0, max: 5, step: 0.25, value: 2 },
    make: (gamma, more) => focal({ gamma, ...more }),
  },
  poly1: {
    option: { name: 'epsilon', min: -1, max: 4, step: 0.25, value: 1 },
    make: (epsilon, more) => poly1({ epsilon, ...more }),
  },
  generalizedCrossEntropy: {
    option: { name: 'q', min: 0.05, max: 1, step: 0.05, value: 0.7 },
    make: (q, more) => generalizedCrossEntropy({ q, fromLogits: true, ...more }),
  },
  multiMargin: {
    option: { name: 'margin', min: 0, max: 5, step: 0.25, value: 1 },
    make: (margin, more) => multiMargin({ margin, ...more }),
  },
};
