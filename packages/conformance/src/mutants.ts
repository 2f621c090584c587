import {
  constant,
  type Expr,
  type FloatDType,
  findLoss,
  type LossDefinition,
  type LossResult,
  type LossTerms,
  make,
  makeLoss,
  rebuild,
  referenceBackend,
  type Tensor,
  where,
} from '@isoloss/core';
import type { CaseResult } from './result.ts';
import { runConformance } from './runner.ts';
import { type Subject, subjectOf } from './subject.ts';
import type { VectorFile } from './vectors.ts';

/** A defect that somebody has shipped, or could: the vectors must fail it. */
export interface Mutant {
  readonly name: string;
  /** What is wrong, in one line. */
  readonly defect: string;
  /** The loss whose vectors must notice. */
  readonly loss: string;
  /** In which dtypes it must die. */
  readonly dtypes: readonly FloatDType[];
  /** The broken backend, made anew. */
  subject(): Subject;
}

/** Whether the suite caught a mutant, and by what. */
export interface MutantResult {
  readonly mutant: Mutant;
  /** By dtype, the cases that killed it; a mutant without any survived there. */
  readonly killedBy: Readonly<Partial<Record<FloatDType, readonly CaseResult[]>>>;
  readonly survived: boolean;
}

/** Runs a mutant over the vectors of its loss, judged by the bound of the definition as it should be. */
export async function runMutant(mutant: Mutant, vectors: readonly VectorFile[]): Promise<MutantResult> {
  const { cells } = await runConformance({
    backends: [mutant.subject()],
    vectors,
    dtypes: mutant.dtypes,
    filters: { losses: [mutant.loss] },
  });
  const killedBy = Object.fromEntries(
    mutant.dtypes.map((dtype) => [
      dtype,
      cells
        .filter((cell) => cell.dtype === dtype)
        .flatMap((cell) => cell.cases)
        .filter(({ outcome }) => outcome === 'fail'),
    ]),
  );
  return { mutant, killedBy, survived: mutant.dtypes.some((dtype) => killedBy[dtype]?.length === 0) };
}

const both = ['float32', 'float64'] as const;
type Inputs = Readonly<Record<string, Expr>>;
type Options = Readonly<Record<string, unknown>>;

/** A loss of the catalogue with something about its definition changed, run on the reference. */
function redefined(
  name: string,
  loss: string,
  defect: string,
  change: (definition: LossDefinition) => Partial<LossDefinition>,
  dtypes: readonly FloatDType[] = both,
): Mutant {
  const lossOf = (id: string, options: Options) => {
    const definition = findLoss(id);
    return makeLoss(id === loss ? { ...definition, ...change(definition) } : definition, options);
  };
  return {
    name,
    defect,
    loss,
    dtypes,
    subject: () => ({ ...subjectOf(referenceBackend(), lossOf), id: `mutant ${name}` }),
  };
}

/** A changed formula; `undefined` where the right one applies. */
const reformulated = (
  name: string,
  loss: string,
  defect: string,
  formula: (inputs: Inputs, options: Options, right: LossTerms) => Expr | LossTerms,
): Mutant =>
  redefined(name, loss, defect, (definition) => ({
    formula: (inputs, options) => {
      const result = formula(inputs as Inputs, options, definition.formula(inputs, options));
      return 'values' in result ? result : { values: result };
    },
  }));

/** The right result, spoilt afterwards. */
const spoilt = (name: string, loss: string, defect: string, spoil: (result: LossResult) => LossResult): Mutant => ({
  name,
  defect,
  loss,
  dtypes: both,
  subject() {
    const subject = subjectOf(referenceBackend());
    return {
      ...subject,
      id: `mutant ${name}`,
      run: async (request) => spoil((await subject.run(request)) as LossResult),
    };
  },
});

const mapTensor = (tensor: Tensor, fn: (x: number) => number): Tensor => ({
  ...tensor,
  data: (tensor.data as Float64Array).map(fn),
});
const mapValues = <T>(record: Readonly<Record<string, T>>, fn: (value: T) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, fn(value)]));

const classAxis = (options: Options, x: Expr): number => {
  const axis = options.classAxis as number;
  return x.rank === 1 ? 0 : axis < 0 ? axis + x.rank : axis;
};
const hasLabels = ({ target }: Inputs): boolean => target!.type.dtype === 'int';
const plainLabels = ({ target, weight }: Inputs, { ignoreIndex, labelSmoothing, fromLogits }: Options): boolean =>
  target!.type.dtype === 'int' &&
  weight === undefined &&
  fromLogits === true &&
  labelSmoothing === 0 &&
  ignoreIndex === -100;
const safeLabels = (target: Expr): Expr => where(target.lt(0), constant(0, 'int'), target);

/** Broken losses and backends, all of which the suite must fail. */
export const mutants: readonly Mutant[] = [
  spoilt('gradient sign', 'mse', 'gradients have the wrong sign', ({ value, gradients }) => ({
    value,
    gradients: mapValues(gradients, (tensor) => mapTensor(tensor, (x) => -x)),
  })),
  spoilt(
    'lost precision',
    'bceWithLogits',
    'everything is off by 1e-5, as in half precision',
    ({ value, gradients }) => ({
      value: mapTensor(value, (x) => x * (1 + 1e-5)),
      gradients: mapValues(gradients, (tensor) => mapTensor(tensor, (x) => x * (1 + 1e-5))),
    }),
  ),
  {
    ...spoilt('float32 inside', 'klDiv', 'a float64 result that was computed in float32', ({ value, gradients }) => ({
      value: mapTensor(value, Math.fround),
      gradients: mapValues(gradients, (tensor) => mapTensor(tensor, Math.fround)),
    })),
    dtypes: ['float64'],
  },
  spoilt('NaN to 0', 'l1', 'NaN and ∞ are replaced by numbers', ({ value, gradients }) => ({
    value: mapTensor(value, (x) => (Number.isFinite(x) ? x : 0)),
    gradients,
  })),

  reformulated('slope of abs at 0', 'l1', 'abs′(0) = 1', ({ input, target }) => {
    const error = input!.sub(target!);
    return where(error.lt(0), error.neg(), error);
  }),
  redefined('mean over the count', 'l1', 'the weighted mean divides by the count', ({ inputs }) => ({
    inputs: { ...inputs, weight: { ...inputs.weight!, meanOver: 'count' } },
  })),
  reformulated('mean over the batch', 'mse', 'the mean divides by the first size only', ({ input }, _, right) =>
    input!.rank === 0 ? right : { ...right, normalizer: input!.count(0) },
  ),
  reformulated('no −delta/2', 'huber', 'the linear part is delta·|e|', ({ input, target }, options) => {
    const error = input!.sub(target!).abs();
    const delta = options.delta as number;
    const small = error.le(delta);
    return where(small, where(small, error, 0).square().mul(0.5), error.mul(delta));
  }),
  reformulated('huber for smoothL1', 'smoothL1', 'beta scales the loss, as in huber', (_, { beta }, right) =>
    beta === 0 ? right : right.values.mul(beta as number),
  ),

  reformulated('clipped probabilities', 'bce', 'p is clipped to [1e-7, 1 − 1e-7], as in keras', ({ input, target }) => {
    const p = input!.clip(1e-7, 1 - 1e-7);
    return target!
      .mul(p.log())
      .add(constant(1).sub(target!).mul(constant(1).sub(p).log()))
      .neg();
  }),
  reformulated('clamped gradient', 'bce', 'the clamp of the logarithm is differentiated', ({ input, target }) =>
    target!
      .mul(input!.log().maximum(-100))
      .add(constant(1).sub(target!).mul(constant(1).sub(input!).log().maximum(-100)))
      .neg(),
  ),
  reformulated(
    'posWeight on negatives',
    'bceWithLogits',
    'posWeight multiplies the other term',
    ({ input, target, posWeight }, _, right) =>
      posWeight === undefined
        ? right
        : target!.mul(input!.neg().softplus()).add(constant(1).sub(target!).mul(input!.softplus()).mul(posWeight)),
  ),
  reformulated(
    'x − x·t + softplus(−x)',
    'bceWithLogits',
    'the textbook form, which cancels',
    ({ input, target, posWeight }, { labelSmoothing }, right) =>
      posWeight !== undefined || labelSmoothing !== 0
        ? right
        : input!.sub(input!.mul(target!)).add(input!.neg().softplus()),
  ),
  reformulated(
    'focal from probabilities',
    'sigmoidFocal',
    'log σ(x) in two steps saturates',
    ({ input, target, normalizer }, { alpha, gamma }, right) => {
      if (alpha !== 0.25 || gamma !== 2 || normalizer !== undefined) return right;
      const [p, t] = [input!.sigmoid(), target!];
      const not = (x: Expr) => constant(1).sub(x);
      const bce = t
        .mul(p.log())
        .add(not(t).mul(not(p).log()))
        .neg();
      const wrong = not(p.mul(t).add(not(p).mul(not(t))));
      return bce.mul(wrong.square()).mul(t.mul(0.25).add(not(t).mul(0.75)));
    },
  ),

  reformulated('no maximum shift', 'crossEntropy', 'log Σexp(x) overflows', (inputs, options, right) => {
    const { input, target } = inputs;
    if (!plainLabels(inputs, options)) return right;
    const axis = classAxis(options, input!);
    const logP = input!.sub(input!.exp().sum(axis, true).log());
    return { ...right, values: where(target!.lt(0), 0, logP.pick(safeLabels(target!), axis).neg()) };
  }),
  reformulated('logSumExp − x', 'crossEntropy', 'a confident row loses all its digits', (inputs, options, right) => {
    const { input, target } = inputs;
    if (!plainLabels(inputs, options)) return right;
    const axis = classAxis(options, input!);
    const values = input!.logSumExp(axis).sub(input!.pick(safeLabels(target!), axis));
    return { ...right, values: where(target!.lt(0), 0, values) };
  }),
  reformulated(
    'wrong label gradient',
    'crossEntropy',
    'the gradient by soft labels is softmax − labels, as in tfjs',
    (inputs, options, right) => {
      const { input, target } = inputs;
      if (hasLabels(inputs)) return right;
      const axis = classAxis(options, input!);
      const slope = input!.softmax(axis).sub(target!).stopGradient();
      const frozen = findLoss('crossEntropy').formula({ ...inputs, target: target!.stopGradient() }, options).values;
      return frozen.add(target!.sub(target!.stopGradient()).mul(slope).sum(axis));
    },
  ),
  reformulated(
    'ignored rows counted',
    'crossEntropy',
    'the mean divides by ignored rows as well',
    ({ weight }, _, right) => (weight === undefined ? { values: right.values } : right),
  ),
  reformulated(
    'ignored rows times 0',
    'crossEntropy',
    'an ignored row is multiplied by 0, and its NaN shows',
    (inputs, options, right) => {
      const { input, target } = inputs;
      if (
        !hasLabels(inputs) ||
        inputs.weight !== undefined ||
        options.labelSmoothing !== 0 ||
        options.fromLogits !== true
      )
        return right;
      const axis = classAxis(options, input!);
      const ignored = target!.eq((options.ignoreIndex as number | null) ?? -1);
      const labels = where(ignored, constant(0, 'int'), target!);
      const values = input!.logSoftmax(axis).pick(labels, axis).neg();
      return { ...right, values: values.mul(ignored.not().toFloat()) };
    },
  ),
  reformulated(
    'smoothing over K − 1',
    'crossEntropy',
    'label smoothing gives s/(K−1) to the others',
    (inputs, options, right) => {
      const s = options.labelSmoothing as number;
      const { input, target, weight } = inputs;
      if (s === 0 || weight !== undefined || !hasLabels(inputs) || options.fromLogits !== true) return right;
      const axis = classAxis(options, input!);
      const logP = input!.logSoftmax(axis);
      const own = logP.pick(safeLabels(target!), axis);
      const others = logP.sum(axis).sub(own);
      const values = own
        .mul(1 - s)
        .add(others.mul(constant(s).div(input!.count(axis).sub(1))))
        .neg();
      return { ...right, values: where(target!.lt(0), 0, values) };
    },
  ),
  reformulated('labels from 1', 'nll', 'labels are counted from 1', ({ input, target }, options, right) => {
    const axis = classAxis(options, input!);
    const shifted = safeLabels(target!.sub(1));
    return { ...right, values: where(target!.lt(0), 0, input!.pick(shifted, axis).neg()) };
  }),
  redefined('class axis off by one', 'nll', 'a negative class axis is counted from the wrong end', (definition) => ({
    formula: (inputs, options) => {
      const { input } = inputs as Inputs;
      const axis = classAxis(options, input!);
      if (input!.rank < 3 || axis === input!.rank - 1) return definition.formula(inputs, options);
      // Reads the neighbouring axis backwards: what an index taken one axis too far does.
      return definition.formula({ ...inputs, input: input!.reverse(axis + 1) }, options);
    },
  })),

  redefined('batchmean as mean', 'klDiv', 'batchmean divides by all elements', (definition) => ({
    formula: (inputs, options) => {
      const right = definition.formula(inputs, options);
      if (options.reduction !== 'batchmean' || right.values.rank < 2) return right;
      return { values: right.values.div(right.values.count()).mul(right.values.count(0)) };
    },
  })),
  reformulated('0·log 0', 'klDiv', 'a target of 0 gives NaN', ({ input, target }, { logInput, logTarget }, right) =>
    logTarget || !logInput ? right : target!.mul(target!.log().sub(input!)),
  ),
  reformulated('slope of relu at 0', 'tripletMargin', 'relu′(0) = 1', (inputs, options) => {
    const right = findLoss('tripletMargin').formula(inputs, options).values;
    const before = right.inputs[0]!;
    return where(before.lt(0), 0, before);
  }),
  reformulated(
    'ties not shared',
    'tripletMargin',
    'with swap, the first of two equal distances takes the whole gradient',
    (_, __, right) => {
      const [values] = rebuild([right.values], (node, inputs) =>
        node.op === 'minimum'
          ? where(inputs[1]!.lt(inputs[0]!), inputs[1]!, inputs[0]!)
          : (make(node.op, inputs, node.attributes as never) as Expr),
      );
      return values!;
    },
  ),
  reformulated(
    'eps under the root',
    'tripletMargin',
    'eps is added to the squares',
    ({ anchor, positive, negative }, options, right) => {
      const { p, eps, margin, swap, distance } = options as {
        p: number;
        eps: number;
        margin: number;
        swap: boolean;
        distance: string;
      };
      if (p !== 2 || swap || distance !== 'euclidean') return right;
      const d = (x: Expr, y: Expr) => x.sub(y).square().sum(-1).add(eps).sqrt();
      return d(anchor!, positive!).sub(d(anchor!, negative!)).add(margin).relu();
    },
  ),
  reformulated(
    'margin on the cosine',
    'arcFace',
    'cos θ − m (CosFace) instead of cos(θ + m)',
    ({ input, prototypes, target }, { scale, margin }, right) => {
      if (margin === 0) return right;
      const unit = (x: Expr) => x.div(x.norm(-1, 2, true).maximum(1e-12));
      const cosines = unit(input!).matmul(unit(prototypes!).transpose([1, 0]));
      const shifted = cosines.pick(target!, 1).sub(margin as number);
      const own = cosines.mul(0).add(shifted.expandDims(1));
      const others = cosines.sub(cosines.pick(target!, 1).expandDims(1));
      const logits = where(others.eq(0), own, cosines).mul(scale as number);
      return logits.logSoftmax(-1).pick(target!, -1).neg();
    },
  ),
  reformulated(
    'not sorted',
    'wasserstein1d',
    'points are compared in the order given',
    ({ input, target }, { p, normalized }, right) =>
      normalized
        ? right
        : input!
            .sub(target!.slice(-1, 0, 'n'))
            .abs()
            .pow(p as number)
            .sum(-1),
  ),
  reformulated(
    'no repeat rule',
    'ctc',
    'equal neighbours may be joined without a blank between',
    (_, { blank }, right) => {
      const outputs = [right.values, ...(right.contributions ? [right.contributions] : [])];
      const [values, contributions] = rebuild(outputs, (node, inputs) => {
        if (node.op !== 'scan') return make(node.op, inputs, node.attributes as never) as Expr;
        // The last operand says where a state may be entered from two before it.
        const states = inputs.at(-1)!.inputs[0]!.inputs[0]!;
        return make('scan', [...inputs.slice(0, -1), states.ne(blank as number)], node.attributes as never) as Expr;
      });
      return { ...right, values: values!, ...(contributions ? { contributions } : {}) };
    },
  ),
  reformulated('mean without lengths', 'ctc', 'the mean doesn’t divide by target lengths', (_, __, { values }) => ({
    values,
  })),
];
