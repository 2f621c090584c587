import { LossInputError } from '../errors.ts';
import { type Dim, type Sizes, sizeOfDim } from '../graph/dim.ts';
import type { TensorType } from '../graph/type.ts';
import type { LossDefinition } from './define.ts';
import { graphDType, type InputSpec } from './inputs.ts';

/** What is known of an input when compiling: its rank, and which axes of one that broadcasts are literally 1. */
export interface InputSignature {
  readonly rank: number;
  /** Ascending axes of size 1; matters only for inputs that broadcast. */
  readonly ones?: readonly number[];
  /** Set where an input's alternatives have one rank; not needed by any loss so far. */
  readonly dtype?: 'float' | 'int' | 'bool';
}

/** The inputs given, by name: with the loss, the dtype and the gradients, what a compilation depends on. */
export type Signature = Readonly<Record<string, InputSignature>>;

/** An input as one compilation sees it: the spec that its rank chose, its type, and the sizes it stands for before broadcasting. */
export interface ResolvedInput {
  readonly name: string;
  readonly spec: InputSpec;
  readonly type: TensorType;
  readonly full: readonly Dim[];
}

/** @throws LossInputError UNKNOWN_INPUT */
export function inputSpec(definition: LossDefinition, name: string): InputSpec {
  if (Object.hasOwn(definition.inputs, name)) return definition.inputs[name]!;
  const known = Object.keys(definition.inputs).join(', ');
  throw new LossInputError('UNKNOWN_INPUT', `${definition.id} has no input ${name}; it has ${known}`, { input: name });
}

/** The signature of actual shapes. */
export function signatureOf(
  definition: LossDefinition,
  shapes: Readonly<Record<string, readonly number[]>>,
): Signature {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const { broadcast, mutual } = inputSpec(definition, name);
      const ones = broadcast || mutual ? shape.flatMap((size, axis) => (size === 1 ? [axis] : [])) : [];
      return [name, { rank: shape.length, ...(ones.length > 0 ? { ones } : {}) }];
    }),
  );
}

/** What tells two signatures apart. */
export const signatureKey = (signature: Signature): string =>
  Object.keys(signature)
    .sort()
    .map(
      (name) =>
        `${name}:${signature[name]!.rank}${signature[name]!.ones?.length ? `/${signature[name]!.ones!.join('.')}` : ''}`,
    )
    .join(' ');

const names = (pattern: string): string[] => pattern.trim().split(/\s+/).filter(Boolean);

/**
 * Types of all inputs given, from their patterns.
 * @throws LossInputError UNKNOWN_INPUT, MISSING_INPUT, RANK_MISMATCH
 */
export function resolveInputs(
  definition: LossDefinition,
  options: Readonly<Record<string, unknown>>,
  signature: Signature,
): ResolvedInput[] {
  for (const name of Object.keys(signature)) inputSpec(definition, name);
  for (const [name, spec] of Object.entries(definition.inputs)) {
    if (!spec.optional && signature[name] === undefined)
      throw new LossInputError('MISSING_INPUT', `${definition.id} needs the input ${name} (${describeInput(spec)})`, {
        input: name,
      });
  }
  // `...` starts with the batch, unless a pattern names that itself.
  const namesBatch = Object.values(definition.inputs).some(
    (spec) => names(spec.shape).includes('N') && spec.shape.includes('...'),
  );
  const state: { rest: Dim[] | undefined; alternative: number | undefined } = {
    rest: undefined,
    alternative: undefined,
  };
  const given = Object.entries(definition.inputs).filter(([name]) => signature[name] !== undefined);
  const resolved = new Map<string, ResolvedInput>();
  // Inputs that broadcast come last: they bind nothing.
  for (const [name, spec] of [...given.filter(([, s]) => !s.broadcast), ...given.filter(([, s]) => s.broadcast)]) {
    resolved.set(name, resolveInput(name, spec, signature[name]!));
  }
  return given.map(([name]) => resolved.get(name)!);

  function resolveInput(name: string, spec: InputSpec, { rank, ones = [] }: InputSignature): ResolvedInput {
    if (spec.broadcast) {
      const full = dimsOf(spec, name, undefined)!;
      if (rank > full.length) throw rankMismatch(name, spec, rank, `at most ${full.length}`);
      const shape = full.slice(full.length - rank).map((dim, axis) => (ones.includes(axis) ? 1 : dim));
      return { name, spec, full, type: { dtype: graphDType(spec), shape } };
    }
    for (const candidate of [spec, ...(spec.or ? [spec.or] : [])]) {
      const full = dimsOf(candidate, name, rank);
      if (full !== undefined)
        return {
          name,
          spec: candidate,
          full,
          type: {
            dtype: graphDType(candidate),
            shape: candidate.mutual ? full.map((dim, axis) => (ones.includes(axis) ? 1 : dim)) : full,
          },
        };
    }
    throw rankMismatch(name, spec, rank, expectedRank(spec));
  }

  /** The sizes of a pattern, binding `...` and the alternative if they are still free; undefined if the rank does not fit. */
  function dimsOf(spec: InputSpec, name: string, rank: number | undefined): Dim[] | undefined {
    const alternatives = spec.shape.split('|').map(names);
    if (alternatives.length > 1) {
      state.alternative ??= alternatives.findIndex((tokens) => tokens.length === rank);
      const tokens = alternatives[state.alternative];
      if (state.alternative === -1) state.alternative = undefined;
      return tokens !== undefined && (rank === undefined || tokens.length === rank) ? tokens : undefined;
    }
    const tokens = alternatives[0]!;
    const fixed = tokens.filter((token) => token !== '...');
    if (fixed.length < tokens.length) {
      if (rank !== undefined && rank < fixed.length) return undefined;
      if (state.rest === undefined && rank !== undefined)
        state.rest = Array.from({ length: rank - fixed.length }, (_, axis) =>
          axis === 0 && !namesBatch ? 'N' : `D${axis}`,
        );
      if (state.rest === undefined)
        throw new LossInputError('MISSING_INPUT', `the shape of ${name} is that of an input that was not given`, {
          input: name,
        });
    }
    const rest = state.rest ?? [];
    const length = fixed.length + (fixed.length < tokens.length ? rest.length : 0);
    if (rank !== undefined && rank !== length) return undefined;
    const classes = fixed.find((token) => token.startsWith('@'));
    if (classes === undefined)
      return tokens.flatMap((token) => (token === '...' ? rest : [/^\d+$/.test(token) ? Number(token) : token]));
    const axis = classAxisOf(options, rest.length + 1, name);
    return [...rest.slice(0, axis), classes.slice(1), ...rest.slice(axis)];
  }

  function expectedRank(spec: InputSpec): string {
    const ranks = [spec, ...(spec.or ? [spec.or] : [])].flatMap((candidate) =>
      candidate.shape.split('|').map((pattern) => {
        const tokens = names(pattern);
        return tokens.includes('...')
          ? state.rest === undefined
            ? `>= ${tokens.length - 1}`
            : `${tokens.length - 1 + state.rest.length}`
          : `${tokens.length}`;
      }),
    );
    return ranks.join(' or ');
  }

  function rankMismatch(name: string, spec: InputSpec, rank: number, expected: string): LossInputError {
    return new LossInputError(
      'RANK_MISMATCH',
      `${name} has rank ${rank} where ${definition.id} takes rank ${expected} (${describeInput(spec)})`,
      { input: name },
    );
  }
}

/** The class axis counted from the front; classes alone (rank 1) are axis 0 whatever the option says. */
export function classAxisOf(options: Readonly<Record<string, unknown>>, rank: number, input = 'input'): number {
  if (rank === 1) return 0;
  const axis = options.classAxis as number;
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 0 || positive >= rank)
    throw new LossInputError('RANK_MISMATCH', `classAxis ${axis} does not exist in ${input} of rank ${rank}`, {
      input,
    });
  return positive;
}

/**
 * The named sizes, from actual shapes.
 * @throws LossInputError SHAPE_MISMATCH
 */
export function bindSizes(
  inputs: readonly ResolvedInput[],
  shapes: Readonly<Record<string, readonly number[]>>,
): Sizes {
  const sizes = new Map<string, number>();
  const boundBy = new Map<string, string>();
  const isName = (dim: Dim): dim is string => typeof dim === 'string' && !/[+*]/.test(dim);
  const axes = [...inputs]
    .sort((a, b) => Number(a.spec.broadcast) - Number(b.spec.broadcast))
    .flatMap((input) =>
      input.type.shape.map((dim, axis) => ({ ...input, dim, axis, size: shapes[input.name]![axis]! })),
    );
  // Names first: what is computed from them (U+1) can only be compared.
  for (const { name, spec, dim, axis, size } of [
    ...axes.filter(({ dim }) => isName(dim)),
    ...axes.filter(({ dim }) => !isName(dim)),
  ]) {
    if (isName(dim) && !sizes.has(dim)) {
      sizes.set(dim, size);
      boundBy.set(dim, name);
      continue;
    }
    const expected = sizeOfDim(dim, sizes);
    if (expected === size) continue;
    const other = boundBy.get(String(dim));
    const like =
      other && other !== name
        ? `, as in ${other} of shape [${shapes[other]!.join(', ')}]`
        : isName(dim)
          ? ''
          : ` (${dim})`;
    throw new LossInputError(
      'SHAPE_MISMATCH',
      `${name} has shape [${shapes[name]!.join(', ')}]: axis ${axis} should be ${expected}${like}${spec.broadcast ? ' or 1' : ''}`,
      { input: name },
    );
  }
  return sizes;
}

/** A short description for messages and docs: `int32 labels, shape (N, D1)`. */
export function describeInput(spec: InputSpec): string {
  const kinds = {
    float: 'float',
    nonNegative: 'float >= 0',
    probability: 'probabilities',
    logProbability: 'log-probabilities',
    index: 'int32 labels',
    sign: '−1 or 1',
    binary: '0 or 1',
    mask: 'bool',
    length: 'int32 lengths',
  };
  const shape = spec.shape.split('|').map((pattern) => {
    const tokens = names(pattern);
    const classes = tokens.some((token) => token.startsWith('@'));
    return `(${tokens.map((token) => token.replace('@', '')).join(', ')})${classes ? ' with the classes at classAxis' : ''}`;
  });
  const text = `${kinds[spec.kind]}, shape ${shape.join(' or ')}${spec.broadcast && spec.shape !== '' ? ', broadcast' : ''}`;
  return spec.or === undefined ? text : `${text}; or ${describeInput(spec.or)}`;
}
