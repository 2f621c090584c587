import { LossInputError, UnsupportedError } from './errors.ts';
import { type Sizes, shapeOf } from './graph/dim.ts';
import { type CheckedInputs, checkInputs, type LossInputs } from './loss/check.ts';
import type { Loss } from './loss/define.ts';
import { type Signature, signatureKey } from './loss/shapes.ts';
import { lowered, type Program, trace } from './loss/trace.ts';
import type { Op } from './ops/attributes.ts';
import { type FloatDType, type Tensor, type TensorLike, toTensor } from './tensor.ts';

export type { FloatDType } from './tensor.ts';

/** What a backend is, where it runs, and whether it can. */
export interface BackendDescription {
  readonly id: string;
  readonly language: string;
  readonly version: string;
  /** The runtime and its version: `onnxruntime 1.30.0`. */
  readonly runtime: string;
  readonly dtypes: readonly FloatDType[];
  readonly device: string;
  /** Largest error of elementary functions in ULP, by operation; the class `native` (exp 2, log 4) where left out. */
  readonly accuracy?: Readonly<Record<string, number>>;
  readonly available: boolean;
  /** If not available: why, in one line. */
  readonly reason?: string;
  /** If not available: what to do about it, in one line. */
  readonly remedy?: string;
  /** What a user should know: which losses run on the host, say. */
  readonly notes?: readonly string[];
}

/** What a backend compiles a loss for. */
export interface CompileRequest {
  readonly dtype: FloatDType;
  /** Ranks of the inputs that will be given; of actual tensors: `checkInputs(loss, inputs).signature`. */
  readonly signature: Signature;
  readonly gradients?: readonly string[];
  /** Whether an input `upstream` of the value's shape is given: gradients of sum(value · upstream). */
  readonly upstream?: boolean;
}

/** What a run gives: the value, and gradients by the name of the input. */
export interface LossResult {
  readonly value: Tensor;
  readonly gradients: Readonly<Record<string, Tensor>>;
}

/** A loss made ready for one combination of ranks, dtype and gradients; sizes may change from run to run. */
export interface CompiledLoss {
  /** @throws LossInputError if an input is bad; nothing is computed then. */
  run(inputs: LossInputs): Promise<LossResult>;
  /** Gives back what it keeps. */
  dispose(): void;
}

/** Where losses run. Every backend gives the same numbers and the same errors. */
export interface Backend {
  readonly id: string;
  /** Versions, dtypes, device; whether it works here and, if not, why and what to do. */
  describe(): Promise<BackendDescription>;
  /** @throws UnsupportedError for what this backend can't do; LossInputError for what no backend can. */
  compile(loss: Loss, request: CompileRequest): Promise<CompiledLoss>;
  /** Gives back what it keeps: sessions, memory, threads. */
  dispose(): Promise<void>;
}

/** A program made ready by a backend: checked tensors in, tensors out. */
export interface Executable {
  /** Computes from tensors that are checked; `sizes` are what the named sizes are in this run. */
  run(tensors: Readonly<Record<string, Tensor>>, sizes: Sizes): Promise<LossResult> | LossResult;
  /** Gives back what it keeps. */
  dispose?(): void;
}

/** What {@link defineBackend} makes a backend of. */
export interface BackendRecipe {
  readonly id: string;
  /** As `describe` of the backend. */
  describe(): Promise<BackendDescription> | BackendDescription;
  /** Stable operations that the backend lowers itself instead of taking their bodies. */
  readonly keep?: ReadonlySet<Op>;
  /** Makes a program of primitives ready to run. */
  load(program: Program, dtype: FloatDType): Promise<Executable> | Executable;
  /** Gives back what the backend keeps. */
  dispose?(): Promise<void> | void;
}

/** A backend from what is its own: tracing, checking and matching inputs are the same for all. */
export function defineBackend(recipe: BackendRecipe): Backend {
  return {
    id: recipe.id,
    describe: async () => recipe.describe(),
    dispose: async () => recipe.dispose?.(),
    async compile(loss, { dtype, signature, gradients = [], upstream = false }) {
      const description = await recipe.describe();
      if (!description.available)
        throw new UnsupportedError(
          `${recipe.id} is not available: ${description.reason}. ${description.remedy ?? ''}`.trim(),
        );
      if (!description.dtypes.includes(dtype)) throw new UnsupportedError(`${description.runtime} has no ${dtype}`);
      const program = lowered(trace(loss, { signature, gradients, upstream }), recipe.keep);
      const executable = await recipe.load(program, dtype);
      const key = signatureKey(signature);
      return {
        async run(inputs) {
          const { upstream: given, ...rest } = inputs;
          const checked = checkInputs(loss, upstream ? rest : inputs, dtype);
          if (signatureKey(checked.signature) !== key)
            throw new UnsupportedError(
              `compiled for inputs ${key}, given ${signatureKey(checked.signature)}; compile for each combination of ranks`,
            );
          return executable.run(
            upstream ? withUpstream(program, checked, given, dtype) : checked.tensors,
            checked.sizes,
          );
        },
        dispose: () => executable.dispose?.(),
      };
    },
  };
}

function withUpstream(
  program: Program,
  { tensors, sizes }: CheckedInputs,
  given: TensorLike | undefined,
  dtype: FloatDType,
): Record<string, Tensor> {
  if (given === undefined)
    throw new LossInputError('MISSING_INPUT', 'compiled with upstream, and upstream is not given', {
      input: 'upstream',
    });
  const upstream = toTensor(given, dtype, 'upstream');
  const shape = shapeOf(program.inputs.at(-1)!.type.shape, sizes);
  if (upstream.shape.join() !== shape.join()) {
    throw new LossInputError(
      'SHAPE_MISMATCH',
      `upstream has shape [${upstream.shape.join(', ')}] where the value has [${shape.join(', ')}]`,
      { input: 'upstream' },
    );
  }
  return { ...tensors, upstream };
}

/** Runs losses on a backend, compiling each combination of loss, ranks, gradients and dtype once. */
export function createRunner(backend: Backend): {
  run(
    loss: Loss,
    inputs: LossInputs,
    request: { dtype: FloatDType; gradients?: readonly string[] },
  ): Promise<LossResult>;
  dispose(): void;
} {
  const compiled = new Map<string, Promise<CompiledLoss>>();
  return {
    async run(loss, inputs, { dtype, gradients = [] }) {
      const { signature } = checkInputs(loss, inputs, dtype);
      const key = [loss.key, signatureKey(signature), gradients.join(), dtype].join('|');
      let ready = compiled.get(key);
      if (ready === undefined) {
        ready = backend.compile(loss, { dtype, signature, gradients });
        compiled.set(key, ready);
        ready.catch(() => compiled.delete(key));
      }
      return (await ready).run(inputs);
    },
    dispose() {
      for (const entry of compiled.values())
        entry.then(
          (loss) => loss.dispose(),
          () => {},
        );
      compiled.clear();
    },
  };
}
