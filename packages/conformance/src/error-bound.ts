import {
  checkInputs,
  type Expr,
  type FloatDType,
  isOp,
  type Loss,
  type LossInputs,
  outputsOf,
  type Program,
  type ScanBody,
  type Sizes,
  shapeOf,
  signatureKey,
  sizeOf,
  splitScan,
  type Tensor,
  topological,
  trace,
} from '@isoloss/core';
import type { BoundContext, Bounded, Ties } from './bounds/bounded.ts';
import { type Accuracy, errorRules, relativeError } from './error-rules.ts';
import { type FloatFormat, formats } from './float.ts';

/** How far a correct backend may be from the exact result, for each element. */
export interface OutputBound {
  readonly shape: readonly number[];
  /** The definition's value in float64: a centre, not the expectation, which is the vector's. */
  readonly value: Float64Array;
  /** Largest error that rounding can make; ∞ where it may leave the format's range (indeterminate). */
  readonly bound: Float64Array;
  /** The largest finite magnitude that occurs on the way to this output. */
  readonly scale: number;
}

/** A bound for every number that a loss gives. */
export interface LossBounds {
  readonly value: OutputBound;
  readonly gradients: Readonly<Record<string, OutputBound>>;
}

/** What bounds are derived for. */
export interface BoundRequest {
  readonly dtype: FloatDType;
  /** ULP by operation, as the backend states; class `native` where left out. */
  readonly accuracy?: Accuracy | undefined;
}

/** Groups of near-ties that are tried; more than this in one sort are no sensible vector. */
const maximumTurns = 64;

/**
 * A worst-case bound of the rounding error of a program, for each element of its value and gradients: the program as it
 * is registered, unsimplified, evaluated once more with an interval around every number.
 */
export function errorBound(
  program: Program,
  tensors: Readonly<Record<string, Tensor>>,
  sizes: Sizes,
  { dtype, accuracy }: BoundRequest,
): LossBounds {
  const format = formats[dtype];
  const inputs = new Map(
    program.inputs.map(({ name, type }): [string, Bounded] => {
      const { shape, data } = tensors[name]!;
      return [name, { shape, data: type.dtype === 'float' ? Float64Array.from(data) : (data as Int32Array) }];
    }),
  );
  const outputs = outputsOf(program);
  const run = (turned: number) => {
    const ties: Ties = { found: 0, turned };
    const evaluation = evaluator(sizes, format, accuracy, ties);
    return { ties, evaluation, results: evaluation.run(outputs, inputs) };
  };
  const { ties, evaluation, results } = run(-1);
  const bounds = results.map((result) => {
    const { up, down } = result;
    return Float64Array.from(result.data, (_, k) => (up === undefined ? 0 : Math.max(up[k]!, down![k]!)));
  });
  // To first order, several near-ties cost what each costs alone.
  for (let turned = 0; turned < Math.min(ties.found, maximumTurns); turned++)
    run(turned).results.forEach((other, n) => {
      const result = results[n]!;
      bounds[n]!.forEach((_, k) => {
        const moved = other.data[k] === result.data[k] ? 0 : Math.abs(other.data[k]! - result.data[k]!);
        const wider = Math.max(0, Math.max(other.up?.[k] ?? 0, other.down?.[k] ?? 0) - bounds[n]![k]!);
        bounds[n]![k]! += moved + wider;
      });
    });
  const described = outputs.map(
    (output, n): OutputBound => ({
      shape: results[n]!.shape,
      value: results[n]!.data as Float64Array,
      bound: bounds[n]!,
      scale: evaluation.scaleOf(output),
    }),
  );
  const names = Object.keys(program.gradients);
  return {
    value: described[0]!,
    gradients: Object.fromEntries(names.map((name, k) => [name, described[k + 1]!])),
  };
}

interface Evaluator {
  run(outputs: readonly Expr[], inputs: ReadonlyMap<string, Bounded>): Bounded[];
  scaleOf(output: Expr): number;
}

function evaluator(sizes: Sizes, format: FloatFormat, accuracy: Accuracy | undefined, ties: Ties): Evaluator {
  const rounding = (op: Expr['op']) => relativeError(op, accuracy, format);
  let outermost: Map<Expr, Bounded> | undefined;
  return { run: (outputs, inputs) => evaluate(outputs, inputs, sizes), scaleOf };

  function evaluate(outputs: readonly Expr[], inputs: ReadonlyMap<string, Bounded>, named: Sizes): Bounded[] {
    const values = new Map<Expr, Bounded>();
    outermost ??= values;
    const scans = new Map<Expr, Bounded[]>();
    for (const node of order(outputs)) {
      if (isOp(node, 'input')) values.set(node, inputs.get(node.attributes.name)!);
      else if (isOp(node, 'scan'))
        scans.set(
          node,
          runScan(
            node.attributes,
            node.inputs.map((input) => values.get(input)!),
            named,
          ),
        );
      else if (isOp(node, 'output')) values.set(node, scans.get(node.inputs[0]!)![node.attributes.index]!);
      else {
        const context: BoundContext = {
          node,
          attributes: node.attributes,
          shape: shapeOf(node.shape, named),
          sizes: named,
          format,
          rounding,
          ties,
          // Called as a method, so that a rule can hand over sizes of its own.
          evaluate(inner, given) {
            return evaluate(inner, given, this.sizes);
          },
        };
        values.set(
          node,
          errorRules[node.op](
            node.inputs.map((input) => values.get(input)!),
            context,
          ),
        );
      }
    }
    return outputs.map((output) => values.get(output)!);
  }

  /** The reference's loop, with bounds: the history and what the steps give out carry them along. */
  function runScan(
    { body, reverse }: { body: ScanBody; reverse: boolean },
    given: readonly Bounded[],
    named: Sizes,
  ): Bounded[] {
    const [init, sequences, invariants] = splitScan(body, given);
    const names = splitScan(
      body,
      body.inputs.map((input) => (input as Expr<'input'>).attributes.name),
    );
    const steps = sequences[0]!.shape[0]!;
    const rows: Bounded[][] = Array.from({ length: steps }, () => []);
    let carries = init;
    const inputs = new Map(names[2].map((name, k) => [name, invariants[k]!]));
    for (let n = 0; n < steps; n++) {
      const t = reverse ? steps - 1 - n : n;
      for (const [k, name] of names[0].entries()) inputs.set(name, carries[k]!);
      for (const [k, name] of names[1].entries()) inputs.set(name, entry(sequences[k]!, t));
      const results = evaluate(body.outputs, inputs, named);
      rows[t] = [...carries, ...results.slice(body.carries)];
      carries = results.slice(0, body.carries);
    }
    const types = [...body.outputs.slice(0, body.carries), ...body.outputs.slice(body.carries)];
    return [
      ...carries,
      ...types.map((type, k) =>
        stacked(
          rows.map((row) => row[k]!),
          shapeOf(type.shape, named),
          type,
        ),
      ),
    ];
  }

  function scaleOf(output: Expr): number {
    let scale = 0;
    for (const node of order([output])) {
      const data = outermost!.get(node)?.data;
      if (!(data instanceof Float64Array) || node.op === 'constant') continue;
      for (const value of data) if (Number.isFinite(value)) scale = Math.max(scale, Math.abs(value));
    }
    return scale;
  }
}

const orders = new WeakMap<Expr, Map<string, Expr[]>>();
/** The topological order, remembered: the same bodies and programs are evaluated over and over. */
function order(outputs: readonly Expr[]): Expr[] {
  const first = outputs[0]!;
  const key = outputs.map((output) => output.id).join();
  const known = orders.get(first) ?? new Map<string, Expr[]>();
  orders.set(first, known);
  let found = known.get(key);
  if (found === undefined) {
    found = topological(outputs);
    known.set(key, found);
  }
  return found;
}

function entry({ shape, data, down, up, uncertain }: Bounded, t: number): Bounded {
  const inner = shape.slice(1);
  const size = sizeOf(inner);
  const part = <D extends Bounded['data']>(array: D): D => array.subarray(t * size, (t + 1) * size) as D;
  return {
    shape: inner,
    data: part(data),
    down: down && part(down),
    up: up && part(up),
    uncertain: uncertain && part(uncertain),
  };
}

function stacked(rows: readonly Bounded[], shape: readonly number[], { type }: Expr): Bounded {
  const size = sizeOf(shape);
  const total = rows.length * size;
  const join = <D extends Bounded['data']>(array: D, part: (row: Bounded) => D | undefined): D => {
    rows.forEach((row, t) => {
      const values = part(row);
      if (values !== undefined) array.set(values as never, t * size);
    });
    return array;
  };
  const some = (part: (row: Bounded) => unknown) => rows.some((row) => part(row) !== undefined);
  const data =
    type.dtype === 'float'
      ? new Float64Array(total)
      : type.dtype === 'int'
        ? new Int32Array(total)
        : new Uint8Array(total);
  return {
    shape: [rows.length, ...shape],
    data: join<Bounded['data']>(data, (row) => row.data),
    down: some((row) => row.down) ? join(new Float64Array(total), (row) => row.down) : undefined,
    up: some((row) => row.up) ? join(new Float64Array(total), (row) => row.up) : undefined,
    uncertain: some((row) => row.uncertain) ? join(new Uint8Array(total), (row) => row.uncertain) : undefined,
  };
}

const programs = new Map<string, Program>();

/** {@link errorBound} of a loss for inputs as callers give them; programs are traced once for each combination of ranks. */
export function lossBounds(
  loss: Loss,
  inputs: LossInputs,
  { gradients = [], ...request }: BoundRequest & { readonly gradients?: readonly string[] },
): LossBounds {
  const { tensors, signature, sizes } = checkInputs(loss, inputs, request.dtype);
  const key = `${loss.key} ${signatureKey(signature)} ${gradients.join()}`;
  let program = programs.get(key);
  // A loss of the caller's own may have another formula under the same name.
  if (program?.loss.definition !== loss.definition) {
    program = trace(loss, { signature, gradients });
    programs.set(key, program);
  }
  return errorBound(program, tensors, sizes, request);
}
