import { LossInputError, TraceError } from '../errors.ts';
import type { Dim } from '../graph/dim.ts';
import { expand } from '../graph/expand.ts';
import { constant, type Expr, iota, make, size, where } from '../graph/expr.ts';
import { gradient } from '../graph/gradient.ts';
import { hoist } from '../graph/hoist.ts';
import { simplify } from '../graph/simplify.ts';
import type { Op } from '../ops/attributes.ts';
import type { Loss } from './define.ts';
import { ignoredLabel, isDifferentiable } from './inputs.ts';
import { type Reduced, reduce } from './reduction.ts';
import { inputSpec, type ResolvedInput, resolveInputs, type Signature } from './shapes.ts';

/** What a loss is traced for. */
export interface TraceRequest {
  readonly signature: Signature;
  /** Inputs whose gradients are wanted. */
  readonly gradients?: readonly string[];
  /** Adds the input `upstream`, of the value's shape: gradients become those of sum(value · upstream). */
  readonly upstream?: boolean;
  /**
   * For graphs that run where nobody checks values: an illegal label or value makes its own element's value and
   * gradient NaN, never another class's number.
   */
  readonly guard?: boolean;
}

/** A loss as a graph: what backends lower. */
export interface Program {
  readonly loss: Loss;
  /** In the definition's order; `upstream`, if asked for, is last. */
  readonly inputs: readonly ResolvedInput[];
  readonly value: Expr;
  readonly gradients: Readonly<Record<string, Expr>>;
}

/** Outputs of a program in a fixed order: the value, then the gradients. */
export const outputsOf = (program: Program): Expr[] => [program.value, ...Object.values(program.gradients)];

/**
 * Writes a loss as a graph for inputs of given ranks.
 * @throws LossInputError UNKNOWN_INPUT, MISSING_INPUT, RANK_MISMATCH, NOT_DIFFERENTIABLE
 * @throws TraceError if the formula breaks a rule of the graph
 */
export function trace(
  loss: Loss,
  { signature, gradients = [], upstream = false, guard = false }: TraceRequest,
): Program {
  const resolved = resolve(loss, signature);
  const leaves = new Map(resolved.map(({ name, type }) => [name, make('input', [], { name, type }) as Expr]));
  checkGradients(loss, leaves, gradients);
  const reduced = reducedLoss(loss, resolved, leaves, guard);

  const wrt = gradients.map((name) => leaves.get(name)!);
  const { value, differentiated } = reduced;
  const inputs = [...resolved];
  let cotangent: Expr | undefined;
  if (upstream) {
    const type = differentiated.type;
    cotangent = make('input', [], { name: 'upstream', type });
    inputs.push({
      name: 'upstream',
      spec: { kind: 'float', shape: '', optional: false, broadcast: false, checked: false },
      type,
      full: type.shape,
    });
  }
  const found = gradient(differentiated, wrt, cotangent);
  return { loss, inputs, value, gradients: Object.fromEntries(gradients.map((name, k) => [name, found[k]!])) };
}

/** The inputs of a loss for a signature: as its definition resolves them, or from its patterns. */
export const resolve = (loss: Loss, signature: Signature): ResolvedInput[] =>
  loss.definition.resolve?.(signature) ?? resolveInputs(loss.definition, loss.options, signature);

/** The loss of given values: guards, masks, formula, reduction. A loss made of losses does all that in its parts. */
export function reducedLoss(
  loss: Loss,
  resolved: readonly ResolvedInput[],
  values: ReadonlyMap<string, Expr>,
  guard: boolean,
): Reduced {
  const { definition } = loss;
  const seen = new Map(values);
  const composed = definition.resolve !== undefined;
  const illegal = guard && !composed ? guardIndices(resolved, seen, loss) : [];
  const maskInput = composed ? undefined : resolved.find(({ name }) => name === 'mask');
  const mask = maskInput && seen.get('mask')!;
  if (mask !== undefined) hideMasked(resolved, seen, mask, maskInput!);
  const formulaInputs = Object.fromEntries(Object.keys(definition.inputs).map((name) => [name, seen.get(name)]));
  const terms = definition.formula(formulaInputs, loss.options, guard);
  if (terms.values.type.dtype !== 'float')
    throw new TraceError(`the formula of ${loss.id} gives ${terms.values.type.dtype} values`);
  const weighted = composed ? undefined : resolved.find(({ spec }) => spec.meanOver !== undefined);
  return reduce(loss.options.reduction, poisoned(terms, illegal), {
    weight: weighted && { value: seen.get(weighted.name)!, meanOver: weighted.spec.meanOver! },
    mask,
  });
}

/**
 * The program as a backend wants it: stable operations opened up (but for those it lowers itself), simplified, and with
 * nothing in a scan that needn't be there.
 */
export function lowered(program: Program, keep?: ReadonlySet<Op>): Program {
  const [value, ...gradients] = hoist(simplify(expand(simplify(outputsOf(program)), keep)));
  return {
    ...program,
    value: value!,
    gradients: Object.fromEntries(Object.keys(program.gradients).map((name, k) => [name, gradients[k]!])),
  };
}

function checkGradients(loss: Loss, leaves: ReadonlyMap<string, Expr>, gradients: readonly string[]): void {
  const reason = loss.definition.notDifferentiable(loss.options);
  for (const name of gradients) {
    const spec = inputSpec(loss.definition, name);
    if (!leaves.has(name))
      throw new LossInputError('MISSING_INPUT', `the gradient of ${loss.id} with respect to ${name} needs ${name}`, {
        input: name,
      });
    if (reason !== undefined)
      throw new LossInputError('NOT_DIFFERENTIABLE', `${loss.id} has no gradient: ${reason}`, { input: name });
    if (
      leaves.get(name)!.type.dtype !== 'float' ||
      !isDifferentiable(spec.or && leaves.get(name)!.type.dtype === 'float' ? spec.or : spec)
    )
      throw new LossInputError(
        'NOT_DIFFERENTIABLE',
        `${loss.id} has no gradient with respect to ${name}: it is ${spec.kind === 'index' ? 'labels' : `a ${spec.kind}`}`,
        { input: name },
      );
  }
}

/** Sizes of `dims` in the places where `target` has them, 1 elsewhere: a value that then broadcasts against `target` by name. */
function alignedTo(x: Expr, dims: readonly Dim[], target: readonly Dim[]): Expr | undefined {
  if (dims.some((dim) => !target.includes(dim))) return undefined;
  const own = new Map(dims.map((dim, axis) => [dim, x.shape[axis - dims.length + x.rank] ?? 1]));
  return x.reshape(target.map((dim) => own.get(dim) ?? 1));
}

/**
 * What a mask hides never enters the formula: a NaN there would reach the gradient as 0·NaN. A half is legal for every
 * kind of number that a loss takes: a probability, a logarithm's argument, a logit.
 */
function hideMasked(
  resolved: readonly ResolvedInput[],
  seen: Map<string, Expr>,
  mask: Expr,
  { full }: ResolvedInput,
): void {
  for (const { name, spec, type, full: dims } of resolved) {
    if (type.dtype === 'bool' || spec.kind === 'length') continue;
    const kept = alignedTo(mask, full, dims);
    if (kept === undefined) continue;
    const value = seen.get(name)!;
    seen.set(
      name,
      where(kept, value, spec.meanOver !== undefined || type.dtype === 'int' ? 0 : 0.5).broadcastTo(
        spec.broadcast ? dims : value.shape,
      ),
    );
  }
}

/** Replaces illegal labels by 0 and illegal values are left; gives, for each checked input, where it is illegal. */
function guardIndices(resolved: readonly ResolvedInput[], seen: Map<string, Expr>, loss: Loss): Expr[] {
  return resolved.flatMap(({ name, spec, full }) => {
    const x = seen.get(name)!;
    const limit = spec.below ?? spec.atMost;
    if (limit !== undefined) {
      let legal = constant(0, 'int')
        .le(x)
        .and(spec.below === undefined ? x.le(size(limit)) : x.lt(size(limit)));
      const ignored = ignoredLabel(spec, loss.options);
      if (ignored !== null) legal = legal.or(x.eq(ignored));
      if (spec.allow !== undefined) legal = legal.or(x.eq(spec.allow));
      if (spec.lengths !== undefined)
        legal = legal.or(iota(full.at(-1)!).lt(seen.get(spec.lengths)!.expandDims(-1)).not());
      seen.set(name, where(legal, x, 0));
      return [legal.not()];
    }
    if (spec.checked && spec.kind === 'probability') return [constant(0).le(x).and(x.le(1)).not()];
    if (spec.checked && spec.kind === 'nonNegative') return [constant(0).le(x).not()];
    return [];
  });
}

/** Multiplies what is illegal by NaN, so that value and gradient of that element are NaN; 1·x is exact elsewhere. */
function poisoned(terms: ReturnType<Loss['definition']['formula']>, illegal: readonly Expr[]): typeof terms {
  if (illegal.length === 0) return terms;
  const poison = (x: Expr): Expr =>
    illegal.reduce((value, bad) => {
      // An illegal entry spoils the example it belongs to: fold what the values have no axis for. Where that doesn't say
      // which example it is, it spoils all.
      const extra = Array.from({ length: Math.max(0, bad.rank - value.rank) }, (_, k) => value.rank + k);
      const own = extra.length > 0 ? bad.any(extra) : bad;
      const fits = own.shape.every((dim, axis) => dim === 1 || dim === value.shape[axis - own.rank + value.rank]);
      return value.mul(where(fits ? own : bad.any(), Number.NaN, 1));
    }, x);
  return {
    ...terms,
    values: poison(terms.values),
    ...(terms.contributions ? { contributions: poison(terms.contributions) } : {}),
  };
}
