import { LossInputError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';

/** What a memory is, as plain data. */
export interface CrdMemoryState {
  readonly size: number;
  readonly dimension: number;
  readonly momentum: number;
  readonly normalizer: number | null;
  /** The state of the generator of negatives. */
  readonly seed: number;
  readonly bank: readonly number[];
}

/** Sizes of the memory, and how it changes. */
export interface CrdMemoryOptions {
  /** Examples in the data set: `crd`'s datasetSize. */
  readonly size: number;
  readonly dimension: number;
  /** How much of the old embedding stays when a new one comes; RepDistiller's default is 0.5. */
  readonly momentum?: number;
  /** Start of the generator of first embeddings and of negatives. */
  readonly seed?: number;
}

/**
 * One of the two memory banks of contrastive representation distillation: an embedding for every example of the data set,
 * out of which negatives are drawn and into which new embeddings are mixed. The loss `crd` is pure; this is its memory.
 *
 * @example
 * const teacher = new CrdMemory({ size: 50000, dimension: 128 });
 * const negatives = teacher.negatives(examples, 16384); // (N, K, D), none of them the example's own
 * evaluate(crd({ datasetSize: 50000 }), { anchor: student, positive: teacher.rows(examples), negatives });
 * teacher.update(examples, teacherEmbeddings);
 */
export class CrdMemory {
  readonly size: number;
  readonly dimension: number;
  readonly momentum: number;
  /** The normalizer that the first batch fixes; null before. Give it to `crd` as `normalizer`. */
  normalizer: number | null = null;
  #bank: Float32Array;
  #seed: number;

  /** @throws LossInputError BAD_OPTION */
  constructor({ size, dimension, momentum = 0.5, seed = 1 }: CrdMemoryOptions) {
    for (const [name, value] of Object.entries({ size, dimension })) {
      if (!Number.isInteger(value) || value <= 0)
        throw new LossInputError('BAD_OPTION', `CrdMemory: ${name} must be an integer > 0, not ${value}`);
    }
    if (!(momentum >= 0 && momentum < 1))
      throw new LossInputError('BAD_OPTION', `CrdMemory: momentum must be a number >= 0 and < 1, not ${momentum}`);
    this.size = size;
    this.dimension = dimension;
    this.momentum = momentum;
    this.#seed = seed >>> 0;
    // Uniform in ±1/√(D/3), as RepDistiller starts.
    const reach = 1 / Math.sqrt(dimension / 3);
    this.#bank = Float32Array.from({ length: size * dimension }, () => (2 * this.#random() - 1) * reach);
  }

  /** Embeddings of examples: (N, D). */
  rows(examples: ArrayLike<number>): Tensor {
    const d = this.dimension;
    const data = new Float32Array(examples.length * d);
    for (let n = 0; n < examples.length; n++) data.set(this.#row(examples[n]!, n), n * d);
    return { dtype: 'float32', shape: [examples.length, d], data };
  }

  /** `count` embeddings for each example, drawn from the others: (N, K, D). */
  negatives(examples: ArrayLike<number>, count: number): Tensor {
    if (this.size < 2)
      throw new LossInputError('BAD_OPTION', 'CrdMemory: there are no negatives in a data set of one example');
    const d = this.dimension;
    const data = new Float32Array(examples.length * count * d);
    for (let n = 0; n < examples.length; n++) {
      for (let k = 0; k < count; k++) {
        // One of the size − 1 others, each equally likely.
        const drawn = Math.floor(this.#random() * (this.size - 1));
        data.set(this.#row(drawn >= examples[n]! ? drawn + 1 : drawn, n), (n * count + k) * d);
      }
    }
    return { dtype: 'float32', shape: [examples.length, count, d], data };
  }

  /**
   * Mixes new embeddings (N, D) into those of the examples, and brings them to length 1.
   * @throws LossInputError SHAPE_MISMATCH, LABEL_OUT_OF_RANGE
   */
  update(examples: ArrayLike<number>, embeddings: Tensor): void {
    const d = this.dimension;
    if (embeddings.shape.length !== 2 || embeddings.shape[0] !== examples.length || embeddings.shape[1] !== d)
      throw new LossInputError(
        'SHAPE_MISMATCH',
        `embeddings have shape [${embeddings.shape.join(', ')}] where the memory takes [${examples.length}, ${d}]`,
        { input: 'embeddings' },
      );
    for (let n = 0; n < examples.length; n++) {
      const row = this.#row(examples[n]!, n);
      let squared = 0;
      row.forEach((old, k) => {
        const mixed = old * this.momentum + embeddings.data[n * d + k]! * (1 - this.momentum);
        row[k] = mixed;
        squared += mixed * mixed;
      });
      const length = Math.sqrt(squared);
      if (length > 0) for (let k = 0; k < d; k++) row[k]! /= length;
    }
  }

  /** The memory as plain data, for {@link CrdMemory.fromJSON}. */
  toJSON(): CrdMemoryState {
    return {
      size: this.size,
      dimension: this.dimension,
      momentum: this.momentum,
      normalizer: this.normalizer,
      seed: this.#seed,
      bank: Array.from(this.#bank),
    };
  }

  /** A memory as it was when `toJSON` was called; it goes on to draw what the other would have drawn. */
  static fromJSON(state: CrdMemoryState): CrdMemory {
    if (state.bank.length !== state.size * state.dimension)
      throw new LossInputError('BAD_TENSOR', 'CrdMemory: the state’s bank does not fit its sizes');
    const memory = new CrdMemory(state);
    memory.#bank.set(state.bank);
    memory.#seed = state.seed;
    memory.normalizer = state.normalizer;
    return memory;
  }

  #row(example: number, position: number): Float32Array {
    if (!Number.isInteger(example) || example < 0 || example >= this.size)
      throw new LossInputError('LABEL_OUT_OF_RANGE', `examples[${position}] = ${example} is not in [0, ${this.size})`, {
        input: 'examples',
        index: position,
      });
    return this.#bank.subarray(example * this.dimension, (example + 1) * this.dimension);
  }

  /** mulberry32: small, and the same everywhere; negatives must be reproducible, not secret. */
  #random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) >>> 0;
    let t = this.#seed;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
}
