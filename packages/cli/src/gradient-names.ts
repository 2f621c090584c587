import { isDifferentiable, type Loss, resolveInputs, type Signature } from '@isoloss/core';

/**
 * The inputs whose gradients are wanted: those named (`a,b`), or, of a flag without names, every input given
 * that has one. Names are not checked here: the loss refuses what it can't differentiate by, with its own error.
 */
export function gradientNames(loss: Loss, signature: Signature, flag: string | true | undefined): string[] {
  if (flag === undefined) return [];
  if (flag === true || flag === 'all')
    return resolveInputs(loss.definition, loss.options, signature)
      .filter(({ spec }) => isDifferentiable(spec))
      .map(({ name }) => name);
  return [...new Set(flag.split(',').map((name) => name.trim()))].filter(Boolean);
}
