import {
  type Attributes,
  constant,
  type Expr,
  eachLine,
  expand,
  type Interpreter,
  interpreter,
  make,
  type NDArray,
  type Stable,
  stableRules,
} from '@isoloss/core';
import type { ErrorRule } from '../error-rules.ts';
import { type BoundContext, type Bounded, Builder, cell, isExact, moved, settle } from './bounded.ts';
import { aligned } from './elementwise.ts';

/*
 * A stable operation owns its propagation: its body is never expanded, since a shift by the maximum that is taken off
 * and put back would be counted twice. Its bound is that of the operands' errors through the operation as a whole, plus
 * the rounding of its body run with exact operands.
 */

interface Parts {
  readonly op: Stable;
  readonly attributes: Attributes[Stable];
  /** Operands as inputs of graphs of their own. */
  readonly leaves: readonly Expr[];
  readonly body: Expr;
}

const rule = (op: Stable) =>
  stableRules[op] as {
    body(inputs: readonly Expr[], attributes: unknown): Expr;
    derivative(cotangent: Expr, node: Expr): readonly (Expr | null)[];
  };

const cache = new Map<string, unknown>();
function cached<T>(key: string, create: () => T): T {
  if (!cache.has(key)) cache.set(key, create());
  return cache.get(key) as T;
}

const name = (k: number): string => `x${k}`;

/** The operation alone, on operands of these shapes. */
function parts(op: Stable, attributes: Attributes[Stable], shapes: readonly (readonly string[])[]): Parts {
  const leaves = shapes.map(
    (shape, k) => make('input', [], { name: name(k), type: { dtype: 'float', shape } }) as Expr,
  );
  return { op, attributes, leaves, body: rule(op).body(leaves, attributes) };
}

const keyOf = (kind: string, op: Stable, attributes: object, shape: number): string =>
  `${kind} ${op} ${Object.entries(attributes).join()} ${shape}`;

/** The rounding of the body, with operands that are exact. */
function ownRounding(inputs: readonly Bounded[], { body }: Parts, context: BoundContext): Bounded {
  const exact = new Map(inputs.map(({ shape, data }, k): [string, Bounded] => [name(k), { shape, data }]));
  return context.evaluate([body], exact)[0]!;
}

/** An operation that treats elements alone: Σ|∂out/∂xᵢ|·eᵢ, from the derivative that it owns. */
export function stableElementwise(inputs: readonly Bounded[], context: BoundContext): Bounded {
  const { shape, format } = context;
  const { op, attributes } = context.node as Expr<Stable>;
  const n = context.shape.reduce((product, size) => product * size, 1);
  const flat = inputs.map((input): Bounded => {
    const spread = input.data.length === n ? input : aligned(input, shape);
    return moved(spread, ({ data }) => ({
      shape: [n],
      data: data.length === n ? data : (new (data.constructor as Float64ArrayConstructor)(n).fill(data[0]!) as never),
    }));
  });
  const alone = cached(keyOf('elements', op, attributes, inputs.length), () =>
    parts(
      op,
      attributes as never,
      inputs.map(() => ['n']),
    ),
  );
  const own = ownRounding(flat, alone, { ...context, sizes: new Map([['n', n]]) });
  if (flat.every(isExact)) return { ...own, shape };

  const { slopes, values } = cached(keyOf('slopes', op, attributes, inputs.length), () => evaluators(alone));
  const at = (ends: readonly NDArray[]) => new Map(ends.map((array, k) => [name(k), array]));
  const sizes = new Map([['n', n]]);
  const end = (input: Bounded, side: -1 | 1): NDArray => ({
    shape: [n],
    data: Float64Array.from(
      input.data as Float64Array,
      (v, k) => v + side * ((side < 0 ? input.down : input.up)?.[k] ?? 0),
    ),
  });
  const [lows, highs] = [flat.map((input) => end(input, -1)), flat.map((input) => end(input, 1))];
  const slopesAt = [flat, lows, highs].map((point) => slopes(at(point), sizes));
  const result = new Builder(shape);
  const out = cell();
  let corners: { low: NDArray; high: NDArray }[] | undefined;
  for (let k = 0; k < n; k++) {
    out.v = own.data[k]!;
    out.down = own.down?.[k] ?? 0;
    out.up = own.up?.[k] ?? 0;
    flat.forEach((input, i) => {
      const [down, up] = [input.down?.[k] ?? 0, input.up?.[k] ?? 0];
      if (down === 0 && up === 0) return;
      const [middle, low, high] = slopesAt.map((slope) => slope[i]!.data[k]!) as [number, number, number];
      const steep = Math.max(Math.abs(middle), Math.abs(low), Math.abs(high));
      const rising = middle >= 0 && low >= 0 && high >= 0;
      const falling = middle <= 0 && low <= 0 && high <= 0;
      const least = Math.min(Math.abs(middle), Math.abs(low), Math.abs(high));
      let [fall, rise] = rising
        ? [steep * down, steep * up]
        : falling
          ? [steep * up, steep * down]
          : [steep * Math.max(down, up), steep * Math.max(down, up)];
      // Where the slope changes much within the interval, the ends say what the slopes don't.
      if (!(steep <= 2 * least) || !Number.isFinite(down + up)) {
        corners ??= flat.map((_, j) => {
          const others = (ends: readonly NDArray[]) => at(flat.map((x, l) => (l === j ? ends[l]! : x)));
          return { low: values(others(lows), sizes)[0]!, high: values(others(highs), sizes)[0]! };
        });
        const ends = [corners[i]!.low.data[k]!, corners[i]!.high.data[k]!].map((value) =>
          value === out.v ? 0 : value - out.v,
        );
        if (!Number.isFinite(steep) || !Number.isFinite(down + up)) [fall, rise] = [0, 0];
        fall = Math.max(fall, -ends[0]!, -ends[1]!);
        rise = Math.max(rise, ends[0]!, ends[1]!);
      }
      out.down += fall;
      out.up += rise;
    });
    settle(out, 0, true, format);
    result.set(k, out);
  }
  return result.done();
}

/** The derivative by each operand, and the value, in float64. */
function evaluators({ op, attributes, leaves, body }: Parts): { slopes: Interpreter; values: Interpreter } {
  const node = make(op, leaves, attributes as never) as Expr;
  const ones = constant(1).broadcastTo(node.shape);
  const shares = rule(op).derivative(ones, node);
  const slopes = leaves.map((leaf, k) => shares[k] ?? constant(0).broadcastTo(leaf.shape));
  return { slopes: interpreter(expand(slopes)), values: interpreter(expand([body])) };
}

type LinePropagation = (
  x: Float64Array,
  down: Float64Array,
  up: Float64Array,
  out: { down: Float64Array; up: Float64Array },
  own: Float64Array,
  attributes: never,
) => void;

/** An operation along one axis, line by line. `kept`: the result has one element a line. */
export function stableAlongAxis(propagate: LinePropagation, kept: boolean) {
  return ([x]: readonly Bounded[], context: BoundContext): Bounded => {
    const { op, attributes } = context.node as Expr<'logSumExp' | 'logSoftmax' | 'softmax' | 'norm' | 'unit'>;
    const rank = x!.shape.length;
    const dims = x!.shape.map((_, axis) => `d${axis}`);
    const alone = cached(keyOf('axis', op, attributes, rank), () => parts(op, attributes, [dims]));
    const sizes = new Map(dims.map((dim, axis) => [dim, x!.shape[axis]!]));
    const own = ownRounding([x!], alone, { ...context, sizes });
    if (isExact(x!)) return { ...own, shape: context.shape };
    const down = own.down?.slice() ?? new Float64Array(own.data.length);
    const up = own.up?.slice() ?? new Float64Array(own.data.length);
    let group = 0;
    eachLine(x!.shape, attributes.axis, (start, stride, length) => {
      const line = (data: Float64Array | undefined) =>
        Float64Array.from({ length }, (_, k) => data?.[start + k * stride] ?? 0);
      const outs = kept ? 1 : length;
      const out = { down: new Float64Array(outs), up: new Float64Array(outs) };
      const at = (k: number) => (kept ? group : start + k * stride);
      const values = Float64Array.from({ length: outs }, (_, k) => own.data[at(k)]!);
      propagate(line(x!.data as Float64Array), line(x!.down), line(x!.up), out, values, attributes as never);
      for (let k = 0; k < outs; k++) {
        down[at(k)]! += out.down[k]!;
        up[at(k)]! += out.up[k]!;
      }
      group++;
    });
    const result = new Builder(context.shape);
    const out = cell();
    for (let k = 0; k < own.data.length; k++) {
      [out.v, out.down, out.up] = [own.data[k]!, down[k]!, up[k]!];
      settle(out, 0, true, context.format);
      result.set(k, out);
    }
    return result.done();
  };
}

/**
 * Σq·log(q/p) with errors of both logits: Σ|∂out/∂xᵢ|·eᵢ and, for what is of the second order, the square of the largest
 * error times 1 + max|d| (the curvature is at most that).
 */
export const softmaxDivergence: ErrorRule = ([t, x], context) => {
  const { op, attributes } = context.node as Expr<'softmaxDivergence'>;
  const dims = x!.shape.map((_, axis) => `d${axis}`);
  const alone = cached(keyOf('axis', op, attributes, dims.length), () => parts(op, attributes, [dims, dims]));
  const sizes = new Map(dims.map((dim, axis) => [dim, x!.shape[axis]!]));
  const own = ownRounding([t!, x!], alone, { ...context, sizes });
  if (isExact(t!) && isExact(x!)) return { ...own, shape: context.shape };
  const { slopes } = cached(keyOf('slopes', op, attributes, dims.length), () => evaluators(alone));
  const point = new Map([t!, x!].map(({ shape, data }, k): [string, NDArray] => [name(k), { shape, data }]));
  const slope = slopes(point, sizes);
  const errors = [t!, x!].map(({ down, up, data }) =>
    Float64Array.from(data, (_, k) => Math.max(down?.[k] ?? 0, up?.[k] ?? 0)),
  );
  const result = new Builder(context.shape);
  const out = cell();
  let group = 0;
  eachLine(x!.shape, attributes.axis, (start, stride, length) => {
    let [first, largest, apart] = [0, 0, 0];
    const top = Number(t!.data[start]) - Number(x!.data[start]);
    for (let k = start; k < start + length * stride; k += stride) {
      for (const side of [0, 1]) first += Math.abs(slope[side]!.data[k]!) * errors[side]![k]!;
      largest = Math.max(largest, errors[0]![k]! + errors[1]![k]!);
      apart = Math.max(apart, Math.abs(Number(t!.data[k]) - Number(x!.data[k]) - top));
    }
    const error = first + 2 * largest * largest * (1 + apart);
    out.v = own.data[group]!;
    out.down = (own.down?.[group] ?? 0) + error;
    out.up = (own.up?.[group] ?? 0) + error;
    settle(out, 0, true, context.format);
    result.set(group++, out);
  });
  return result.done();
};

/** log Σexp(x+δ) − log Σexp(x) = log Σpᵢ·exp(δᵢ), increasing in each δ. */
export const logSumExp: LinePropagation = (x, down, up, out, [value]) => {
  if (!Number.isFinite(value!)) return;
  const shares = x.map((entry) => Math.exp(entry - value!));
  const shift = (deltas: Float64Array, sign: number) =>
    Math.log1p(shares.reduce((total, p, k) => total + (deltas[k] === 0 ? 0 : p * Math.expm1(sign * deltas[k]!)), 0));
  out.up[0] = shift(up, 1);
  out.down[0] = -shift(down, -1);
};

/** xⱼ − log Σexp(x) rises with xⱼ and falls with the others: −log(pⱼ + Σ_{i≠j} pᵢ·exp(δᵢ − δⱼ)). */
export const logSoftmax: LinePropagation = (_, down, up, out, values) => {
  const shares = values.map(Math.exp);
  for (let j = 0; j < values.length; j++) {
    if (!Number.isFinite(values[j]!)) continue;
    const others = (sign: number, own: number, theirs: Float64Array) =>
      shares.reduce((total, p, k) => {
        const delta = sign * (theirs[k]! + own);
        return k === j || p === 0 || delta === 0 ? total : total + p * Math.expm1(delta);
      }, 0);
    out.up[j] = -Math.log1p(others(-1, up[j]!, down));
    out.down[j] = Math.log1p(others(1, down[j]!, up));
  }
};

/** exp of {@link logSoftmax}, or 1 less that. */
export const softmax: LinePropagation = (x, down, up, out, values, attributes) => {
  const { complement } = attributes as { complement: boolean };
  const logs = values.map(complement ? (q) => Math.log1p(-q) : Math.log);
  logSoftmax(x, down, up, out, logs, attributes);
  for (let j = 0; j < values.length; j++) {
    const p = Math.exp(logs[j]!);
    const [rise, fall] = [p * Math.expm1(out.up[j]!), -p * Math.expm1(-out.down[j]!)];
    [out.up[j], out.down[j]] = complement ? [fall, rise] : [rise, fall];
  }
};

/** ‖x+δ‖ − ‖x‖ <= Σ(|xᵢ|+eᵢ)^(p−1)·eᵢ/‖x‖^(p−1), and for p >= 1 <= ‖δ‖ by the triangle inequality. */
export const norm: LinePropagation = (x, down, up, out, [length], attributes) => {
  const { p } = attributes as { p: number };
  const errors = x.map((_, k) => Math.max(down[k]!, up[k]!));
  const bare =
    p === Number.POSITIVE_INFINITY ? Math.max(...errors) : errors.reduce((total, e) => total + e ** p, 0) ** (1 / p);
  const weighted =
    p === Number.POSITIVE_INFINITY
      ? Number.POSITIVE_INFINITY
      : x.reduce(
          (total, entry, k) =>
            errors[k] === 0
              ? total
              : total + errors[k]! * ((Math.abs(entry) + (p >= 1 ? errors[k]! : 0)) / length!) ** (p - 1),
          0,
        );
  const error = p >= 1 && !(weighted < bare) ? bare : weighted;
  out.up[0] = error;
  out.down[0] = Math.min(error, length!);
};

/** xⱼ/L with L = max(‖x‖, low): (eⱼ + |yⱼ|·‖e‖)/(L − ‖e‖). */
export const unit: LinePropagation = (x, down, up, out, values, attributes) => {
  const { low } = attributes as { low: number };
  const errors = x.map((_, k) => Math.max(down[k]!, up[k]!));
  const moved = Math.hypot(...errors);
  const own = Math.hypot(...x);
  const length = Math.max(own, low) - moved;
  for (let j = 0; j < values.length; j++) {
    const error = (errors[j]! + Math.abs(values[j]!) * moved) / length;
    out.up[j] = out.down[j] = length > 0 ? error : moved === 0 ? 0 : Number.POSITIVE_INFINITY;
  }
};
