import {
  bindSizes,
  checkPrecondition,
  type FloatDType,
  type Loss,
  LossInputError,
  lowered,
  type Program,
  shapeOf,
  signatureKey,
  signatureOf,
  trace,
} from '@isoloss/core';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { kept } from './lower.ts';
import { programModel } from './model.ts';
import { type OrtModule, openSession, runSession, type SessionOptions } from './session.ts';

/** What a loss on ort.Tensor computes, and in which session. */
export interface OrtLossOptions {
  /** Inputs whose gradients are wanted. */
  readonly gradients?: readonly string[];
  /** Whether a tensor `upstream` of the value's shape is given: gradients of sum(value · upstream). */
  readonly upstream?: boolean;
  /** Illegal labels make their element's value and gradient NaN. Default true; false is faster and wants checked labels. */
  readonly guard?: boolean;
  /** What the session takes: execution providers, threads. */
  readonly session?: SessionOptions;
}

/** Value, and gradients by the name of the input. */
export interface OrtLossResult {
  readonly value: Tensor;
  readonly gradients: Readonly<Record<string, Tensor>>;
}

/** A loss on tensors of ONNX Runtime. */
export interface OrtLoss {
  /**
   * Computes the loss. Tensors are float32 or float64 (all alike), labels and lengths int32 or int64, masks bool.
   * @throws LossInputError if a name, dtype, rank or shape is wrong; values are not checked, see `guard`
   */
  (inputs: Readonly<Record<string, Tensor>>): Promise<OrtLossResult>;
  /** Frees the sessions. */
  release(): Promise<void>;
}

/**
 * A loss that takes and gives `ort.Tensor`s, on any package of ONNX Runtime for JavaScript. A session is made for each
 * combination of ranks and dtypes when it first comes up; it serves all sizes.
 *
 * @example
 * import * as ort from 'onnxruntime-node'; // or 'onnxruntime-web'
 * const loss = ortLoss(ort, crossEntropy(), { gradients: ['input'] });
 * const { value, gradients } = await loss({
 *   input: new ort.Tensor('float32', logits, [32, 10]),
 *   target: new ort.Tensor('int64', labels, [32]),
 * });
 */
export function ortLoss(
  ort: OrtModule,
  loss: Loss,
  { gradients = [], upstream = false, guard = true, session: sessionOptions = {} }: OrtLossOptions = {},
): OrtLoss {
  const sessions = new Map<string, { program: Program; session: Promise<InferenceSession> }>();

  const run = async (inputs: Readonly<Record<string, Tensor>>): Promise<OrtLossResult> => {
    const { upstream: given, ...rest } = inputs;
    const tensors = upstream ? rest : inputs;
    const shapes = Object.fromEntries(Object.entries(tensors).map(([name, { dims }]) => [name, dims]));
    const signature = signatureOf(loss.definition, shapes);
    const types = elementTypesOf(inputs);
    const key = `${signatureKey(signature)} ${types.float} ${types.int}`;
    let entry = sessions.get(key);
    if (entry === undefined) {
      const program = lowered(trace(loss, { signature, gradients, upstream, guard }), kept);
      checkTypes(program, inputs, types);
      const model = programModel(program, { dtype: types.float, labels: types.int });
      entry = { program, session: openSession(ort, model, sessionOptions) };
      sessions.set(key, entry);
      entry.session.catch(() => sessions.delete(key));
    }
    const { program } = entry;
    checkTypes(program, inputs, types);
    const sizes = bindSizes(
      program.inputs.filter(({ name }) => name in tensors),
      shapes,
    );
    checkPrecondition(loss, { has: (name) => name in tensors, sizes, shapes });
    if (upstream) checkUpstream(given, shapeOf(program.inputs.at(-1)!.type.shape, sizes));
    const results = await runSession(await entry.session, inputs);
    return {
      value: results.value!,
      gradients: Object.fromEntries(gradients.map((name) => [name, results[`d_${name}`]!])),
    };
  };
  return Object.assign(run, {
    async release() {
      const open = [...sessions.values()];
      sessions.clear();
      await Promise.all(open.map(async ({ session }) => (await session).release()));
    },
  });
}

interface ElementTypes {
  readonly float: FloatDType;
  readonly int: 'int32' | 'int64';
}

/** What the tensors at hand are: the model is made for that. */
function elementTypesOf(inputs: Readonly<Record<string, Tensor>>): ElementTypes {
  const types = new Set(Object.values(inputs).map(({ type }) => type));
  return { float: types.has('float64') ? 'float64' : 'float32', int: types.has('int32') ? 'int32' : 'int64' };
}

function checkTypes(program: Program, inputs: Readonly<Record<string, Tensor>>, { float, int }: ElementTypes): void {
  for (const { name, type } of program.inputs) {
    const given = inputs[name]?.type;
    const wanted = { float, int, bool: 'bool' }[type.dtype];
    if (given === undefined || given === wanted) continue;
    const legal = { float: 'float32 or float64', int: 'int32 or int64', bool: 'bool' }[type.dtype];
    throw new LossInputError('BAD_DTYPE', `${name} is ${given}; it must be ${legal}, here ${wanted} like the others`, {
      input: name,
    });
  }
}

function checkUpstream(given: Tensor | undefined, shape: readonly number[]): void {
  if (given === undefined)
    throw new LossInputError('MISSING_INPUT', 'made with upstream, and upstream is not given', { input: 'upstream' });
  if (given.dims.join() !== shape.join())
    throw new LossInputError(
      'SHAPE_MISMATCH',
      `upstream has shape [${given.dims.join(', ')}] where the value has [${shape.join(', ')}]`,
      { input: 'upstream' },
    );
}
