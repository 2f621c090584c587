import {
  type BackendDescription,
  type FloatDType,
  type Loss,
  type LossInputs,
  type LossResult,
  type Tensor,
  tensorToJSON,
  toNested,
} from '@isoloss/core';
import { formatNumber, print, table } from '../output.ts';
import type { Task } from './eval-action.ts';

/** A finished evaluation. */
export interface Evaluated {
  readonly task: Task;
  readonly inputs: LossInputs;
  readonly dtype: FloatDType;
  readonly description: BackendDescription;
  readonly result: LossResult;
  readonly milliseconds: number;
}

export const lossJSON = ({ id, options }: Loss) => ({ loss: id, options });

export const resultTensors = ({ value, gradients }: LossResult) => ({
  value: tensorToJSON(value),
  gradients: Object.fromEntries(Object.entries(gradients).map(([name, tensor]) => [name, tensorToJSON(tensor)])),
});

export const resultJSON = ({ task, description, dtype, result, milliseconds }: Evaluated) => ({
  ...lossJSON(task.loss),
  backend: description.id,
  runtime: description.runtime,
  dtype,
  milliseconds: Math.round(milliseconds * 1000) / 1000,
  ...resultTensors(result),
});

/** What can be said of many numbers in few; NaN if one of them is. */
export function summary({ data }: Tensor): { min: number; max: number; norm: number; sum: number } {
  let [min, max, squares, sum] = [Infinity, -Infinity, 0, 0];
  for (const x of data) {
    min = Number.isNaN(x) || x < min ? x : min;
    max = Number.isNaN(x) || x > max ? x : max;
    squares += x * x;
    sum += x;
  }
  return {
    min: data.length > 0 ? min : Number.NaN,
    max: data.length > 0 ? max : Number.NaN,
    norm: Math.sqrt(squares),
    sum,
  };
}

/** As many numbers as are printed whole. */
const few = 12;

/** For people: what went in, the value, a summary of each gradient. */
export function printResult({ task, inputs, dtype, description, result }: Evaluated, output: string | undefined): void {
  const { loss, sources } = task;
  const changed = Object.entries(loss.options).map(([name, value]) => `${name} ${String(value)}`);
  print(`${loss.id} on ${description.id} (${description.runtime}), ${dtype}; ${changed.join(', ')}\n`);
  const given = Object.entries(inputs as Readonly<Record<string, Tensor>>);
  print(
    table(
      given.map(([name, tensor]) => [`  ${name}`, tensor.dtype, shapeText(tensor), sourceText(sources[name]!)]),
    ).join('\n'),
  );
  print(`\nvalue ${describeTensor(result.value)}`);
  for (const [name, tensor] of Object.entries(result.gradients))
    print(`\ngradient for ${name} ${describeTensor(tensor)}`);
  if (output !== undefined) print(`\nwritten to ${output}`);
}

const shapeText = ({ shape }: Tensor): string => `(${shape.join(', ')})`;
const sourceText = (source: string): string => (source.length > 60 ? `${source.slice(0, 59)}…` : source);

function describeTensor(tensor: Tensor): string {
  const { dtype, data, shape } = tensor;
  const number = (value: number) => formatNumber(value, dtype);
  if (shape.length === 0) return number(data[0]!);
  if (data.length <= few) return `${shapeText(tensor)}\n  ${nestedText(toNested(tensor), dtype)}`;
  const { min, max, norm, sum } = summary(tensor);
  return [
    shapeText(tensor),
    `  min ${number(min)}  max ${number(max)}  norm ${norm.toPrecision(7)}  sum ${sum.toPrecision(7)}`,
    `  first ${Array.from(data.subarray(0, 6), number).join(', ')}, …`,
  ].join('\n');
}

const nestedText = (value: unknown, dtype: string): string =>
  Array.isArray(value)
    ? `[${value.map((entry) => nestedText(entry, dtype)).join(', ')}]`
    : formatNumber(value as number, dtype);
