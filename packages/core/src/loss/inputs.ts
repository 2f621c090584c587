import type { DType } from '../graph/type.ts';

/** What an input holds. Gradients exist for the first four. */
export type Kind =
  | 'float'
  | 'nonNegative'
  | 'probability'
  | 'logProbability'
  | 'index'
  | 'sign'
  | 'binary'
  | 'mask'
  | 'length';

/**
 * What a loss takes under one name. The shape is a pattern of named sizes: the same name is the same size in every
 * input, `...` is any number of axes (the same in every input), `@C` is the class axis, placed by the option
 * `classAxis`, and `|` separates alternatives by rank (`N D | D`), of which all inputs take the same one.
 */
export interface InputSpec {
  readonly kind: Kind;
  readonly shape: string;
  readonly optional: boolean;
  /** Repeats right-aligned, as in numpy, to the shape. */
  readonly broadcast: boolean;
  /** Repeats against the other inputs of this shape: any axis may be 1. */
  readonly mutual?: boolean;
  /** index: labels are in [0, this size). */
  readonly below?: string;
  /** index: a label which is legal although out of range, or the option that names it. */
  readonly ignore?: string | number;
  /** index: a label that is legal although out of range. */
  readonly allow?: number;
  /** index: the input that says how many entries of each row are read; what follows is padding. */
  readonly lengths?: string;
  /** length: lengths are in [0, this size]. */
  readonly atMost?: string;
  /** Whether values outside the kind's domain are an error. */
  readonly checked: boolean;
  /** weight: what the mean divides by. */
  readonly meanOver?: 'weights' | 'count';
  /** The same input in another kind and shape, told apart by rank. */
  readonly or?: InputSpec;
}

/** An input that may be left out, in the types of a formula. */
export type Optional<S> = S & { readonly optional: true };

const input = (kind: Kind, shape: string, more: Partial<InputSpec> = {}): InputSpec => ({
  kind,
  shape,
  optional: false,
  broadcast: false,
  checked: false,
  ...more,
});

/** Any real number. */
export const float = (shape: string): InputSpec => input('float', shape);
/** A number in [0, 1]; `checked` makes anything else, NaN too, VALUE_OUT_OF_DOMAIN. */
export const probability = (shape: string, more: { checked?: boolean } = {}): InputSpec =>
  input('probability', shape, more);
/** A logarithm of a probability. */
export const logProbability = (shape: string): InputSpec => input('logProbability', shape);
/** A class label. */
export const index = (
  shape: string,
  more: { below?: string; ignore?: string; allow?: number; lengths?: string } = {},
): InputSpec => input('index', shape, more);
/** A number >= 0; anything else, NaN too, is VALUE_OUT_OF_DOMAIN. */
export const nonNegative = (shape: string): InputSpec => input('nonNegative', shape, { checked: true });
/** −1 or 1. */
export const sign = (shape: string): InputSpec => input('sign', shape);
/** 0 or 1. */
export const binary = (shape: string): InputSpec => input('binary', shape);
/** How many steps of each row are valid. */
export const length = (shape: string, more: { atMost: string }): InputSpec => input('length', shape, more);
/** Labels, or another form of the target with another rank. */
export const either = (first: InputSpec, second: InputSpec): InputSpec => ({ ...first, or: second });
/** An input that may be left out: the formula gets undefined for it. */
export const optional = <S extends InputSpec>(spec: S): Optional<S> => ({ ...spec, optional: true });
/** An optional input that repeats to `shape`. */
export const broadcast = <S extends InputSpec>(spec: S): Optional<S> => ({ ...spec, optional: true, broadcast: true });

/** An input that must be given and repeats to `shape`. */
export const repeated = <S extends InputSpec>(spec: S): S => ({ ...spec, broadcast: true });
/** Inputs that repeat against one another: n×1 beside 1×n gives n×n. */
export const mutual = <S extends InputSpec>(spec: S): S => ({ ...spec, mutual: true });

/** Optional elementwise weights; `meanOver` says whether the mean divides by their sum or by the count. */
export const weight = (shape: string, meanOver: 'weights' | 'count'): Optional<InputSpec> =>
  broadcast({ ...input('float', shape), meanOver });
/** An optional mask of what counts: true = counts. */
export const mask = (shape: string): Optional<InputSpec> => broadcast(input('mask', shape));

/** Whether there are gradients with respect to such an input. */
export const isDifferentiable = (spec: InputSpec): boolean =>
  spec.kind === 'float' || spec.kind === 'nonNegative' || spec.kind === 'probability' || spec.kind === 'logProbability';

/** The dtype a formula sees. */
export function graphDType(spec: InputSpec): DType {
  return spec.kind === 'index' || spec.kind === 'length' ? 'int' : spec.kind === 'mask' ? 'bool' : 'float';
}

/** What every elementwise regression takes; a weighted mean divides by the weights. */
export const regressionInputs = {
  input: float('...'),
  target: float('...'),
  weight: weight('...', 'weights'),
  mask: mask('...'),
} as const;

/** The label that a loss with these options leaves out, if any. */
export function ignoredLabel({ ignore }: InputSpec, options: Readonly<Record<string, unknown>>): number | null {
  if (ignore === undefined) return null;
  return typeof ignore === 'number' ? ignore : (options[ignore] as number | null);
}
