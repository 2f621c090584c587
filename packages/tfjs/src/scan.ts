import {
  type Expr,
  expand,
  type Interpreter,
  interpreter,
  make,
  type NDArray,
  type ScanBody,
  scanOutputs,
  shapeOf,
  sizeOf,
  splitScan,
} from '@isoloss/core';
import { type Plan, plan, runPlan } from './execute.ts';
import { type Step, tfDType } from './lower.ts';
import { isNative } from './native.ts';
import type { TensorFlow, TfTensor } from './tensorflow.ts';

type ScanStep = Step<'scan'>;

/**
 * Up to how many numbers in its carries a scan runs in core's interpreter, in float64, instead of as dozens of small kernels a
 * step. Only where tensors are in the memory of this process: elsewhere reading them back costs more, and some devices can't
 * at once. Measured on ctc, value and gradient, host against kernels, by numbers carried (2 cores, in use by others):
 *
 *               44 (50 steps)    488 (150)     1952 (150)     15488 (100)
 * cpu            35, 103 ms     266, 640      593, 1417      3689, 11813
 * wasm           32,  65 ms     251, 471      438,  658      2633,  4881
 * tensorflow     13,  61 ms     139, 211      189,  180      1174,   520
 *
 * Both are equally accurate: what counts is the rounding of the history between the two scans.
 */
const onHost: Readonly<Record<string, number>> = { cpu: Infinity, wasm: Infinity, tensorflow: 2048 };

/** All that a scan gives, in the order of core's `scanOutputs`. */
export function runScan(step: ScanStep): TfTensor[] {
  const carried = splitScan(step.attributes.body, step.inputs)[0].reduce((total, { size }) => total + size, 0);
  return carried <= (onHost[step.tf.getBackend()] ?? -1) ? hostScan(step) : loopScan(step);
}

const interpreters = new WeakMap<Expr<'scan'>, Interpreter>();

function hostScan({ tf, node, inputs, sizes }: ScanStep): TfTensor[] {
  let run = interpreters.get(node);
  if (run === undefined) {
    const leaves = node.inputs.map(({ type }, k) => make('input', [], { name: `operand${k}`, type }) as Expr);
    const scan = make('scan', leaves, node.attributes) as Expr;
    run = interpreter(expand(scanOutputs(scan).map((_, index) => make('output', [scan], { index }) as Expr)));
    interpreters.set(node, run);
  }
  const given = new Map(inputs.map((tensor, k) => [`operand${k}`, toArray(tensor)]));
  return run(given, sizes).map((array) => fromArray(tf, array));
}

function toArray(tensor: TfTensor): NDArray {
  const data = tensor.dataSync();
  return { shape: tensor.shape, data: data instanceof Float32Array ? Float64Array.from(data) : data };
}

function fromArray(tf: TensorFlow, { shape, data }: NDArray): TfTensor {
  const dtype = data instanceof Float64Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool';
  // A copy: what the interpreter hands out may be a view of what it was given.
  return tf.tensor(data instanceof Float64Array ? Float32Array.from(data) : data.slice(), [...shape], dtype);
}

const bodies = [false, true].map(() => new WeakMap<ScanBody, Plan>());

/** The body as kernels, once a step; the number of steps is known from the shapes. */
function loopScan({ tf, node, attributes: { body, reverse }, inputs, sizes }: ScanStep): TfTensor[] {
  const native = isNative(tf);
  const known = bodies[Number(native)]!;
  let step = known.get(body);
  if (step === undefined) {
    step = plan(expand(body.outputs), native);
    known.set(body, step);
  }
  const names = body.inputs.map((input) => (input as Expr<'input'>).attributes.name);
  const [carryNames, sliceNames, invariantNames] = splitScan(body, names);
  const [init, sequences, invariants] = splitScan(body, inputs);
  const steps = sequences[0]!.shape[0]!;
  let carries = init;
  const history: TfTensor[][] = [];
  const outputs: TfTensor[][] = [];
  for (let n = 0; n < steps; n++) {
    const t = reverse ? steps - 1 - n : n;
    const given = new Map(invariantNames.map((name, k) => [name, invariants[k]!]));
    for (const [k, name] of carryNames.entries()) given.set(name, carries[k]!);
    for (const [k, name] of sliceNames.entries()) given.set(name, entry(tf, sequences[k]!, t));
    const results = runPlan(tf, step, given, sizes);
    history[t] = carries;
    outputs[t] = results.slice(body.carries);
    carries = results.slice(0, body.carries);
  }
  const types = scanOutputs(node as Expr).slice(body.carries);
  const stacked = (rows: TfTensor[][]) => (k: number, type: (typeof types)[number]) => {
    const shape = shapeOf(type.shape, sizes);
    return sizeOf(shape) === 0 ? tf.tensor([], shape, tfDType(type.dtype)) : tf.stack(rows.map((row) => row[k]!));
  };
  return [
    ...carries,
    ...types.slice(0, body.carries).map((type, k) => stacked(history)(k, type)),
    ...types.slice(body.carries).map((type, k) => stacked(outputs)(k, type)),
  ];
}

function entry(tf: TensorFlow, x: TfTensor, t: number): TfTensor {
  const [, ...inner] = x.shape;
  if (sizeOf(inner) === 0) return tf.tensor([], inner, x.dtype);
  return tf.reshape(tf.slice(x, [t, ...inner.map(() => 0)], [1, ...inner]), inner);
}
