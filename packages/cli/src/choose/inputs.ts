import {
  type Dim,
  type FloatDType,
  type InputSpec,
  type Loss,
  type LossInputs,
  type ResolvedInput,
  resolveInputs,
  type Signature,
  signatureFor,
  signatureOf,
  sizeOfDim,
  type Tensor,
} from '@isoloss/core';
import { UsageError } from '../errors.ts';

/** Shapes of inputs, by name. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/** Every required input of a loss, with its shape as a function of how far one axis is stretched. */
export interface ShapePlan {
  readonly shapes: Shapes;
  readonly signature: Signature;
  /** The named size that is stretched, and what it is in `shapes`: the batch. */
  readonly axis: { readonly name: string; readonly size: number };
  /** The shapes with another size of that axis. */
  at(size: number): Shapes;
}

/**
 * The shapes of all required inputs from those of some: names of sizes are shared, so that logits of 4096×1000 say that
 * there are 4096 labels.
 *
 * @param given by input; an empty name is the first required input
 * @throws UsageError for a size that nothing says; LossInputError for ranks and shapes that the loss does not take
 */
export function planShapes(loss: Loss, given: ReadonlyMap<string, readonly number[]>): ShapePlan {
  const { definition, options } = loss;
  const first = Object.entries(definition.inputs).find(([, spec]) => !spec.optional)![0];
  const named = new Map([...given].map(([name, shape]) => [name === '' ? first : name, shape]));
  const ranks = signatureFor(definition, new Map([...named].map(([name, { length }]) => [name, { rank: length }])));
  const inputs = resolveInputs(definition, options, ranks);
  const sizes = bind(inputs, named, definition.id);
  const axis = axisOf(inputs, named, sizes);
  const at = (size: number): Shapes => {
    const scaled = new Map(sizes).set(axis, size);
    return Object.fromEntries(
      inputs.map(({ name, type }) => [name, type.shape.map((dim) => value(dim, scaled, name, definition.id))]),
    );
  };
  const shapes = at(sizes.get(axis)!);
  for (const [name, shape] of named)
    if (shapes[name]?.join() !== shape.join())
      throw new UsageError(
        `--shape ${name}=${shape.join('x')} does not fit the others: ${name} would be ${shapes[name]?.join('x')}`,
      );
  return { shapes, signature: signatureOf(definition, shapes), axis: { name: axis, size: sizes.get(axis)! }, at };
}

const isName = (dim: Dim): dim is string => typeof dim === 'string' && !/[+*]/.test(dim);

function bind(
  inputs: readonly ResolvedInput[],
  given: ReadonlyMap<string, readonly number[]>,
  id: string,
): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { name, type } of inputs) {
    type.shape.forEach((dim, axis) => {
      const size = given.get(name)?.[axis];
      if (size === undefined || !isName(dim)) return;
      const known = sizes.get(dim);
      if (known !== undefined && known !== size)
        throw new UsageError(`--shape: ${dim} of ${id} is ${known} in one input and ${size} in ${name}`);
      sizes.set(dim, size);
    });
  }
  // `U+1`, given alone, tells U.
  for (const { name, type } of inputs)
    type.shape.forEach((dim, axis) => {
      const size = given.get(name)?.[axis];
      const match = size === undefined ? null : /^(\w+)\+(\d+)$/.exec(String(dim));
      if (match !== null && !sizes.has(match[1]!)) sizes.set(match[1]!, size! - Number(match[2]));
    });
  return sizes;
}

function value(dim: Dim, sizes: ReadonlyMap<string, number>, input: string, id: string): number {
  try {
    return sizeOfDim(dim, sizes);
  } catch {
    throw new UsageError(
      `${id} needs the size ${dim} of ${input}, which no shape given says; add --shape ${input}=<sizes>, as in --shape ${input}=32x20`,
    );
  }
}

/** The batch where there is one, else the first axis of what was given. */
function axisOf(
  inputs: readonly ResolvedInput[],
  given: ReadonlyMap<string, readonly number[]>,
  sizes: ReadonlyMap<string, number>,
): string {
  if (sizes.has('N')) return 'N';
  const dims = inputs.filter(({ name }) => given.has(name)).flatMap(({ type }) => type.shape.filter(isName));
  const axis = dims[0] ?? [...sizes.keys()][0];
  if (axis === undefined)
    throw new UsageError('--shape has no axis that could grow: give the shape of an input, as in --shape 4096x1000');
  return axis;
}

export const elementsOf = (shapes: Shapes): number =>
  Math.max(...Object.values(shapes).map((shape) => shape.reduce((product, size) => product * size, 1)));

/** Values that the loss takes, the same for every backend and every process. */
export function makeInputs(loss: Loss, shapes: Shapes, dtype: FloatDType): LossInputs {
  const { definition, options } = loss;
  const resolved = resolveInputs(definition, options, signatureOf(definition, shapes));
  const sizes = bind(resolved, new Map(Object.entries(shapes)), definition.id);
  return Object.fromEntries(
    resolved.map(({ name, spec }) => [name, tensor(name, spec, shapes[name]!, sizes, dtype)] as const),
  );
}

function tensor(
  name: string,
  spec: InputSpec,
  shape: readonly number[],
  sizes: ReadonlyMap<string, number>,
  dtype: FloatDType,
): Tensor {
  const random = randomFrom(seedOf(name));
  const length = shape.reduce((product, size) => product * size, 1);
  const whole = spec.kind === 'index' || spec.kind === 'length';
  const data = whole
    ? new Int32Array(length)
    : spec.kind === 'mask'
      ? new Uint8Array(length)
      : dtype === 'float64'
        ? new Float64Array(length)
        : new Float32Array(length);
  fill(data, spec, shape, sizes, random);
  return { dtype: whole ? 'int32' : spec.kind === 'mask' ? 'bool' : dtype, shape, data } as Tensor;
}

type Numbers = { [index: number]: number; readonly length: number };

function fill(
  data: Numbers,
  spec: InputSpec,
  shape: readonly number[],
  sizes: ReadonlyMap<string, number>,
  random: () => number,
): void {
  const classes = /\bC\b/.test(spec.shape) && shape.length > 0;
  if (spec.kind === 'logProbability' || (spec.kind === 'probability' && classes)) {
    distribution(data, shape, random, spec.kind === 'logProbability');
    return;
  }
  const draw = drawOf(spec, sizes, data.length, random);
  for (let k = 0; k < data.length; k++) data[k] = draw();
  // Corners of boxes: x1 < x2, y1 < y2.
  if (spec.kind === 'float' && /\b4$/.test(spec.shape))
    for (let k = 0; k + 3 < data.length; k += 4)
      for (const axis of [k, k + 1]) data[axis + 2] = data[axis]! + 1 + Math.abs(data[axis + 2]!);
}

/** One value of an input's kind. */
function drawOf(
  { kind, below, atMost }: InputSpec,
  sizes: ReadonlyMap<string, number>,
  length: number,
  random: () => number,
): () => number {
  switch (kind) {
    case 'index': {
      // Not 0, which is the blank of sequences. Labels without a limit tell groups of a batch apart.
      const count = below === undefined ? Math.max(2, length >> 3) : (sizes.get(below) ?? 2);
      return () => Math.min(count - 1, 1 + Math.floor((count - 1) * random()));
    }
    case 'length':
      return () => sizes.get(atMost ?? '') ?? 1;
    case 'mask':
      return () => 1;
    case 'sign':
      return () => (random() < 0.5 ? -1 : 1);
    case 'binary':
      return () => (random() < 0.5 ? 1 : 0);
    case 'nonNegative':
      return () => 0.5 + 1.5 * random();
    case 'probability':
      return () => 0.01 + 0.98 * random();
    case 'float':
    case 'logProbability':
      return () => normal(random);
  }
}

function distribution(data: Numbers, shape: readonly number[], random: () => number, logarithm: boolean): void {
  const width = Math.max(1, shape.at(-1) ?? 1);
  for (let start = 0; start < data.length; start += width) {
    let sum = 0;
    for (let k = start; k < start + width; k++) {
      data[k] = 0.02 - Math.log(1 - random());
      sum += data[k]!;
    }
    for (let k = start; k < start + width; k++) data[k] = logarithm ? Math.log(data[k]! / sum) : data[k]! / sum;
  }
}

/** The sum of four uniform numbers, near enough to normal, and quick. */
const normal = (random: () => number): number => (random() + random() + random() + random() - 2) * 1.73;

/** mulberry32: enough for values, and the same on every machine. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function seedOf(text: string): number {
  let hash = 2166136261;
  for (const character of text) hash = Math.imul(hash ^ character.codePointAt(0)!, 16777619);
  return hash >>> 0;
}
