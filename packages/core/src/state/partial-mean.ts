import { LossInputError } from '../errors.ts';
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts';
import {
  type NumberJSON,
  numberFromJSON,
  numberToJSON,
  type TensorJSON,
  tensorFromJSON,
  tensorToJSON,
} from '../tensor-json.ts';

/** The sums so far, as plain data: survives JSON and structured cloning. */
export interface PartialMeanState {
  /** How many parts were added. */
  readonly parts: number;
  readonly numerator: NumberJSON;
  readonly normalizer: NumberJSON;
  /** Of the numerator. */
  readonly gradients: Readonly<Record<string, TensorJSON>>;
}

/** What a loss with `reduction: 'partial'` gives, on any backend. */
export interface PartialSums {
  /** Numerator and normalizer of the mean. */
  readonly value: TensorLike;
  /** Of the numerator, with respect to what all parts share: a model's parameters, prototypes. */
  readonly gradients?: Readonly<Record<string, TensorLike>>;
}

/**
 * The mean of a loss over more than one call sees: the shards of a data set, the micro-batches of a training step. Each
 * part is computed with `reduction: 'partial'`; the mean is the sum of their numerators over the sum of their normalizers,
 * and so is its gradient. The mean of the parts' means is another number wherever the parts differ in what they count:
 * rows, masks, ignored labels, weights.
 *
 * Sums are of float64, so no more is lost than each part has lost. A part in float32 counts exactly up to 2²⁴.
 *
 * @example
 * const loss = crossEntropy({ reduction: 'partial' });
 * const mean = new PartialMean();
 * for (const batch of batches) mean.add(evaluate(loss, batch));
 * mean.value; // that of crossEntropy() over all batches in one
 */
export class PartialMean {
  #parts = 0;
  #numerator = 0;
  #normalizer = 0;
  readonly #gradients = new Map<string, Tensor>();

  /** How many parts were added, those of merged ones included. */
  get parts(): number {
    return this.#parts;
  }

  get numerator(): number {
    return this.#numerator;
  }

  /**
   * What the mean divides by. For an input of one part only (its logits) the mean's gradient is that of the part's own
   * numerator divided by this, once all parts are in.
   */
  get normalizer(): number {
    return this.#normalizer;
  }

  /** The mean; NaN where nothing counts, as for an empty batch. */
  get value(): number {
    return this.#numerator / this.#normalizer;
  }

  /**
   * Gradients of the mean, float64; 0 where nothing counts, as for an empty batch. The normalizer is taken for a constant:
   * it is one for predictions and all they are made of, but not for weights that the mean divides by.
   */
  get gradients(): Readonly<Record<string, Tensor>> {
    const mean = (sum: number) => (sum === 0 && this.#normalizer === 0 ? 0 : sum / this.#normalizer);
    return Object.fromEntries(
      [...this.#gradients].map(([name, sums]) => [name, { ...sums, data: Float64Array.from(sums.data, mean) }]),
    );
  }

  /**
   * Adds a part.
   * @throws LossInputError SHAPE_MISMATCH: a value that is no partial sums, a gradient of another shape than before;
   * MISSING_INPUT, UNKNOWN_INPUT: gradients with respect to less or more than before. Nothing is added then.
   */
  add({ value, gradients = {} }: PartialSums): this {
    const sums = toTensor(value, 'float64', 'value');
    if (sums.shape.length !== 1 || sums.shape[0] !== 2)
      throw new LossInputError(
        'SHAPE_MISMATCH',
        `value has shape [${sums.shape.join(', ')}] where partial sums have [2]: use reduction 'partial'`,
        { input: 'value' },
      );
    this.#include(1, sums.data[0]!, sums.data[1]!, new Map(Object.entries(gradients).map(float64)));
    return this;
  }

  /**
   * Adds all parts of another: of a thread, a process, a machine.
   * @throws LossInputError as `add`
   */
  merge(other: PartialMean): this {
    if (other.#parts > 0) this.#include(other.#parts, other.#numerator, other.#normalizer, other.#gradients);
    return this;
  }

  /** The sums as plain data, for {@link PartialMean.fromJSON}. */
  toJSON(): PartialMeanState {
    return {
      parts: this.#parts,
      numerator: numberToJSON(this.#numerator),
      normalizer: numberToJSON(this.#normalizer),
      gradients: Object.fromEntries([...this.#gradients].map(([name, sums]) => [name, tensorToJSON(sums)])),
    };
  }

  /**
   * One with the sums that another had when `toJSON` was called.
   * @throws LossInputError BAD_TENSOR
   */
  static fromJSON({ parts, numerator, normalizer, gradients }: PartialMeanState): PartialMean {
    const mean = new PartialMean();
    const sums = [numerator, normalizer].map(numberFromJSON);
    if (!Number.isInteger(parts) || parts < 0 || sums.includes(undefined))
      throw new LossInputError('BAD_TENSOR', 'PartialMean: the state’s parts, numerator and normalizer are no numbers');
    const slopes = Object.entries(gradients).map(([name, json]) => float64([name, tensorFromJSON(json, name)]));
    mean.#include(parts, sums[0]!, sums[1]!, new Map(slopes));
    return mean;
  }

  #include(parts: number, numerator: number, normalizer: number, gradients: ReadonlyMap<string, Tensor>): void {
    if (this.#parts > 0) this.#checkLike(gradients);
    this.#parts += parts;
    this.#numerator += numerator;
    this.#normalizer += normalizer;
    for (const [name, { data, ...tensor }] of gradients) {
      const sums = this.#gradients.get(name)?.data;
      // A copy: the caller's arrays may be written again.
      if (sums === undefined) this.#gradients.set(name, { ...tensor, data: data.slice() });
      else for (let k = 0; k < sums.length; k++) sums[k]! += data[k]!;
    }
  }

  /** A part without a gradient that others have would be as one whose gradient is 0. */
  #checkLike(gradients: ReadonlyMap<string, Tensor>): void {
    for (const name of this.#gradients.keys())
      if (!gradients.has(name))
        throw new LossInputError('MISSING_INPUT', `the gradient for ${name} is missing, which the parts before have`, {
          input: name,
        });
    for (const [name, { shape }] of gradients) {
      const before = this.#gradients.get(name)?.shape;
      if (before === undefined)
        throw new LossInputError('UNKNOWN_INPUT', `a gradient for ${name}, which the parts before don't have`, {
          input: name,
        });
      if (before.join() !== shape.join())
        throw new LossInputError(
          'SHAPE_MISMATCH',
          `the gradient for ${name} has shape [${shape.join(', ')}] where that of the parts before has [${before.join(', ')}]`,
          { input: name },
        );
    }
  }
}

/** An entry with its tensor in float64. */
function float64([name, value]: readonly [string, TensorLike]): [string, Tensor] {
  const { shape, data } = toTensor(value, 'float64', name);
  return [name, { dtype: 'float64', shape, data: data instanceof Float64Array ? data : Float64Array.from(data) }];
}
