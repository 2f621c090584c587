import { TraceError } from '../errors.ts';
import type { Dim } from '../graph/dim.ts';
import { type Expr, make, zeros } from '../graph/expr.ts';
import { backpropagate } from '../graph/gradient.ts';
import { formatType, sameShape, type TensorType } from '../graph/type.ts';
import type { Rule, ScanBody } from './attributes.ts';

const withTime = (type: TensorType, steps: Dim): TensorType => ({ dtype: type.dtype, shape: [steps, ...type.shape] });
const withoutTime = (type: TensorType): TensorType => ({ dtype: type.dtype, shape: type.shape.slice(1) });

/**
 * What a scan gives, in order: the final carries, the carries as they came into each step (the history, which its
 * derivative reads), and what each step gave out. Entry t of a history or output belongs to entry t of the sequences,
 * also when the scan runs in reverse.
 */
export function scanOutputs(node: Expr): TensorType[] {
  const { body } = (node as Expr<'scan'>).attributes;
  const steps = node.inputs[body.carries]!.shape[0]!;
  const carries = body.outputs.slice(0, body.carries).map((output) => output.type);
  const outputs = body.outputs.slice(body.carries).map((output) => withTime(output.type, steps));
  return [...carries, ...carries.map((type) => withTime(type, steps)), ...outputs];
}

/** What {@link scan} runs over. */
export interface ScanArguments {
  /** The carries before the first step. */
  init: readonly Expr[];
  /** Values with time as their first axis; each step sees one entry. At least one. */
  sequences: readonly Expr[];
  /** Values that every step sees whole. The body may use nothing else from outside. */
  invariants?: readonly Expr[];
  reverse?: boolean;
}

/** One step: the next carries, and what it gives out, from carries, one slice of each sequence, and the invariants. */
export type ScanStep = (
  carries: Expr[],
  slices: Expr[],
  invariants: Expr[],
) => { carries: readonly Expr[]; outputs?: readonly Expr[] };

/** Runs `step` along the first axis of the sequences, handing each step's carries to the next. */
export function scan(
  { init, sequences, invariants = [], reverse = false }: ScanArguments,
  step: ScanStep,
): { carries: Expr[]; outputs: Expr[] } {
  const argument = (kind: string) => (type: TensorType, k: number) => make('input', [], { name: `${kind}${k}`, type });
  const carryInputs = init.map((x) => x.type).map(argument('carry'));
  const slices = sequences.map((x) => withoutTime(x.type)).map(argument('slice'));
  const constants = invariants.map((x) => x.type).map(argument('invariant'));
  const result = step(carryInputs, slices, constants);
  const body = {
    inputs: [...carryInputs, ...slices, ...constants],
    outputs: [...result.carries, ...(result.outputs ?? [])],
    carries: init.length,
    sequences: sequences.length,
  };
  const node = make('scan', [...init, ...sequences, ...invariants], { body, reverse });
  const output = (index: number) => make('output', [node], { index });
  return {
    carries: init.map((_, k) => output(k)),
    outputs: (result.outputs ?? []).map((_, k) => output(2 * init.length + k)),
  };
}

/** The type is that of the first output; each output's own is on its `output` node. */
export const scanRule: Rule<'scan'> = {
  infer: (inputs, { body }) => {
    if (body.sequences === 0) throw new TraceError('scan needs at least one sequence');
    body.outputs.slice(0, body.carries).forEach((next, k) => {
      if (next.type.dtype !== inputs[k]!.dtype || !sameShape(next.shape, inputs[k]!.shape))
        throw new TraceError(
          `scan: carry ${k} goes in as ${formatType(inputs[k]!)} and comes out as ${formatType(next.type)}`,
        );
    });
    return inputs[0] ?? body.outputs[0]!.type;
  },
  evaluate: () => {
    throw new Error('the interpreter runs scan itself');
  },
  derivative: () => {
    throw new Error('a scan has a cotangent for each output: see scanDerivative');
  },
};

export const outputRule: Rule<'output'> = {
  infer: (_, { index }, [node]) => scanOutputs(node!)[index]!,
  evaluate: () => {
    throw new Error('the interpreter runs scan itself');
  },
  derivative: () => {
    throw new Error('the cotangents of outputs are collected by their scan');
  },
};

const isFloat = (x: Expr): boolean => x.type.dtype === 'float';

/**
 * One scan in the other direction over the history of carries: its body is the gradient of the forward body, its carries
 * are the cotangents of the forward carries and the running sums of the invariants' cotangents.
 */
export function scanDerivative(node: Expr<'scan'>, cotangents: readonly (Expr | undefined)[]): (Expr | null)[] {
  const { body, reverse } = node.attributes;
  const types = scanOutputs(node as Expr);
  const n = body.carries;
  const [carries, slices, invariants] = split(body, body.inputs);
  const taken = new Set(body.inputs.map((x) => (x as Expr<'input'>).attributes.name));
  const fresh = (base: string, type: TensorType): Expr => {
    let name = base;
    while (taken.has(name)) name += "'";
    taken.add(name);
    return make('input', [], { name, type });
  };

  const floatCarries = carries.filter(isFloat);
  const floatInvariants = invariants.filter(isFloat);
  const carryCotangents = floatCarries.map((x, k) => fresh(`dcarry${k}`, x.type));
  const sums = floatInvariants.map((x, k) => fresh(`dinvariant${k}`, x.type));
  const history = carries.map((_, k) => make('output', [node as Expr], { index: n + k }));
  const given = cotangents.flatMap((cotangent, index) =>
    index >= n && cotangent !== undefined ? [{ cotangent, index }] : [],
  );
  const givenSlices = given.map(({ cotangent }, k) => fresh(`doutput${k}`, withoutTime(cotangent.type)));

  // The step's outputs with their cotangents, and what flows straight into the incoming carry through the history.
  const roots: [Expr, Expr][] = floatCarries.map((x, k) => [body.outputs[carries.indexOf(x)]!, carryCotangents[k]!]);
  given.forEach(({ index }, k) => {
    roots.push([index < 2 * n ? carries[index - n]! : body.outputs[index - n]!, givenSlices[k]!]);
  });
  const floatSlices = slices.filter(isFloat);
  const found = backpropagate(roots, [...floatCarries, ...floatInvariants, ...floatSlices]);
  const contribution = (x: Expr) => found.get(x) ?? zeros(x.type);

  const backward: ScanBody = {
    inputs: [...carryCotangents, ...sums, ...carries, ...slices, ...givenSlices, ...invariants],
    outputs: [
      ...floatCarries.map(contribution),
      ...floatInvariants.map((x, k) => sums[k]!.add(contribution(x))),
      ...floatSlices.map(contribution),
    ],
    carries: carryCotangents.length + sums.length,
    sequences: carries.length + slices.length + givenSlices.length,
  };
  const [, sequenceValues, invariantValues] = split(body, node.inputs);
  const back = make(
    'scan',
    [
      ...floatCarries.map((x) => cotangents[carries.indexOf(x)] ?? zeros(types[carries.indexOf(x)]!)),
      ...floatInvariants.map((x) => zeros(x.type)),
      ...history,
      ...sequenceValues,
      ...given.map(({ cotangent }) => cotangent),
      ...invariantValues,
    ],
    { body: backward, reverse: !reverse },
  );

  const output = (index: number) => make('output', [back as Expr], { index });
  const at = (list: Expr[], x: Expr, offset: number) => (isFloat(x) ? output(offset + list.indexOf(x)) : null);
  return [
    ...carries.map((x) => at(floatCarries, x, 0)),
    ...slices.map((x) => at(floatSlices, x, 2 * backward.carries)),
    ...invariants.map((x) => at(floatInvariants, x, floatCarries.length)),
  ];
}

/** Carries, sequences and invariants, out of a list in that order. */
export function split<T>(body: ScanBody, values: readonly T[]): [carries: T[], sequences: T[], invariants: T[]] {
  const end = body.carries + body.sequences;
  return [values.slice(0, body.carries), values.slice(body.carries, end), values.slice(end)];
}
