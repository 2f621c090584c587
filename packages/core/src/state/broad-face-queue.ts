import { LossInputError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';

/** What a queue is, as plain data: survives JSON and structured cloning. */
export interface BroadFaceQueueState {
  readonly capacity: number;
  readonly dimension: number;
  /** Oldest first; rows of `dimension` numbers. */
  readonly features: readonly number[];
  readonly prototypes: readonly number[];
  readonly targets: readonly number[];
}

/**
 * The queue of past embeddings that `broadFace` scores beside the batch: first in, first out, with each embedding's label
 * and its class's prototype as it was then. The loss is pure; this is its memory.
 *
 * @example
 * const queue = new BroadFaceQueue({ capacity: 8192, dimension: 512 });
 * const { value } = evaluate(broadFace(), { input, prototypes, target, ...queue.inputs() });
 * queue.push(input, target, prototypes);
 */
export class BroadFaceQueue {
  readonly capacity: number;
  readonly dimension: number;
  #features: Float32Array;
  #prototypes: Float32Array;
  #targets: Int32Array;
  /** Where the next entry goes, and how many there are. */
  #next = 0;
  #size = 0;

  /** @throws LossInputError BAD_OPTION: a capacity or dimension that is no positive integer */
  constructor({ capacity, dimension }: { readonly capacity: number; readonly dimension: number }) {
    for (const [name, value] of Object.entries({ capacity, dimension })) {
      if (!Number.isInteger(value) || value <= 0)
        throw new LossInputError('BAD_OPTION', `BroadFaceQueue: ${name} must be an integer > 0, not ${value}`);
    }
    this.capacity = capacity;
    this.dimension = dimension;
    this.#features = new Float32Array(capacity * dimension);
    this.#prototypes = new Float32Array(capacity * dimension);
    this.#targets = new Int32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Remembers a batch: embeddings (N, D), labels (N), and all prototypes (K, D), of which each label's own is kept.
   * @throws LossInputError SHAPE_MISMATCH, LABEL_OUT_OF_RANGE; the queue is then as it was
   */
  push(input: Tensor, target: Tensor, prototypes: Tensor): void {
    const d = this.dimension;
    const rows = target.data.length;
    if (input.shape.length !== 2 || input.shape[1] !== d || input.shape[0] !== rows)
      throw new LossInputError(
        'SHAPE_MISMATCH',
        `input has shape [${input.shape.join(', ')}] where the queue takes [${rows}, ${d}]`,
        { input: 'input' },
      );
    if (prototypes.shape.length !== 2 || prototypes.shape[1] !== d)
      throw new LossInputError(
        'SHAPE_MISMATCH',
        `prototypes have shape [${prototypes.shape.join(', ')}] where the queue takes rows of ${d}`,
        { input: 'prototypes' },
      );
    const classes = prototypes.shape[0]!;
    target.data.forEach((label, index) => {
      if (label < 0 || label >= classes)
        throw new LossInputError('LABEL_OUT_OF_RANGE', `target[${index}] = ${label} is not in [0, ${classes})`, {
          input: 'target',
          index,
        });
    });
    for (let row = 0; row < rows; row++) {
      const label = target.data[row]!;
      this.#features.set(input.data.subarray(row * d, (row + 1) * d), this.#next * d);
      this.#prototypes.set(prototypes.data.subarray(label * d, (label + 1) * d), this.#next * d);
      this.#targets[this.#next] = label;
      this.#next = (this.#next + 1) % this.capacity;
      this.#size = Math.min(this.#size + 1, this.capacity);
    }
  }

  /** The queue as inputs of `broadFace`, oldest first. */
  inputs(): { queueFeatures: Tensor; queueTargets: Tensor; queuePrototypes: Tensor } {
    const d = this.dimension;
    const order = Int32Array.from(
      { length: this.#size },
      (_, k) => (this.#next - this.#size + k + this.capacity) % this.capacity,
    );
    const rows = (data: Float32Array): Tensor => {
      const result = new Float32Array(this.#size * d);
      order.forEach((at, k) => {
        result.set(data.subarray(at * d, (at + 1) * d), k * d);
      });
      return { dtype: 'float32', shape: [this.#size, d], data: result };
    };
    return {
      queueFeatures: rows(this.#features),
      queueTargets: { dtype: 'int32', shape: [this.#size], data: order.map((at) => this.#targets[at]!) },
      queuePrototypes: rows(this.#prototypes),
    };
  }

  /** The queue as plain data, for {@link BroadFaceQueue.fromJSON}. */
  toJSON(): BroadFaceQueueState {
    const { queueFeatures, queueTargets, queuePrototypes } = this.inputs();
    return {
      capacity: this.capacity,
      dimension: this.dimension,
      features: Array.from(queueFeatures.data),
      prototypes: Array.from(queuePrototypes.data),
      targets: Array.from(queueTargets.data),
    };
  }

  /** A queue as it was when `toJSON` was called. */
  static fromJSON(state: BroadFaceQueueState): BroadFaceQueue {
    const queue = new BroadFaceQueue(state);
    const size = state.targets.length;
    if (
      size > state.capacity ||
      state.features.length !== size * state.dimension ||
      state.prototypes.length !== size * state.dimension
    )
      throw new LossInputError('BAD_TENSOR', 'BroadFaceQueue: the state’s arrays do not fit its sizes');
    queue.#features.set(state.features);
    queue.#prototypes.set(state.prototypes);
    queue.#targets.set(state.targets);
    queue.#size = size;
    queue.#next = size % state.capacity;
    return queue;
  }
}
