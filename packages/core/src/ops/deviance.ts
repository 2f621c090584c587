import { constant, type Expr, where } from '../graph/expr.ts';
import type { StableRule } from './attributes.ts';
import { unbroadcast } from './shape.ts';

/** log(y/x), which keeps its digits where y is near x and the quotient rounds to 1. */
function logRatio(y: Expr, x: Expr): Expr {
  const d = y.sub(x).div(x);
  const near = d.abs().lt(0.5);
  return where(near, where(near, d, 0).log1p(), where(near, 1, y.div(x)).log());
}

/** Another power p than 1 and 2: y^b/(ab) − y·x^a/a + x^b/b with a = 1 − p and b = 2 − p. */
function general(x: Expr, y: Expr, p: number): Expr {
  const [a, b] = [1 - p, 2 - p];
  const top = y
    .relu()
    .pow(b)
    .div(a * b);
  const terms = top.sub(y.mul(x.pow(a)).div(a)).add(x.pow(b).div(b));
  // Where y is near x they cancel to the second order in d = (y − x)/x; x^b·((1 + d)·((1 + d)^a − 1)/a − d)/b does so once.
  const d = y.sub(x).div(x);
  const near = d.abs().lt(0.5);
  const small = where(near, d, 0);
  const growth = small.log1p().mul(a).expm1().div(a);
  return where(near, x.pow(b).mul(small.add(1).mul(growth).sub(small)).div(b), terms);
}

/** Half the unit deviance of a Tweedie distribution of mean x, of a target y. */
export const halfDeviance: StableRule<'halfDeviance'> = {
  body: ([x, y], { power }) => {
    if (power === 2) return y!.sub(x!).div(x!).sub(logRatio(y!, x!));
    if (power !== 1) return general(x!, y!, power);
    const none = y!.eq(0);
    return where(none, x!, y!.mul(logRatio(where(none, 1, y!), x!)).sub(y!.sub(x!)));
  },
  // (x − y)/x^p and (y^a − x^a)/a with a = 1 − p, which the parts' derivatives reach only by cancelling.
  derivative: (g, { inputs: [x, y], attributes: { power } }) => {
    const a = 1 - power;
    const present = y!.gt(0);
    const log = logRatio(where(present, y!, x!), x!);
    const byTarget =
      a === 0 ? where(present, log, -1) : where(present, log.mul(a).expm1(), constant(-1)).mul(x!.pow(a)).div(a);
    return [
      unbroadcast(g.mul(x!.sub(y!).div(x!.pow(power))), x!.shape),
      unbroadcast(g.mul(where(y!.isNaN(), y!, byTarget)), y!.shape),
    ];
  },
};
