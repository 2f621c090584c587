import { concat, constant, type Expr, where } from '../../graph/expr.ts';
import { defineLoss } from '../../loss/define.ts';
import { float, optional } from '../../loss/inputs.ts';

/**
 * The energy distance of two samples on the line.
 *
 * `√(2·E|X − Y| − E|X − X′| − E|Y − Y′|) = √(2·∫(F − G)²)`
 *
 * - `input`: float, shape (n)
 * - `target`: float, shape (m)
 * - `inputWeight` (optional): float, shape (n)
 * - `targetWeight` (optional): float, shape (m)
 *
 * Options: `reduction` ("none", "mean", "sum", default "mean").
 *
 * When to use it, conventions, sources: docs/losses/energyDistance.md
 */
export const energyDistance = defineLoss({
  id: 'energyDistance',
  family: 'divergence',
  about: {
    summary: 'The energy distance of two samples on the line.',
    formula: '√(2·E|X − Y| − E|X − X′| − E|Y − Y′|) = √(2·∫(F − G)²)',
    use: 'Comparing two samples without bins, as in generative models.',
    conventions: [
      'Equal samples have value 0 and gradient 0.',
      'Weights are divided by their sum.',
      'Of equal points the gradient follows a stable sort, input before target.',
    ],
    sources: ['Székely 2003', 'scipy 1.17 stats.energy_distance'],
    names: { scipy: 'stats.energy_distance' },
  },
  inputs: {
    input: float('n'),
    target: float('m'),
    inputWeight: optional(float('n')),
    targetWeight: optional(float('m')),
  },
  separable: false,
  formula({ input, target, inputWeight, targetWeight }) {
    const share = (points: Expr, weight: Expr | undefined) =>
      weight === undefined ? constant(1).div(points.count()).broadcastTo(points.shape) : weight.div(weight.sum());
    // 2·∫(F − G)² over the line, of which nothing cancels: E|X − Y| and the rest do, for samples that overlap.
    const points = concat([input, target], 0);
    const order = points.argsort(0);
    const sorted = points.gather(order, 0);
    const masses = concat([share(input, inputWeight), share(target, targetWeight).neg()], 0).gather(order, 0);
    const lead = masses.cumsum(0, { exclusive: true });
    const before = concat([sorted.slice(0, 0, 1), sorted], 0).slice(0, 0, sorted.shape[0]!);
    const squared = lead.square().mul(sorted.sub(before)).sum().mul(2);
    const same = squared.le(0);
    return where(same, 0, where(same, 1, squared).sqrt());
  },
});
