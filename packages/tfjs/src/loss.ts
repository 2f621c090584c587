import {
  bindSizes,
  checkPrecondition,
  isDifferentiable,
  type Loss,
  LossInputError,
  type Program,
  type ResolvedInput,
  signatureKey,
  signatureOf,
  trace,
} from '@isoloss/core';
import { type DifferentiableGraph, differentiable } from './differentiable.ts';
import { tfDType } from './lower.ts';
import { isNative } from './native.ts';
import type { TensorFlow, TfTensor } from './tensorflow.ts';

/** Inputs of a loss as tensors, by name. One that is undefined is not given. */
export type TfInputs = Readonly<Record<string, TfTensor | undefined>>;

/** A loss as a function of tensors: in the order of the loss's inputs, or by name. */
export interface TfLoss {
  (...inputs: readonly (TfTensor | undefined)[]): TfTensor;
  (inputs: TfInputs): TfTensor;
}

/**
 * A loss as a function of tensors, differentiable with respect to each of its differentiable inputs: for `tf.grad`, `tf.grads`,
 * `tf.valueAndGrads`, `tf.variableGrads` and `optimizer.minimize`, also more than once. Its gradients are isoloss's own, so they
 * have the conventions of every other backend, not those of tfjs.
 *
 * `tf` is `@tensorflow/tfjs-core`, `@tensorflow/tfjs` or `@tensorflow/tfjs-node`. The numbers are certified on its backends cpu, wasm
 * and tensorflow; on webgl and webgpu it runs too, with what their kernels make of NaN, infinities and small differences.
 * Inputs are float32, labels and lengths int32, masks bool; shapes are those of the loss (classes on axis 1 unless `classAxis` says
 * otherwise). Only dtypes and shapes are checked, since reading values would stop a
 * device: a label out of range gives NaN, in the value and the gradient of its element.
 *
 * @example
 * const focal = tfLoss(tf, sigmoidFocal({ gamma: 2 }));
 * const gradient = tf.grad((logits) => focal(logits, targets))(logits);
 * optimizer.minimize(() => focal({ input: model.apply(x), target: targets }));
 * @throws LossInputError for a missing or unknown input, a wrong dtype, rank or shape
 */
export function tfLoss(tf: TensorFlow, loss: Loss): TfLoss {
  const names = Object.keys(loss.definition.inputs);
  const compiled = new Map<string, Compiled>();
  return (...inputs: readonly (TfTensor | TfInputs | undefined)[]): TfTensor => {
    const given = byName(loss, names, inputs);
    const shapes = Object.fromEntries([...given].map(([name, { shape }]) => [name, shape]));
    const signature = signatureOf(loss.definition, shapes);
    const native = isNative(tf);
    const key = `${signatureKey(signature)} ${native}`;
    let ready = compiled.get(key);
    if (ready === undefined) {
      ready = compile(tf, trace(loss, { signature, guard: true }), native);
      compiled.set(key, ready);
    }
    const { program, run } = ready;
    for (const input of program.inputs) checkDType(input, given.get(input.name)!);
    const sizes = bindSizes(program.inputs, shapes);
    checkPrecondition(loss, { has: (name) => given.has(name), sizes, shapes });
    return tf.tidy(() => {
      const cast = new Map(
        program.inputs.map(({ name, type }) => {
          const tensor = given.get(name)!;
          const dtype = tfDType(type.dtype);
          return [name, tensor.dtype === dtype ? tensor : tf.cast(tensor, dtype)];
        }),
      );
      return run(cast, sizes);
    });
  };
}

interface Compiled {
  readonly program: Program;
  readonly run: DifferentiableGraph;
}

function compile(tf: TensorFlow, program: Program, native: boolean): Compiled {
  const wrt = program.inputs.filter(({ spec, type }) => type.dtype === 'float' && isDifferentiable(spec));
  return {
    program,
    run: differentiable(tf, program, { wrt: wrt.map(({ name }) => name), native }),
  };
}

/** Not `instanceof`: a program may hold two copies of tfjs-core, which share their engine. */
const isTensor = (value: unknown): value is TfTensor =>
  value !== null && typeof value === 'object' && 'dataId' in value && 'shape' in value;

function byName(
  loss: Loss,
  names: readonly string[],
  inputs: readonly (TfTensor | TfInputs | undefined)[],
): ReadonlyMap<string, TfTensor> {
  const [first] = inputs;
  const named = inputs.length === 1 && first !== undefined && !isTensor(first);
  if (!named && inputs.length > names.length)
    throw new LossInputError(
      'UNKNOWN_INPUT',
      `${loss.id} takes ${names.length} inputs (${names.join(', ')}), not ${inputs.length}`,
    );
  const entries = named ? Object.entries(first) : inputs.map((tensor, k) => [names[k]!, tensor] as const);
  const given = new Map<string, TfTensor>();
  for (const [name, tensor] of entries) {
    if (tensor === undefined) continue;
    if (!isTensor(tensor))
      throw new LossInputError('BAD_TENSOR', `${name} is not a tf.Tensor; make one with tf.tensor`, { input: name });
    given.set(name, tensor);
  }
  return given;
}

function checkDType({ name, spec, type }: ResolvedInput, { dtype }: TfTensor): void {
  const wanted = tfDType(type.dtype);
  // −1 and 1, 0 and 1 are often held as integers; nothing is lost.
  const alike = (spec.kind === 'sign' && dtype === 'int32') || (spec.kind === 'binary' && dtype !== 'string');
  if (dtype !== wanted && !(wanted === 'float32' && alike))
    throw new LossInputError('BAD_DTYPE', `${name} is ${dtype}; it must be ${wanted}: tf.cast(${name}, '${wanted}')`, {
      input: name,
    });
}
