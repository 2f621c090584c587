import * as z from 'zod';
import { LossInputError } from '../errors.ts';
import type { Sizes } from '../graph/dim.ts';
import type { Expr } from '../graph/expr.ts';
import type { InputSpec } from './inputs.ts';
import { parseOptions } from './options.ts';
import type { ResolvedInput, Signature } from './shapes.ts';

/** What a formula may return besides the unreduced loss itself. */
export interface LossTerms {
  /** The unreduced loss. */
  readonly values: Expr;
  /** What the mean sums, if it isn't the values (ctc divides each by its target's length). */
  readonly contributions?: Expr;
  /** What the mean divides by, if it isn't the number of values; a scalar. */
  readonly normalizer?: Expr;
}

/** Inputs of a loss, by name. */
export type InputSpecs = Readonly<Record<string, InputSpec>>;
/** Options of a loss as schemas of zod, by name. */
export type OptionSchemas = Readonly<Record<string, z.ZodType>>;
/** Options as a formula sees them: all there. */
export type OptionValues<O extends OptionSchemas> = { readonly [K in keyof O]: z.output<O[K]> };
/** Options as a caller writes them: those with a default may be left out. */
export type OptionArguments<O extends OptionSchemas> = { readonly [K in keyof O]?: z.input<O[K]> };
/** Inputs as a formula sees them; an optional one may be undefined. */
export type FormulaInputs<I extends InputSpecs> = {
  readonly [K in keyof I]: I[K] extends { readonly optional: true } ? Expr | undefined : Expr;
};

/** From unreduced values to the result; `partial` is numerator and normalizer of the mean, `batchmean` the sum over the size of the first axis. */
export type Reduction = 'none' | 'mean' | 'sum' | 'batchmean' | 'partial';

/** What people read about a loss; every text is one line of Markdown. */
export interface LossAbout {
  /** What it is, in one sentence. */
  readonly summary: string;
  /** The unreduced loss, in plain text. */
  readonly formula: string;
  /** When to use it. */
  readonly use: string;
  /** What libraries do differently, and what we do at the edges. */
  readonly conventions?: readonly string[];
  /** Papers and libraries, with versions. */
  readonly sources: readonly string[];
  /** For the picture of a loss of one prediction: over which predictions, beside which target. */
  readonly plot?: { readonly from?: number; readonly to?: number; readonly target?: number };
  /** Names elsewhere, by library. */
  readonly names?: Readonly<Record<string, string>>;
}

/** What {@link defineLoss} makes a loss of. */
export interface LossRecipe<I extends InputSpecs, O extends OptionSchemas> {
  /** camelCase; the name in vectors, protocol and docs. */
  readonly id: string;
  readonly aliases?: readonly string[];
  readonly family?: string;
  readonly about?: LossAbout;
  readonly inputs: I;
  readonly options?: O;
  /** Whether `batchmean` (sum over the size of the first axis) is a reduction of it. */
  readonly batchmean?: boolean;
  /** false: the loss couples examples, so that shards can't be merged and `partial` is refused. */
  readonly separable?: boolean;
  /** What no single option or shape says: the message of a BAD_OPTION, or an error of another code. `sizes` are those of the actual inputs. */
  precondition?(options: OptionValues<O>, given: GivenInputs): string | LossInputError | undefined;
  /** Why there is no gradient at all with these options, if there is none. */
  notDifferentiable?(options: OptionValues<O>): string | undefined;
  /** The unreduced loss. Runs when a backend compiles, once for each combination of ranks. */
  formula(inputs: FormulaInputs<I>, options: OptionValues<O>): Expr | LossTerms;
}

/** What a precondition sees of actual inputs. */
export interface GivenInputs {
  /** Whether an input is given. */
  has(input: string): boolean;
  readonly sizes: Sizes;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

/** A recipe with its types forgotten, as everything that works for any loss sees it. */
export interface LossDefinition {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly family: string;
  readonly about: LossAbout | undefined;
  readonly inputs: InputSpecs;
  readonly options: OptionSchemas;
  readonly reductions: readonly Reduction[];
  readonly separable: boolean;
  /** What is wrong with options and inputs together, if anything; see {@link LossRecipe.precondition}. */
  precondition(options: Readonly<Record<string, unknown>>, given: GivenInputs): string | LossInputError | undefined;
  /** Why there is no gradient with these options, if there is none. */
  notDifferentiable(options: Readonly<Record<string, unknown>>): string | undefined;
  /** For losses made of losses: their inputs' types, which no pattern says. Their parts see to masks, weights and guards. */
  resolve?(signature: Signature): ResolvedInput[];
  /** The terms of the unreduced loss. With `guard`, illegal values make their own elements NaN. */
  formula(
    inputs: Readonly<Record<string, Expr | undefined>>,
    options: Readonly<Record<string, unknown>>,
    guard?: boolean,
  ): LossTerms;
}

/** A loss with its options: frozen, comparable by {@link Loss.key}, serialisable. */
export interface Loss {
  readonly id: string;
  /** All options, defaults filled in. */
  readonly options: Readonly<Record<string, unknown>> & { readonly reduction: Reduction };
  readonly definition: LossDefinition;
  /** Equal for equal losses: id and options as text. */
  readonly key: string;
  /** The loss as plain data, for {@link lossFromJSON}. */
  toJSON(): { id: string; options: Readonly<Record<string, unknown>> };
}

/** Makes losses: `huber({ delta: 2, reduction: 'sum' })`. */
export interface LossFactory<O extends OptionSchemas = OptionSchemas> {
  (options?: OptionArguments<O> & { readonly reduction?: Reduction }): Loss;
  readonly id: string;
  readonly definition: LossDefinition;
}

const made = new WeakSet<LossDefinition>();

/** Whether this copy of core has made it: graphs of two copies don't mix. */
export const isDefinition = (definition: LossDefinition): boolean => made.has(definition);

/**
 * Defines a loss: inputs, options, and a formula in graph operations. Gradients, reductions, masks, weights, checks and
 * every backend follow from it. A loss of your own has every right that a built-in one has.
 *
 * @example
 * const logCosh = defineLoss({
 *   id: 'logCosh',
 *   inputs: { input: float('...'), target: float('...') },
 *   formula: ({ input, target }) => {
 *     const e = input.sub(target).abs();
 *     return e.add(e.mul(-2).softplus()).sub(Math.LN2);
 *   },
 * });
 */
export function defineLoss<const I extends InputSpecs, const O extends OptionSchemas = Record<never, never>>(
  recipe: LossRecipe<I, O>,
): LossFactory<O> {
  const separable = recipe.separable ?? true;
  const reductions: Reduction[] = ['none', 'mean', 'sum'];
  if (recipe.batchmean) reductions.push('batchmean');
  if (separable) reductions.push('partial');
  const definition: LossDefinition = Object.freeze({
    id: recipe.id,
    aliases: recipe.aliases ?? [],
    family: recipe.family ?? 'custom',
    about: recipe.about,
    inputs: recipe.inputs,
    options: { ...recipe.options, reduction: z.enum(reductions as [Reduction, ...Reduction[]]).default('mean') },
    reductions,
    separable,
    precondition: (options, given) => recipe.precondition?.(options as OptionValues<O>, given),
    notDifferentiable: (options) => recipe.notDifferentiable?.(options as OptionValues<O>),
    formula: (inputs, options) => {
      const result = recipe.formula(inputs as FormulaInputs<I>, options as OptionValues<O>);
      return 'values' in result ? result : { values: result };
    },
  } satisfies LossDefinition);
  made.add(definition);
  const factory = (options: Readonly<Record<string, unknown>> = {}): Loss => makeLoss(definition, options);
  return Object.assign(factory, { id: recipe.id, definition }) as LossFactory<O>;
}

/**
 * A loss from its definition and options as they come in (from JSON, say).
 * @throws LossInputError BAD_OPTION, naming the option, the legal range and the value.
 */
export function makeLoss(definition: LossDefinition, options: Readonly<Record<string, unknown>>): Loss {
  const parsed = Object.freeze(parseOptions(definition, options)) as Loss['options'];
  const id = definition.id;
  const text = JSON.stringify(parsed, (_, value) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
  return Object.freeze({
    id,
    options: parsed,
    definition,
    key: `${id}${text}`,
    toJSON: () => ({ id, options: parsed }),
  });
}

/** @throws LossInputError BAD_OPTION, or what the definition says */
export function checkPrecondition(loss: Loss, given: GivenInputs): void {
  const problem = loss.definition.precondition(loss.options, given);
  if (problem instanceof LossInputError) throw problem;
  if (problem !== undefined) throw new LossInputError('BAD_OPTION', `${loss.id}: ${problem}`);
}
