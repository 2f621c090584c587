import * as z from 'zod';
import { LossInputError } from '../errors.ts';
import { type Dim, productOfDims } from '../graph/dim.ts';
import { constant, type Expr, iota, make, where } from '../graph/expr.ts';
import { renameDim, substitute } from '../graph/substitute.ts';
import { checkPrecondition, type Loss, type LossDefinition, makeLoss } from './define.ts';
import { graphDType, type InputSpec, ignoredLabel } from './inputs.ts';
import { bindSizes, inputSpec, type ResolvedInput, type Signature, signatureOf } from './shapes.ts';
import { reducedLoss, resolve } from './trace.ts';

/** A part of a combined loss: its weight (1 if only the loss is given), the loss, and, where names clash, what its inputs are called outside. */
export type Part = Loss | readonly [weight: number, loss: Loss, names?: Readonly<Record<string, string>>];

interface Member {
  readonly loss: Loss;
  /** The name outside of an input of the loss. */
  outside(name: string): string;
}

/**
 * One loss, one graph, of several reduced ones: Σ weight·loss. Inputs of the same name are shared, in a form that all parts
 * take (one-hot targets, where one of them takes labels, too); others need names of their own.
 *
 * @example
 * combine({ region: [0.5, dice({ activation: 'sigmoid' })], pixels: [0.5, sigmoidFocal()] });
 * combine({ task: crossEntropy(), weights: l2Penalty({ strength: 1e-4 }) });
 * @throws LossInputError BAD_OPTION: no parts, what is no part, a part that is not reduced to a scalar, inputs that can't be
 * one
 */
export function combine(parts: Readonly<Record<string, Part>>): Loss {
  const members = Object.entries(parts).map(([part, given]) => {
    const [weight, loss, names = {}] = Array.isArray(given) ? (given as Exclude<Part, Loss>) : [1, given as Loss];
    if (!Number.isFinite(weight) || loss?.options === undefined)
      throw new LossInputError('BAD_OPTION', `combine: ${part} must be a loss, or [weight, loss]`);
    const { reduction } = loss.options;
    if (reduction === 'none' || reduction === 'partial')
      throw new LossInputError(
        'BAD_OPTION',
        `combine: ${part} has reduction ${reduction}; parts must be reduced to a number`,
      );
    for (const name of Object.keys(names)) inputSpec(loss.definition, name);
    return { weight, loss, outside: (name: string) => names[name] ?? name, part, names };
  });
  if (members.length === 0) throw new LossInputError('BAD_OPTION', 'combine: there are no parts');
  const serialised = Object.fromEntries(
    members.map(({ part, weight, loss, names }) => [
      part,
      { weight, loss: loss.toJSON(), ...(Object.keys(names).length > 0 ? { inputs: names } : {}) },
    ]),
  );
  return composed('combine', members, { parts: serialised }, ['none', 'mean', 'sum'], (values) => ({
    values: values.map((value, k) => value.mul(members[k]!.weight)).reduce((a, b) => a.add(b)),
  }));
}

/**
 * One penalty over many tensors, each an input of its own name: the sum of all.
 *
 * @example
 * penalties(l2Penalty({ strength: 1e-4 }), ['kernel', 'bias']);
 */
export const penalties = (penalty: Loss, names: readonly string[]): Loss =>
  combine(Object.fromEntries(names.map((name) => [name, [1, penalty, { parameters: name }] as const])));

/**
 * Online hard example mining: the mean over the largest unreduced values alone.
 *
 * @param loss its own reduction is not used
 * @param keep how many, or which share (rounded up) of all values
 * @throws LossInputError BAD_OPTION
 */
export function hardest(loss: Loss, keep: { readonly count: number } | { readonly fraction: number }): Loss {
  const unreduced = makeLoss(loss.definition, { ...loss.options, reduction: 'none' });
  const share = 'fraction' in keep;
  const amount = share ? keep.fraction : keep.count;
  if (!(amount > 0 && (share ? amount <= 1 : Number.isInteger(amount))))
    throw new LossInputError(
      'BAD_OPTION',
      `hardest: ${share ? 'fraction must be a number > 0 and <= 1' : 'count must be an integer > 0'}, not ${amount}`,
    );
  return composed(
    'hardest',
    [{ loss: unreduced, outside: (name) => name }],
    { loss: unreduced.toJSON(), ...keep },
    ['none', 'mean', 'sum'],
    ([values]) => {
      const flat = values!.reshape([productOfDims(values!.shape)]);
      const order = flat.stopGradient().neg().argsort(0);
      const all = flat.count();
      const wanted = share ? all.mul(amount) : constant(amount);
      const kept = iota(flat.shape[0]!).toFloat().lt(wanted);
      return { values: where(kept, flat.gather(order, 0), 0).sum().div(kept.toFloat().sum()) };
    },
  );
}

/** A loss whose formula is made of other losses' graphs. */
function composed(
  id: string,
  members: readonly Member[],
  options: Readonly<Record<string, unknown>>,
  reductions: readonly ('none' | 'mean' | 'sum')[],
  formula: (values: Expr[]) => { values: Expr },
): Loss {
  const inputs: Record<string, InputSpec> = {};
  for (const { loss, outside } of members) {
    for (const [name, spec] of Object.entries(loss.definition.inputs)) {
      const other = inputs[outside(name)];
      const shared = other === undefined ? spec : inCommon(other, spec);
      if (shared === undefined) {
        throw new LossInputError(
          'BAD_OPTION',
          `${id}: ${outside(name)} is ${other!.kind} in one part and ${spec.kind} in another; give one of them another name`,
        );
      }
      inputs[outside(name)] = shared;
    }
  }
  const own = (member: Member, signature: Signature): Signature =>
    Object.fromEntries(
      Object.keys(member.loss.definition.inputs).flatMap((name) =>
        signature[member.outside(name)] === undefined ? [] : [[name, signature[member.outside(name)]!]],
      ),
    );
  const definition: LossDefinition = {
    id,
    aliases: [],
    family: 'composed',
    about: undefined,
    inputs,
    options: {
      ...Object.fromEntries(
        Object.entries(options).map(([name, value]) => [name, z.unknown().default(value as never)]),
      ),
      reduction: z.enum(reductions).default('mean'),
    },
    reductions,
    separable: false,
    precondition(_, { has, shapes }) {
      for (const member of members) {
        const names = Object.keys(member.loss.definition.inputs).filter((name) => has(member.outside(name)));
        const given = Object.fromEntries(names.map((name) => [name, shapes[member.outside(name)]!]));
        const resolved = resolve(member.loss, signatureOf(member.loss.definition, given));
        checkPrecondition(member.loss, {
          has: (name) => names.includes(name),
          sizes: bindSizes(resolved, given),
          shapes: given,
        });
      }
      return undefined;
    },
    notDifferentiable: () =>
      members.map(({ loss }) => loss.definition.notDifferentiable(loss.options)).find((reason) => reason !== undefined),
    resolve(signature) {
      for (const name of Object.keys(signature)) inputSpec(definition, name);
      return unify(members.map((member) => ({ ...member, resolved: resolve(member.loss, own(member, signature)) })));
    },
    formula(given, _, guard = false) {
      return formula(
        members.map((member) => {
          const signature = Object.fromEntries(
            Object.entries(given).flatMap(([name, x]) =>
              x === undefined
                ? []
                : [[name, { rank: x.rank, ones: x.shape.flatMap((dim, axis) => (dim === 1 ? [axis] : [])) }]],
            ),
          );
          const resolved = resolve(member.loss, own(member, signature));
          const leaves = new Map(resolved.map(({ name, type }) => [name, make('input', [], { name, type }) as Expr]));
          const names = new Map<string, Dim>();
          for (const { name, type } of resolved) {
            type.shape.forEach((dim, axis) => {
              if (typeof dim === 'string' && !/[+*]/.test(dim))
                names.set(dim, given[member.outside(name)]!.shape[axis]!);
            });
          }
          const { value } = reducedLoss(member.loss, resolved, leaves, guard);
          return substitute(
            [value],
            new Map([...leaves].map(([name, leaf]) => [leaf, given[member.outside(name)]!])),
            names,
          )[0]!;
        }),
      );
    },
  };
  return makeLoss(definition, {});
}

/** An input that is two inputs: the forms of the first that are of a type that the second has a form of. */
function inCommon(one: InputSpec, other: InputSpec): InputSpec | undefined {
  const forms = ({ or, ...spec }: InputSpec): InputSpec[] => [spec, ...(or === undefined ? [] : [or])];
  const types = new Set(forms(other).map(graphDType));
  const [first, second] = forms(one).filter((form) => types.has(graphDType(form)));
  if (first === undefined) return undefined;
  return { ...first, optional: one.optional && other.optional, ...(second === undefined ? {} : { or: second }) };
}

/** One set of sizes out of those of several losses that share inputs: what any of them calls equal is equal. */
function unify(parts: readonly (Member & { readonly resolved: readonly ResolvedInput[] })[]): ResolvedInput[] {
  const parent = new Map<string, string>();
  const find = (cell: string): string => {
    const up = parent.get(cell);
    return up === undefined || up === cell ? cell : find(up);
  };
  const isName = (dim: Dim): dim is string => typeof dim === 'string' && !/[+*]/.test(dim);
  const cell = (input: string, axis: number) => `${input} ${axis}`;
  parts.forEach(({ resolved, outside }, k) => {
    for (const { name, type } of resolved)
      type.shape.forEach((dim, axis) => {
        if (isName(dim)) parent.set(find(cell(outside(name), axis)), find(`${k}:${dim}`));
      });
  });
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const nameOf = (k: number, dim: string): string => {
    const root = find(`${k}:${dim}`);
    let name = names.get(root);
    if (name === undefined) {
      name = dim;
      for (let n = 2; taken.has(name); n++) name = `${dim}${n}`;
      taken.add(name);
      names.set(root, name);
    }
    return name;
  };
  const renamed = (k: number, dim: Dim): Dim => renameDim(dim, (name) => nameOf(k, name));
  const result = new Map<string, ResolvedInput>();
  parts.forEach(({ loss, resolved, outside }, k) => {
    for (const { name, spec, type, full } of resolved) {
      const shape = type.shape.map((dim) => renamed(k, dim));
      const before = result.get(outside(name));
      // A part may know an axis as a number (4 for boxes), or as computed (U+1), where another has a plain name.
      const known =
        before === undefined ? shape : before.type.shape.map((dim, axis) => (isName(dim) ? shape[axis]! : dim));
      const limit = spec.below ?? before?.spec.below;
      const merged: InputSpec = {
        ...(before?.spec ?? spec),
        checked: spec.checked || before?.spec.checked === true,
        ...(limit === undefined ? {} : { below: before?.spec.below ?? (renamed(k, limit) as string) }),
        ...(spec.atMost === undefined ? {} : { atMost: renamed(k, spec.atMost) as string }),
        ...(spec.lengths === undefined ? {} : { lengths: outside(spec.lengths) }),
      };
      const ignored = ignoredLabel(spec, loss.options);
      const { ignore: _, ...rest } = merged;
      result.set(outside(name), {
        name: outside(name),
        spec: ignored === null ? rest : { ...rest, ignore: ignored },
        type: { dtype: type.dtype, shape: known },
        full: full.map((dim) => renamed(k, dim)),
      });
    }
  });
  return [...result.values()];
}
