import type { Dim } from '../graph/dim.ts';
import { constant, type Expr, iota, size, zeros } from '../graph/expr.ts';
import { scan } from '../ops/scan.ts';

/** Equal masses that sum to 1. */
export const uniform = (n: Dim): Expr => constant(1).div(size(n).toFloat()).broadcastTo([n]);

/** Σ a·f + Σ b·g after so many steps f ← −ε·LSE_j(log b + (g − C)/ε), g ← −ε·LSE_i(log a + (f − C)/ε) from 0. */
export function sinkhornDual(cost: Expr, a: Expr, b: Expr, epsilon: number, iterations: number): Expr {
  const [n, m] = cost.shape;
  const [logA, logB] = [a.log(), b.log()];
  const scaled = cost.div(epsilon);
  const { carries } = scan(
    {
      init: [zeros({ dtype: 'float', shape: [n!] }), zeros({ dtype: 'float', shape: [m!] })],
      sequences: [iota(iterations)],
      invariants: [scaled, logA, logB],
    },
    ([, g], _, [c, p, q]) => {
      const f = q!.add(g!.div(epsilon)).expandDims(0).sub(c!).logSumExp(1).mul(-epsilon);
      return { carries: [f, p!.add(f.div(epsilon)).expandDims(1).sub(c!).logSumExp(0).mul(-epsilon)] };
    },
  );
  return a.mul(carries[0]!).sum().add(b.mul(carries[1]!).sum());
}
