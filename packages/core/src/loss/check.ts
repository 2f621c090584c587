import { LossInputError } from '../errors.ts';
import { type Sizes, sizeOfDim } from '../graph/dim.ts';
import { broadcast, type NDArray } from '../graph/ndarray.ts';
import { type FloatDType, type Tensor, type TensorDType, type TensorLike, toTensor } from '../tensor.ts';
import { checkPrecondition, type Loss } from './define.ts';
import { graphDType, type InputSpec, ignoredLabel } from './inputs.ts';
import { bindSizes, inputSpec, type ResolvedInput, type Signature, signatureOf } from './shapes.ts';
import { resolve } from './trace.ts';

/** What callers hand to a loss, by name. An input that is undefined is not given. */
export type LossInputs = Readonly<Record<string, TensorLike | undefined>>;

/** Inputs that fit a loss, as tensors, with what was read off them. */
export interface CheckedInputs {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly resolved: readonly ResolvedInput[];
  readonly signature: Signature;
  readonly sizes: Sizes;
}

/**
 * Checks everything that can be wrong with inputs, the same for every backend: names, tensors, dtypes, ranks, shapes,
 * labels, lengths, and the values that the loss says it checks.
 * @throws LossInputError with the code, the input and the position
 */
export function checkInputs(loss: Loss, inputs: LossInputs, dtype: FloatDType = 'float64'): CheckedInputs {
  const { definition } = loss;
  const tensors: Record<string, Tensor> = {};
  for (const [name, value] of Object.entries(inputs)) {
    if (value === undefined) continue;
    const spec = inputSpec(definition, name);
    tensors[name] = toTensor(value, fallback(spec, dtype), name);
  }
  const shapes = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.shape]));
  const signature = signatureOf(definition, shapes);
  const resolved = resolve(loss, signature);
  for (const { name, spec } of resolved) {
    tensors[name] = settle(tensors[name]!, inputs[name]!, name, spec, dtype);
    checkDType(name, spec, tensors[name]);
  }
  const sizes = bindSizes(resolved, shapes);
  checkPrecondition(loss, { has: (name) => tensors[name] !== undefined, sizes, shapes });
  for (const input of resolved) checkValues(loss, input, tensors, resolved, sizes);
  return { tensors, resolved, signature, sizes };
}

/** The dtype of plain numbers. Where labels and probabilities are told apart by rank, that has to wait: {@link settle}. */
function fallback(spec: InputSpec, dtype: FloatDType): TensorDType {
  return spec.or !== undefined ? 'float64' : plainDType(spec, dtype);
}

const plainDType = (spec: InputSpec, dtype: FloatDType): TensorDType =>
  (({ float: dtype, int: 'int32', bool: 'bool' }) as const)[graphDType(spec)];

/** Gives plain numbers the dtype of the form that their rank has chosen. */
function settle(tensor: Tensor, value: TensorLike, name: string, spec: InputSpec, dtype: FloatDType): Tensor {
  const plain = typeof value === 'number' || Array.isArray(value);
  return plain && tensor.dtype === 'float64'
    ? toTensor({ shape: tensor.shape, data: Array.from(tensor.data) }, plainDType(spec, dtype), name)
    : tensor;
}

function checkDType(name: string, spec: InputSpec, { dtype }: Tensor): void {
  const signed = spec.kind === 'sign' || spec.kind === 'binary';
  const wanted = {
    float: ['float32', 'float64', ...(signed ? ['int32', ...(spec.kind === 'binary' ? ['bool'] : [])] : [])],
    int: ['int32'],
    bool: ['bool'],
  }[graphDType(spec)];
  if (!wanted.includes(dtype))
    throw new LossInputError('BAD_DTYPE', `${name} is ${dtype}; it must be ${wanted.join(' or ')}`, { input: name });
}

/** Which entries count, as far as that is known before computing: not masked, not padding. */
function counted(
  input: ResolvedInput,
  tensors: Readonly<Record<string, Tensor>>,
  resolved: readonly ResolvedInput[],
): (position: number) => boolean {
  const shape = tensors[input.name]!.shape;
  const tests: ((position: number) => boolean)[] = [];
  const mask = resolved.find(({ name }) => name === 'mask');
  if (mask?.full.every((dim) => input.full.includes(dim))) {
    // The mask's axes where this input has them, 1 elsewhere.
    const own = tensors.mask!;
    const aligned = input.full.map((dim) =>
      mask.full.includes(dim) ? (own.shape.at(mask.full.indexOf(dim) - mask.full.length) ?? 1) : 1,
    );
    const seen = broadcast({ shape: aligned, data: own.data } as NDArray, shape).data;
    tests.push((position) => seen[position] === 1);
  }
  const lengths = input.spec.lengths === undefined ? undefined : tensors[input.spec.lengths]!;
  if (lengths !== undefined) {
    const width = shape.at(-1)!;
    tests.push((position) => position % width < lengths.data[Math.floor(position / width)]!);
  }
  return (position) => tests.every((test) => test(position));
}

/**
 * Checks the values of an input whose dtype and shape are known to fit: labels, lengths, and what the loss says it checks.
 * @throws LossInputError with the code, the input and the position
 */
export function checkValues(
  loss: Loss,
  input: ResolvedInput,
  tensors: Readonly<Record<string, Tensor>>,
  resolved: readonly ResolvedInput[],
  sizes: Sizes,
): void {
  const { name, spec } = input;
  const { data } = tensors[name]!;
  const report = (
    code: 'LABEL_OUT_OF_RANGE' | 'LENGTH_OUT_OF_RANGE' | 'VALUE_OUT_OF_DOMAIN',
    isLegal: (value: number) => boolean,
    range: string,
    counts: (position: number) => boolean = counted(input, tensors, resolved),
  ): void => {
    for (let position = 0; position < data.length; position++) {
      if (isLegal(data[position]!) || !counts(position)) continue;
      throw new LossInputError(
        code,
        `${name}[${indices(tensors[name]!.shape, position).join(', ')}] = ${data[position]} is not in ${range}`,
        { input: name, index: position },
      );
    }
  };
  // Nearly always all is well, which a plain loop finds out several times faster than asking for each entry.
  if (spec.below !== undefined) {
    const limit = sizeOfDim(spec.below, sizes);
    if (limit === 0 && data.length > 0)
      throw new LossInputError('SHAPE_MISMATCH', `${name} has labels, and there are no classes: ${spec.below} is 0`, {
        input: name,
      });
    if (within(data, 0, limit - 1)) return;
    const ignored = ignoredLabel(spec, loss.options);
    const isLegal = (label: number) => (label >= 0 && label < limit) || label === ignored || label === spec.allow;
    report('LABEL_OUT_OF_RANGE', isLegal, `[0, ${limit})`);
  } else if (spec.atMost !== undefined) {
    const limit = sizeOfDim(spec.atMost, sizes);
    if (within(data, 0, limit)) return;
    report(
      'LENGTH_OUT_OF_RANGE',
      (length) => length >= 0 && length <= limit,
      `[0, ${limit}]`,
      () => true,
    );
  } else if (spec.checked) {
    const { kind } = spec;
    if (kind === 'probability' ? within(data, 0, 1) : kind === 'nonNegative' && within(data, 0, Infinity)) return;
    const [isLegal, range] = domains[kind as keyof typeof domains];
    report('VALUE_OUT_OF_DOMAIN', isLegal, range);
  }
}

/** Whether every value is in [low, high]; a NaN is not. */
function within(data: Tensor['data'], low: number, high: number): boolean {
  for (let k = 0; k < data.length; k++) if (!(data[k]! >= low && data[k]! <= high)) return false;
  return true;
}

const domains = {
  probability: [(x: number) => x >= 0 && x <= 1, '[0, 1]'],
  nonNegative: [(x: number) => x >= 0, '[0, ∞]'],
  sign: [(x: number) => x === 1 || x === -1, '{-1, 1}'],
  binary: [(x: number) => x === 0 || x === 1, '{0, 1}'],
} as const;

function indices(shape: readonly number[], position: number): number[] {
  const result: number[] = [];
  for (let axis = shape.length - 1, rest = position; axis >= 0; axis--) {
    result.unshift(rest % shape[axis]!);
    rest = Math.floor(rest / shape[axis]!);
  }
  return result;
}
