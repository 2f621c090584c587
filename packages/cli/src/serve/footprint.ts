import {
  type Dim,
  isOp,
  type Loss,
  lowered,
  outputsOf,
  type Signature,
  type Sizes,
  shapeOf,
  signatureKey,
  topological,
  trace,
} from '@isoloss/core';

const shapes = new Map<string, readonly (readonly Dim[])[]>();

/**
 * How many numbers the largest array of a computation holds: pairs of 30,000 points are 900 million distances, which a
 * request of a few hundred kilobytes can ask for, and for which a process would be killed.
 *
 * @throws LossInputError what tracing finds wrong with the request
 */
export function largestArray(
  loss: Loss,
  { signature, gradients }: { signature: Signature; gradients: readonly string[] },
  sizes: Sizes,
): { key: string; numbers: number } {
  const key = [loss.key, signatureKey(signature), gradients.join()].join('|');
  let known = shapes.get(key);
  if (known === undefined) {
    const nodes = topological(outputsOf(lowered(trace(loss, { signature, gradients }))));
    // Each shape once: there are hundreds of nodes and a dozen shapes. A scan's own type is that of its first output.
    const distinct = new Map(nodes.filter((node) => !isOp(node, 'scan')).map(({ shape }) => [shape.join(), shape]));
    known = [...distinct.values()];
    if (shapes.size >= 4096) shapes.clear();
    shapes.set(key, known);
  }
  const numbers = known.map((shape) => shapeOf(shape, sizes).reduce((product, size) => product * size, 1));
  return { key, numbers: Math.max(0, ...numbers) };
}
