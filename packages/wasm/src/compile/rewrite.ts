import { constant, type Dim, type Expr, iota, isOp, make, rebuild, where } from '@isoloss/core';

const isOne = (dim: Dim): boolean => dim === 1;

/** The scalar that a value repeats, if it does. */
function repeated(x: Expr): Expr | undefined {
  if (x.rank === 0) return x;
  if (isOp(x, 'broadcastTo') || (isOp(x, 'reshape') && x.shape.every(isOne))) return repeated(x.inputs[0]!);
  return undefined;
}

const withShape = (x: Expr, shape: readonly Dim[]): Expr => (shape.length === 0 ? x : x.broadcastTo(shape));

/**
 * The graph as fused loops like it. Each rule is an identity: no number changes.
 */
export function rewrite(outputs: readonly Expr[]): Expr[] {
  return rebuild(outputs, (node, inputs) => {
    const [x, index] = inputs;
    if (isOp(node, 'reshape')) {
      // A scalar in another shape is the scalar, repeated.
      const scalar = repeated(x!);
      if (scalar !== undefined) return withShape(scalar, node.shape);
    }
    if (isOp(node, 'scatterAdd')) {
      const { axis, size } = node.attributes;
      // One entry a line lands where the position along the line is its index: no scattered writes.
      if (isOne(index!.shape[axis]!)) {
        const positions = iota(size).reshape(node.shape.map((_, k) => (k === axis ? size : 1)));
        return where(positions.eq(index!), x!, 0).broadcastTo(node.shape);
      }
    }
    if (isOp(node, 'sum') || isOp(node, 'max')) return reduced(node, x!);
    return make(node.op, inputs, node.attributes as never) as Expr;
  });
}

/** A reduction over neighbouring axes only, and over none of size 1: others become several, the last axes first. */
function reduced(node: Expr<'sum'> | Expr<'max'>, x: Expr): Expr {
  const axes = node.attributes.axes.filter((axis) => x.shape[axis] !== 1);
  const result = node.shape;
  if (axes.length === 0) return x.reshape(result);
  const last = axes.at(-1)!;
  let from = axes.length - 1;
  // Axes of size 1 between them don't part neighbours.
  while (from > 0 && x.shape.slice(axes[from - 1]! + 1, axes[from]!).every(isOne)) from--;
  const run = Array.from({ length: last - axes[from]! + 1 }, (_, k) => axes[from]! + k);
  const kept = make(node.op, [x], { axes: run, keepDims: true }) as Expr;
  if (from === 0) return kept.reshape(result);
  return reduced(make(node.op, [kept], { axes: axes.slice(0, from), keepDims: true }) as Expr<'sum'>, kept).reshape(
    result,
  );
}

/** The number, if a value is a constant or one repeated. */
export const constantOf = (x: Expr): number | undefined => {
  const scalar = repeated(x);
  return scalar !== undefined && isOp(scalar, 'constant') ? scalar.attributes.value : undefined;
};

export const zero = constant(0);
